"""The three object types of P2 4.2.3 (G07) and the terms for shape and motion of P2 5.5 (G08), by
rule.

P2 describes the types in words: 1 strong, "multiple winding cycles", near-circular chair; 2
elongated (collapse, debris flow, bank), within "a single 2 pi cycle"; 3 small, slow, round,
"several tens to one hundred metres in diameter", also within a cycle. Cycles decide first, then the
shape, then the size; what is slow, round and larger is none of the three. Whether an object is
chair-shaped, a steep back above a level seat, is not measured.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Polygon

NONE, STRONG, ELONGATED, SMALL = 0, 1, 2, 3


@dataclass(frozen=True)
class TypeRules:
    """Limits of the object types.

    Attributes
    ----------
    strong_cycles_per_yr : float
        2 pi cycles within a year from which there are several; of Sentinel-1 two are 55 mm.
    elongation : float
        Length over width from which an object is elongated.
    small_km2 : float
        Largest area of a small object, km2. It is ours: P2's one hundred metres, 0.008 km2, lie
        below `inventory.min_area_km2` as it is by default, and its types have a similar mean area.
    """

    strong_cycles_per_yr: float = 2.0
    elongation: float = 2.5
    small_km2: float = 0.3


def elongation(polygon: Polygon) -> float:
    """Length over width of the smallest rectangle around an object.

    Parameters
    ----------
    polygon : Polygon
        Outline.

    Returns
    -------
    float
        At least 1; infinite for a rectangle without width.
    """
    width, length = _rectangle_sides(polygon)
    return length / width if width > 0 else math.inf


def object_type(row: Mapping, polygon: Polygon, rules: TypeRules | None = None) -> int:
    """Type of a landslide (P2 4.2.3).

    Parameters
    ----------
    row : mapping
        Attributes of the object.
    polygon : Polygon
        Its outline.
    rules : TypeRules, optional
        Limits of the types.

    Returns
    -------
    int
        1 several cycles; of fewer, or unknown, cycles 2 elongated, 3 small and round, 0 none of
        them.
    """
    rules = rules or TypeRules()
    if row["phase_cycles_per_yr"] >= rules.strong_cycles_per_yr:
        return STRONG
    if elongation(polygon) >= rules.elongation:
        return ELONGATED
    return SMALL if polygon.area <= rules.small_km2 * 1e6 else NONE


def shape_word(polygon: Polygon, aspect_deg: float) -> str:
    """Term for the shape of a landslide (P2 5.5).

    tongue: at least twice as long as wide, along the slope. irregular: fills less than 0.75 of its
    convex hull. rectangular: fills at least 0.85 of its smallest rectangle. The rest is rounded:
    semicircular.

    Parameters
    ----------
    polygon : Polygon
        Outline.
    aspect_deg : float
        Downslope direction, degree clockwise from north; NaN: unknown.

    Returns
    -------
    str
        semicircular, rectangular, tongue or irregular.
    """
    if polygon.area / polygon.convex_hull.area < 0.75:
        return "irregular"
    if elongation(polygon) >= 2 and _along_slope(polygon, aspect_deg):
        return "tongue"
    width, length = _rectangle_sides(polygon)
    return "rectangular" if polygon.area >= 0.85 * width * length else "semicircular"


def motion_word(head_toe_ratio: float) -> str:
    """Term for the motion of a landslide (P2 5.5).

    Parameters
    ----------
    head_toe_ratio : float
        Speed of the upper half over that of the lower half; NaN: unknown.

    Returns
    -------
    str
        thrust where the upper half moves faster (pushes), retrogressive where the toe does, uniform
        between; empty where unknown.
    """
    if not math.isfinite(head_toe_ratio):
        return ""
    if head_toe_ratio >= 1.25:
        return "thrust"
    return "retrogressive" if head_toe_ratio <= 0.8 else "uniform"


def _rectangle_sides(polygon: Polygon) -> tuple[float, float]:
    corners = np.asarray(polygon.minimum_rotated_rectangle.exterior.coords)
    sides = np.hypot(*np.diff(corners[:3], axis=0).T)
    return float(sides.min()), float(sides.max())


def _along_slope(polygon: Polygon, aspect_deg: float) -> bool:
    corners = np.asarray(polygon.minimum_rotated_rectangle.exterior.coords)
    steps = np.diff(corners[:3], axis=0)
    east, north = steps[np.argmax(np.hypot(*steps.T))]
    if not math.isfinite(aspect_deg):
        return True
    between = abs((math.degrees(math.atan2(east, north)) - aspect_deg + 90) % 180 - 90)
    return between <= 45

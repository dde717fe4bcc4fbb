"""Candidates of the frames of a track -> candidates of the track: what two frames see in their
common margin is one object, and so is an object over a seam.

A frame sees its core and a margin around it. The frame whose core holds an object answers for it;
where the object reaches too far into the margin, the views of all frames are joined. Objects are
compared with their neighbours alone, so that a further frame changes none that lies away from it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import STRtree, box, get_parts, union_all
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from sarslide.frames import Frame
from sarslide.grid import RegionGrid
from sarslide.inventory import masks
from sarslide.inventory.attributes import circular_mean_deg
from sarslide.inventory.confidence import PROBABILITY
from sarslide.inventory.fusion import LEVEL, connected, in_canonical_order
from sarslide.rates.levelling import Plane

SHARED = 0.5  # of the smaller one, of what both frames can see, from which two outlines are one object
TRUSTED = 0.5  # of the margin, counted from the core: farther out a map may feel the edge of its frame

# How a joined object has the attributes of its parts: the mean by area, the least, the most.
MEANS = (
    *("elevation_mean_m", "elevation_median_m", "slope_mean_deg"),
    *("los_rate_mean_mm_per_yr", "los_rate_std_mm_per_yr", "los_rate_p95_mm_per_yr"),
    "los_rate_mean_std_mm_per_yr",
    *("downslope_sensitivity", "head_toe_ratio", "phase_cycles_per_yr", "patch_brightness"),
    *("probability_mean", PROBABILITY, "coherence_mean", "layover_shadow_fraction", LEVEL),
)
LEAST, MOST = (
    ("elevation_min_m", "slope_min_deg", "los_rate_bound_mm_per_yr"),
    ("elevation_max_m", "slope_max_deg", "probability_max"),
)


@dataclass(frozen=True)
class View:
    """An object as one frame sees it.

    Attributes
    ----------
    frame : Frame
        The frame; its `grid` is what it sees of the region.
    row : mapping
        `tables.CANDIDATES` and geometry, perhaps `fusion.LEVEL`.
    """

    frame: Frame
    row: Mapping

    @property
    def outline(self) -> BaseGeometry:
        """Its outline, m."""
        return self.row["geometry"]

    @property
    def weight(self) -> float:
        """Area that it has in the core of its frame, m2."""
        return float(self.outline.intersection(box(*self.frame.core.bounds)).area)


def with_level(rows: Sequence[Mapping], plane: Plane, crs) -> list[dict]:
    """Candidates of a frame with what levelling adds to their rates.

    Parameters
    ----------
    rows : sequence of mapping
        `tables.CANDIDATES` and geometry.
    plane : Plane
        What levelling takes off the rates of the frame.
    crs : CRS
        That of the outlines.

    Returns
    -------
    list of dict
        The rows and `fusion.LEVEL`: the plane, which is linear, at the centroid and mean height.
    """
    levelled = []
    for row in rows:
        place = row["geometry"].centroid
        cell = RegionGrid(crs.to_epsg(), place.x - 0.5, place.y + 0.5, 1.0, 1, 1)
        level = -plane.on(cell, np.array([[row["elevation_mean_m"]]])).item()
        levelled.append(dict(row) | {LEVEL: level})
    return levelled


def join(candidates: Mapping[str, Sequence[Mapping]], frames: Sequence[Frame], rules: masks.MaskRules) -> list[dict]:
    """Objects of a track from what each of its frames sees.

    Outlines of two frames that share more than `SHARED` of the smaller one, of what lies where both
    see, are views of one object. Its frame is the one whose core holds the representative point of
    their union. The views of that frame are taken as they are, unless one reaches into the outer
    part of its margin, where the map may end; then the object is the union of what all frames see
    of it within the trusted part of theirs. Of objects that their frame does not see, views are
    taken which lie in the core of the frame that sees them. An object of a frame that is left out
    is none.

    A joined object has means of the attributes of its views by the area in the core of their
    frames, least and greatest values, area and perimeter of its outline, and the masks that follow;
    median and 95th percentile are means of those of the views.

    Parameters
    ----------
    candidates : mapping of str to sequence of mapping
        By frame, the rows of its candidates: `tables.CANDIDATES`, geometry and, where the frames
        are levelled, `fusion.LEVEL`.
    frames : sequence of Frame
        All frames of the region; `grid` of each is what it sees of the region, not beyond.
    rules : MaskRules
        Thresholds of the masks.

    Returns
    -------
    list of dict
        Rows as those given, in canonical order; those of a region of one frame unchanged.
    """
    if len(frames) == 1:
        return [dict(row) for rows in candidates.values() for row in rows]
    views = [View(frame, row) for frame in frames for row in candidates.get(frame.name, ())]
    views.sort(key=lambda view: str(view.row["candidate_id"]))
    members: dict[int, list[View]] = {}
    for view, number in zip(views, connected(len(views), _links(views)), strict=True):
        members.setdefault(number, []).append(view)
    trusted = {frame.name: _trusted(frame) for frame in frames}
    objects = [row for group in members.values() for row in _objects(group, frames, trusted, rules)]
    return in_canonical_order(objects)


def _links(views: Sequence[View]) -> list[tuple[int, int]]:
    """Pairs of views of one object."""
    if not views:
        return []
    outlines = [view.outline for view in views]
    first, second = STRtree(outlines).query(outlines, predicate="intersects")
    pairs = sorted((i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True) if i < j)
    return [(i, j) for i, j in pairs if views[i].frame != views[j].frame and _one_object(views[i], views[j])]


def _one_object(first: View, second: View) -> bool:
    common = box(*first.frame.grid.bounds).intersection(box(*second.frame.grid.bounds))
    one, other = first.outline.intersection(common), second.outline.intersection(common)
    return one.intersection(other).area > SHARED * min(one.area, other.area)


def _objects(
    views: Sequence[View], frames: Sequence[Frame], trusted: Mapping[str, BaseGeometry], rules: masks.MaskRules
) -> list[dict]:
    """What becomes of the views of one object."""
    whole = union_all([view.outline for view in views])
    owner = _holder(whole, frames)
    kept = [view for view in views if view.frame == owner] or [
        view for view in views if view.frame == _holder(view.outline, frames)
    ]
    apart = len({view.frame.name for view in kept}) > 1
    ends = any(not view.outline.within(trusted[view.frame.name]) for view in kept)
    if len(views) > 1 and kept and (apart or ends):
        seen = union_all([view.outline.intersection(trusted[view.frame.name]) for view in views])
        areas = [part for part in get_parts(seen) if part.geom_type == "Polygon"]  # no edges that touch
        return [_joined(views, union_all(areas), rules)]
    return [dict(view.row) for view in kept]


def _holder(outline: BaseGeometry, frames: Sequence[Frame]) -> Frame | None:
    """The frame whose core holds the representative point of an outline."""
    point: Point = outline.normalize().representative_point()
    return next((frame for frame in frames if _holds(frame, point)), None)


def _holds(frame: Frame, point: Point) -> bool:
    west, south, east, north = frame.core.bounds
    return west <= point.x < east and south < point.y <= north


def _trusted(frame: Frame) -> BaseGeometry:
    """The core and the inner part of the margin, whole cells; there is none along the edge of the
    region.
    """
    cell_m = frame.grid.cell_m
    edges = zip(frame.core.bounds, frame.grid.bounds, strict=True)
    return box(*(inner + cell_m * round(TRUSTED * (outer - inner) / cell_m) for inner, outer in edges))


def _joined(views: Sequence[View], whole: BaseGeometry, rules: masks.MaskRules) -> dict:
    """One object of several views."""
    weights = np.array([view.weight for view in views])
    if not weights.any():
        weights = np.array([view.outline.area for view in views])
    rows = [view.row for view in views]
    largest = rows[int(np.argmax(weights))]
    row = {
        **largest,
        **_size(whole, largest),
        **{name: _mean(rows, weights, name) for name in MEANS if name in largest},
        **{name: _over(min, rows, name) for name in LEAST},
        **{name: _over(max, rows, name) for name in MOST},
        "aspect_mean_deg": circular_mean_deg(np.array([one["aspect_mean_deg"] for one in rows]), weights),
    }
    row |= _motion(rows, row, rules.min_sensitivity)
    has_rates = masks.NOT_UNWRAPPED[0] not in largest["reasons"].split("+")
    return row | masks.apply(row, rules, has_rates, _masked_ground(rows, weights)) | {"geometry": whole}


def _size(whole: BaseGeometry, part: Mapping) -> dict[str, float]:
    """Area, perimeter and cells of an outline on the cells of a part of it."""
    area_km2, perimeter_km = whole.area / 1e6, whole.length / 1e3
    cells = round(area_km2 * part["cells"] / part["area_km2"])
    return {
        "cells": cells,
        "area_km2": area_km2,
        "perimeter_km": perimeter_km,
        "perimeter_over_area_per_km": perimeter_km / area_km2,
    }


def _motion(rows: Sequence[Mapping], joined: Mapping, min_sensitivity: float) -> dict[str, float]:
    """Maximum along the direction of the mean, and mean and bound down the slope."""
    mean, sensitivity = joined["los_rate_mean_mm_per_yr"], joined["downslope_sensitivity"]
    bound = joined["los_rate_bound_mm_per_yr"]
    sign = -1.0 if mean < 0 else 1.0
    fastest = [{"max": sign * row["los_rate_max_mm_per_yr"]} for row in rows]
    seen = abs(sensitivity) >= min_sensitivity
    return {
        "los_rate_max_mm_per_yr": sign * _over(max, fastest, "max"),
        "downslope_rate_mm_per_yr": mean / sensitivity if seen else math.nan,
        "downslope_rate_bound_mm_per_yr": bound / abs(sensitivity) if seen and bound > 0 else math.nan,
    }


def _masked_ground(rows: Sequence[Mapping], weights: np.ndarray) -> dict[str, str]:
    """The user's mask on which most of the object lies, and its text; none where less than half of
    it does.
    """
    known = {*masks.REASONS, *masks.NOTE_CODES, ""}
    areas: dict[str, float] = {}
    for row, weight in zip(rows, weights, strict=True):
        if row["reason"] not in known:
            areas[row["reason"]] = areas.get(row["reason"], 0.0) + weight
    masked = sum(areas.values()) > weights.sum() / 2
    if not masked:
        return {}
    reason = max(sorted(areas), key=lambda name: areas[name])
    return {reason: next(masks.texts_of(row)[reason] for row in rows if row["reason"] == reason)}


def _mean(rows: Sequence[Mapping], weights: np.ndarray, name: str) -> float:
    """Mean of the known values by area; NaN without any."""
    values = np.array([row[name] for row in rows], float)
    known = np.isfinite(values)
    if not known.any():
        return math.nan
    heavy = weights if weights[known].any() else np.ones(len(rows))
    return float(np.average(values[known], weights=heavy[known]))


def _over(statistic: Callable, rows: Sequence[Mapping], name: str) -> float:
    """A statistic of the known values; NaN without any."""
    return float(statistic([row[name] for row in rows if math.isfinite(row[name])], default=math.nan))

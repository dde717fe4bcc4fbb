"""What is found of the planted landslides of a region, and by which method.

A method's map goes through the inventory as the product makes it: candidates of each track, masked,
then fused. What is released is matched one to one with the planted outlines at IoU 0.3
(`evaluate.objects`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from sarsim.scene import STACKS
from sarsim.world import World
from sarslide.evaluate.metrics import MIN_IOU, harmonic, ratio
from sarslide.inventory import attributes
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.fusion import fuse
from sarslide.inventory.masks import LANDSLIDE, MaskRules
from sarslide.inventory.matching import assign, intersections
from sarslide.inventory.velocity_threshold import LAYERS, PRINTED, TUNED, Rule, active_areas
from sarslide.models.card import ObjectConfidence
from sarslide.names import nearest_pairs
from sarslide.network import interval_years
from studies.ground import limit

Scenes = Mapping[str, Mapping[str, np.ndarray]]  # pass -> layers
NETWORK, PUBLISHED, TUNED_FORM, LIMIT = "network", "published", "tuned", "limit"
RULES = {PUBLISHED: PRINTED, TUNED_FORM: TUNED}
METHODS = (NETWORK, *RULES)
# Of the inventory's configuration.
MIN_RATE_MM_PER_YR, FUSION_OVERLAP, SMALLEST_HA = 20.0, 0.1, 1.8
SPEEDS_MM_PER_YR = ((0, 25), (25, 100), (100, 500), (500, math.inf))
SIZES_HA = ((0, 2), (2, 10), (10, math.inf))


@dataclass(frozen=True)
class Found:
    """Landslides that a method releases in a region.

    Attributes
    ----------
    planted : set of int
        Rows of planted landslides that one of them matches.
    released, right : int
        How many there are, and how many of them match.
    """

    planted: frozenset[int]
    released: int
    right: int


def map_of(layers: Mapping[str, np.ndarray], rule: Rule) -> np.ndarray:
    """The map of a velocity threshold: 1 active, 0 not, NaN where unknown."""
    rate, std, slope = (layers[name] for name in LAYERS)
    known = np.isfinite(rate) & np.isfinite(std) & np.isfinite(slope)
    return np.where(known, active_areas(rate, std, slope, rule), np.nan)


def candidates(
    scenes: Scenes,
    maps: Mapping[str, np.ndarray],
    world: World,
    dates: Sequence[str],
    threshold: float,
    limits: Sequence[tuple[float, float]] = (),
    confidence: ObjectConfidence | None = None,
) -> list[dict[str, Any]]:
    """Objects of both tracks.

    limits: speeds of a network's training; of faster ground the velocity threshold finds what it
    misses. confidence: of the network's card.
    """
    pairs = nearest_pairs(list(dates), 24, 2)
    find = partial(
        find_candidates,
        grid=world.region,
        threshold=threshold,
        min_rate_mm_per_yr=MIN_RATE_MM_PER_YR,
        rules=MaskRules(snowline_m=world.snowline_m),
        limits=limits,
        pair_years=sum(map(interval_years, pairs)) / len(pairs),
        confidence=confidence,
    )
    rows: list[dict[str, Any]] = []
    for orbit_pass, layers in scenes.items():
        read = {name: layers[name] for name in attributes.LAYERS if name in layers}
        read["probability"] = maps[orbit_pass]
        rows += find(read, track=STACKS[orbit_pass]).to_dict("records")
    return rows


def released(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Landslides of the inventory, fused of the objects of both tracks."""
    return [row for row in fuse(rows, FUSION_OVERLAP) if is_landslide(row)]


def is_landslide(row: Mapping[str, Any]) -> bool:
    """Whether an object is released as a landslide."""
    return row["status"] == "candidate" and row["object_class"] == LANDSLIDE


def matched(world: World, rows: Sequence[Mapping[str, Any]]) -> Found:
    """Released landslides against the planted ones."""
    found = pairs_of(list(world.landslides.geometry), [row["geometry"] for row in rows])
    return Found(frozenset(found.values()), len(rows), len(found))


def pairs_of(planted: Sequence[Any], shapes: Sequence[Any]) -> dict[int, int]:
    """Outlines that match planted ones, one to one: place in `shapes` -> place in `planted`."""
    common = intersections(planted, shapes)
    return assign({pair: iou for pair, (iou, _) in common.items() if iou >= MIN_IOU})


def limits_of(world: World, scenes: Scenes) -> np.ndarray:
    """Of every planted landslide its significance in the better track (`limit`), and the share of
    random places there that would be found: (landslides, 2).
    """
    tracks = {p: (layers["los_rate_mm_per_yr"], layers["true_los_rate_mm_per_yr"]) for p, layers in scenes.items()}
    bodies = world.body[world.window]
    by_track = limit.of_region(bodies, tracks, world.region.cell_m, world.seed)
    best = np.zeros((len(world.landslides), 2))
    for values in by_track.values():
        better = values[:, 0] > best[: len(values), 0]
        best[: len(values)][better] = values[better]
    return best


def table_of(world: World, found: Mapping[str, Found], significance: np.ndarray) -> list[dict[str, Any]]:
    """One row a planted landslide: what it is, and who finds it."""
    slides = world.landslides
    return [
        {
            "planted_id": str(slides["planted_id"].iloc[k]),
            "inventory": str(slides["inventory"].iloc[k]) if "inventory" in slides else "",
            "speed_mm_per_yr": float(slides["speed_mm_per_yr"].iloc[k]),
            "area_ha": float(slides.geometry.iloc[k].area / 1e4),
            "significance": float(significance[k, 0]),
            "by_chance": float(significance[k, 1]),
            LIMIT: bool(significance[k, 0] > limit.FOUND),
            **{method: k in found[method].planted for method in found},
        }
        for k in range(len(slides))
    ]


def groups(rows: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    """All planted landslides, and those of each range, speed and size."""
    yield "all", rows
    for mountains in sorted(rows["range"].unique()):
        yield mountains.replace("_", " "), rows[rows["range"] == mountains]
    for column, unit, classes in (("speed_mm_per_yr", "mm/yr", SPEEDS_MM_PER_YR), ("area_ha", "ha", SIZES_HA)):
        for low, high in classes:
            inside = rows[(rows[column] >= low) & (rows[column] < high)]
            name = f"over {low}" if high == math.inf else f"under {high}" if low == 0 else f"{low} to {high}"
            yield f"{name} {unit}", inside


def by_chance(rows: pd.DataFrame) -> str:
    """Random places of the planted noise at which the limit would find a landslide, by its size."""
    names = (("under 2 ha", rows["area_ha"] < SIZES_HA[0][1]), ("larger", rows["area_ha"] >= SIZES_HA[0][1]))
    return ", ".join(f"{name} {100 * rows[part]['by_chance'].mean():.1f} %" for name, part in names if part.any())


def share(some: int, of: int) -> str:
    """A share in words; of nothing there is none."""
    return f"{some / of:.2f}" if of else "–"


def words(rows: pd.DataFrame, counts: Mapping[str, tuple[int, int]] | None = None) -> str:
    """Recall of every method and the limit; with counts (right, released) also precision and F1.

    Of all landslides, then of those above the smallest object.
    """
    large = rows[rows["area_ha"] >= SMALLEST_HA]
    parts = []
    for method in (*METHODS, LIMIT):
        found = [(int(part[method].sum()), len(part)) for part in (rows, large)]
        text = f"{method} {share(*found[0])} ({share(*found[1])})"
        if counts and method in counts:
            f1 = harmonic(ratio(*counts[method]), ratio(*found[0]))
            text += f", precision {share(*counts[method])}, F1 {f1:.2f}"
        parts.append(text)
    return "; ".join(parts) + f"; of {len(rows)} ({len(large)})"

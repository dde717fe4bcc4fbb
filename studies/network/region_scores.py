"""What is released of each method's maps of a region, against what is planted there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sarsim.codes import DECOYS
from sarsim.slopes import cells_inside
from sarsim.world import World
from sarslide.dataset import scenes
from sarslide.evaluate.metrics import Counts, pixel_counts, pooled
from sarslide.inventory.velocity_threshold import Rule
from sarslide.io.sidecar import read_json, write_json
from sarslide.models import weights
from studies.benchmark import baseline
from studies.ground import cutting, making, scoring
from studies.ground.cutting import GroundRegion
from studies.network import maps
from studies.network.maps import BEFORE, NETWORK

THRESHOLD, LIMIT = "threshold", "limit"
METHODS = (NETWORK, BEFORE, THRESHOLD)
SURE = 5.0  # standard errors
NAMES = {code: name for name, code in DECOYS.items()}


def of_region(folder: Path, region: GroundRegion, rule: Rule, threshold: float) -> dict[str, Any]:
    """What is found in a region: read where it stands, else made and written.

    rule: the velocity threshold. threshold: of the network.
    """
    path = folder / "scores" / f"{region.name}.json"
    if path.is_file():
        return read_json(path)
    world = making.world_of(folder, region)
    layers = maps.layers_of(folder, region)
    found, cells, released = {}, {}, {}
    for method in METHODS:
        probability, cut, limits = maps_of(folder, region, method, layers, rule, threshold)
        dates = cutting.drawn(region).dates
        rows = scoring.released(scoring.candidates(layers, probability, world, dates, cut, limits))
        found[method] = scoring.matched(world, rows)
        cells[method] = _cells(folder, region, probability, cut)
        released[method] = {
            "released": len(rows),
            "right": found[method].right,
            "touching": sum(_touches(world, row["geometry"]) for row in rows),
            "on": decoys_of([row["geometry"] for row in rows if not _touches(world, row["geometry"])], world, layers),
        }
    table = scoring.table_of(world, found, scoring.limits_of(world, layers))
    sure = certain(world, layers)
    result = {
        "region": region.name,
        "range": region.file.mountains,
        "area_km2": region.grid.rows * region.grid.cols * region.grid.cell_area_km2,
        "slides": [row | {"rate_over_error": float(ratio)} for row, ratio in zip(table, sure, strict=True)],
        "objects": released,
        "cells": cells,
    }
    write_json(path, result)
    return result


def maps_of(
    folder: Path, region: GroundRegion, method: str, layers: scoring.Scenes, rule: Rule, threshold: float
) -> tuple[dict[str, np.ndarray], float, list[tuple[float, float]]]:
    """Maps of both tracks, their threshold, and the speeds of the training."""
    if method == THRESHOLD:
        return {orbit_pass: scoring.map_of(held, rule) for orbit_pass, held in layers.items()}, 0.5, []
    card = weights.read_card(maps.weights_of(folder, region, method))
    limits = card.trained_on.speed_limits if card.trained_on else []
    return maps.read(folder, region, method), threshold if method == NETWORK else card.threshold, limits


def certain(world: World, layers: scoring.Scenes) -> np.ndarray:
    """Mean planted rate of every landslide over the mean stated error there, in the better track.

    Down the slope both are divided by the same sensitivity. 0 where no rate is known.
    """
    bodies = world.body[world.window]
    best = np.zeros(len(world.landslides))
    for held in layers.values():
        for k in range(len(best)):
            inside = (bodies == k + 1) & np.isfinite(held["los_rate_std_mm_per_yr"])
            if inside.any():
                rate = np.abs(held["true_los_rate_mm_per_yr"][inside]).mean()
                best[k] = max(best[k], rate / held["los_rate_std_mm_per_yr"][inside].mean())
    return best


def decoys_of(shapes: Sequence, world: World, layers: scoring.Scenes) -> dict[str, int]:
    """On what objects lie that touch no landslide: the decoy of most of their cells in one of the
    tracks, or nothing.
    """
    found: Counter[str] = Counter()
    for shape in shapes:
        inside = cells_inside(world.region, shape)
        codes = np.concatenate([held["decoy"][inside] for held in layers.values()])
        codes = codes[codes > 0]
        found[NAMES[int(np.bincount(codes).argmax())] if codes.size else "nothing"] += 1
    return dict(found)


def _cells(
    folder: Path, region: GroundRegion, probability: Mapping[str, np.ndarray], threshold: float
) -> dict[str, int]:
    """Cells of both tracks."""
    counts: Counts = pooled(
        pixel_counts(scene.label, probability[orbit_pass] >= threshold)
        for orbit_pass in making.PASSES
        for scene in [scenes.load(making.scene_path(folder, region, orbit_pass), baseline.CHANNELS)]
    )
    return {"tp": counts.tp, "fp": counts.fp, "fn": counts.fn}


def _touches(world: World, geometry) -> bool:
    return bool(world.landslides.geometry.intersects(geometry).any())

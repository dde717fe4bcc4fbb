"""Which landslides were found, and what the false alarms lie on.

By P2's type, area, speed, and kind of decoy.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sarslide.dataset.scenes import TrainingScene
from sarslide.evaluate.metrics import (
    DECOY_COVERED,
    HALF,
    MIN_IOU,
    OBJECT_INSIDE,
    SPEED_PERCENTILE,
    covered,
    match,
    objects,
)

ELSEWHERE = "elsewhere"


def landslides(
    scene: TrainingScene, label: np.ndarray, predicted: np.ndarray, min_cells: int, cell_m: float
) -> list[dict]:
    """Each landslide object of a label, and whether it was found.

    Parameters
    ----------
    scene : TrainingScene
        Where the label comes from.
    label : (rows, cols) array
        1 landslide, 0 background, 255 not counted.
    predicted : (rows, cols) array of bool
        The map.
    min_cells : int
        Smaller objects are left out on both sides.
    cell_m : float
        Side of a cell.

    Returns
    -------
    list of dict
        area_km2, P2's kind and los_speed_mm_per_yr where the scene has them; matched: one to one at
        IoU >= 0.3, iou then, else 0; covered: share of its cells that are marked.
    """
    truth = objects(label == 1, min_cells)
    found = objects(predicted & (label != 255), min_cells)
    overlap = {number: iou for number, _, iou in match(truth, found, MIN_IOU)}
    share = covered(truth, found > 0)
    rows = []
    for number, (cells, window) in enumerate(_cells(truth), start=1):
        row: dict[str, Any] = {"area_km2": round(int(cells.sum()) * cell_m**2 / 1e6, 6)}
        if scene.landslide_kind is not None:
            row["kind"] = int(np.argmax(np.bincount(scene.landslide_kind[window][cells], minlength=4)[1:])) + 1
        if scene.true_rate is not None:
            row["los_speed_mm_per_yr"] = _speed(scene.true_rate[window][cells])
        iou = round(overlap.get(number, 0.0), 4)
        rows.append({**row, "matched": number in overlap, "iou": iou, "covered": round(float(share[number - 1]), 4)})
    return rows


def planted(scene: TrainingScene, predicted: np.ndarray, min_cells: int) -> dict[str, int] | None:
    """All planted landslides, also those that the track cannot see or that are too slow.

    Their recall is what an inventory really has.

    Parameters
    ----------
    scene : TrainingScene
        With `landslide_kind`.
    predicted : (rows, cols) array of bool
        The map.
    min_cells : int
        Smaller objects are left out on both sides.

    Returns
    -------
    dict of str to int or None
        Number of landslides, and of those found one to one at IoU >= 0.3; None where the scene has
        no types.
    """
    if scene.landslide_kind is None:
        return None
    truth = objects(scene.landslide_kind > 0, min_cells)
    return {"landslides": int(truth.max(initial=0)), "found": len(match(truth, objects(predicted, min_cells), MIN_IOU))}


def decoys_fooled(
    decoy: np.ndarray,
    predicted: np.ndarray,
    min_cells: int,
    codes: Mapping[str, int],
    truth: np.ndarray | None = None,
) -> dict[str, dict[str, int]]:
    """What the false alarms of a map lie on, by type of decoy, and `elsewhere`.

    An object that matches a landslide at IoU >= 0.3, or of which half lies in landslides, is no
    false alarm.

    Parameters
    ----------
    decoy : (rows, cols) array of uint8
        Code of the type in each cell, 0 none.
    predicted : (rows, cols) array of bool
        The map.
    min_cells : int
        Smaller objects are left out on both sides.
    codes : mapping of str to int
        Type -> code.
    truth : (rows, cols) array of bool or None
        True in landslides.

    Returns
    -------
    dict of str to dict
        By type: areas (connected, of at least `min_cells` cells), fooled (areas with a tenth
        covered by one false object, or that hold half of one), objects (false ones that fooled),
        cells, false_cells (marked outside landslides). `elsewhere` has the false objects that lie
        on no decoy, and their cells.
    """
    truth = np.zeros(predicted.shape, bool) if truth is None else truth
    found = objects(predicted, min_cells)
    right = covered(found, truth) >= HALF
    right[[number - 1 for _, number, _ in match(objects(truth), found, MIN_IOU)]] = True
    false = objects((found > 0) & ~np.concatenate([[False], right])[found], 1)
    sizes, blamed = np.bincount(false.ravel())[1:], np.zeros(int(false.max(initial=0)), bool)
    result = {}
    for name, code in codes.items():
        here = decoy == code
        areas = objects(here, min_cells)
        shared = np.zeros((int(areas.max(initial=0)) + 1, len(sizes) + 1))
        np.add.at(shared, (areas.ravel(), false.ravel()), 1)
        shared, extent = shared[1:, 1:], shared[1:].sum(1)
        hits = (shared >= DECOY_COVERED * extent[:, None]) | (shared >= OBJECT_INSIDE * np.maximum(sizes, 1))
        hits &= shared > 0
        blamed |= hits.any(0)
        result[name] = {
            "areas": len(extent),
            "fooled": int(hits.any(1).sum()),
            "objects": int(hits.any(0).sum()),
            "cells": int(here.sum()),
            "false_cells": int((here & predicted & ~truth).sum()),
        }
    return result | {ELSEWHERE: {"objects": int((~blamed).sum()), "false_cells": int(sizes[~blamed].sum())}}


def _cells(numbered: np.ndarray) -> Iterable[tuple[np.ndarray, tuple[slice, slice]]]:
    """Mask inside its window, and window, of each object."""
    from scipy import ndimage

    for number, window in enumerate(ndimage.find_objects(numbered), start=1):
        yield numbered[window] == number, window


def _speed(rates: np.ndarray) -> float | None:
    known = np.abs(rates[np.isfinite(rates)])
    return round(float(np.percentile(known, SPEED_PERCENTILE)), 3) if len(known) else None


def classes(rows: Iterable[Mapping[str, Any]], name: str, edges: tuple[float, ...]) -> list[tuple[str, list]]:
    """Rows grouped by a number.

    Parameters
    ----------
    rows : iterable of mapping
        Rows without the number are left out.
    name : str
        Key of the number.
    edges : tuple of float
        Between the groups.

    Returns
    -------
    list of (str, list)
        Range in words and rows: below the first edge, between edges, from the last one.
    """
    known = [row for row in rows if row.get(name) is not None]
    bounds = [0.0, *edges, np.inf]
    groups = []
    for low, high in zip(bounds, bounds[1:], strict=False):
        word = f"{low:g} to {high:g}" if np.isfinite(high) else f"from {low:g}"
        groups.append((word, [row for row in known if low <= row[name] < high]))
    return groups

"""Released landslides, decoys and rates against the planted truth of a simulated region."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sarslide.evaluate.metrics import (
    DECOY_COVERED,
    MIN_IOU,
    OBJECT_INSIDE,
    OBJECT_SCORES,
    SPEED_PERCENTILE,
    Counts,
    harmonic,
    ratio,
)
from sarslide.grid import RegionGrid
from sarslide.inventory.changes import LANDSLIDES, MASKED, PLAIN
from sarslide.inventory.masks import held_back_by
from sarslide.inventory.matching import assign, intersections
from sarslide.inventory.observability import LEFT_OUT, Cells, cells_of, is_cut

SCORED_AREA_KM2 = 0.05
SCORED_RATE_MM_PER_YR = 25.0
RMSE_COHERENCE = 0.4
# A track sees a landslide when it observes at least half of its cells.
SEEN_SHARE = 0.5
NO_CELLS = (np.empty(0, int), np.empty(0, int))


CRITERIA = {
    "match_iou": MIN_IOU,
    "scored_area_km2": SCORED_AREA_KM2,
    "scored_rate_mm_per_yr": SCORED_RATE_MM_PER_YR,
    "speed_percentile": SPEED_PERCENTILE,
    "seen_share": SEEN_SHARE,
    "rmse_coherence": RMSE_COHERENCE,
}


class ByCell(Protocol):
    """A layer indexed by rows and columns of cells: an array, or `windows.RasterCells`."""

    def __getitem__(self, cells: Cells) -> np.ndarray: ...


@dataclass(frozen=True)
class TrackTruth:
    """What one track should have measured.

    Attributes
    ----------
    los_rate : ByCell
        True LOS rate, mm/yr, positive towards the satellite.
    observable : ByCell
        True where the track sees the ground.
    """

    los_rate: ByCell
    observable: ByCell


def true_speed(geometry, truth: TrackTruth, grid: RegionGrid) -> float | None:
    """Speed of an object in the line of sight of a track.

    Parameters
    ----------
    geometry : shapely geometry
        Outline, in the CRS of the grid.
    truth : TrackTruth
        Of the track.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    float or None
        90th percentile of the true |LOS rate| (mm/yr) over the object's observable cells; None
        where the track does not see it.
    """
    cells = cells_of(geometry, grid)
    if not len(cells[0]):
        return None
    rate = truth.los_rate[cells]
    seen = truth.observable[cells] & np.isfinite(rate)
    if seen.mean() < SEEN_SHARE:
        return None
    return float(np.percentile(np.abs(rate[seen]), SPEED_PERCENTILE))


def planted_rows(
    planted: Sequence[Mapping],
    truths: Mapping[str, TrackTruth],
    grid: RegionGrid,
    left_out: Sequence[RegionGrid] = (),
) -> list[dict]:
    """Each planted landslide with its area, its speeds, and whether it is scored.

    Scored: at least 0.05 km2, at least 25 mm/yr in the line of sight of a track that sees it, and
    no part in a frame that is left out.

    Parameters
    ----------
    planted : sequence of mapping
        planted_id, kind, geometry.
    truths : mapping of str to TrackTruth
        By track.
    grid : RegionGrid
        Grid of the region.
    left_out : sequence of RegionGrid, optional
        Cores of the frames that the release leaves out.

    Returns
    -------
    list of dict
        planted_id, kind, area_km2, los_speed_mm_per_yr by track (None = not seen), left_out (a part
        lies in such a frame), scored, geometry.
    """
    rows = []
    for number, landslide in enumerate(planted, start=1):
        geometry = landslide["geometry"]
        speeds = {track: true_speed(geometry, truth, grid) for track, truth in truths.items()}
        fastest = max((speed for speed in speeds.values() if speed is not None), default=0.0)
        large_and_fast = geometry.area / 1e6 >= SCORED_AREA_KM2 and fastest >= SCORED_RATE_MM_PER_YR
        cut = is_cut(geometry, left_out)
        rows.append(
            {
                "planted_id": str(landslide.get("planted_id", number)),
                "kind": str(landslide.get("kind", "")),
                "area_km2": geometry.area / 1e6,
                "los_speed_mm_per_yr": speeds,
                "left_out": cut,
                "scored": bool(large_and_fast and not cut),
                "geometry": geometry,
            }
        )
    return rows


def score_objects(
    planted: list[dict],
    layers: Mapping[str, Sequence[Mapping]],
    decoys: Sequence[Mapping],
    left_out: Sequence[RegionGrid] = (),
) -> dict:
    """Object scores of a release.

    Planted and released landslides are matched one to one at IoU >= 0.3. Recall is over scored
    planted landslides; precision over all released ones, where a match with any planted landslide,
    scored or not, is right. What lies in a frame that the release leaves out, by whatever part, is
    in neither.

    Parameters
    ----------
    planted : list of dict
        Of `planted_rows`.
    layers : mapping of str to sequence of mapping
        Rows of the release by layer.
    decoys : sequence of mapping
        With kind and geometry.
    left_out : sequence of RegionGrid, optional
        Cores of the frames that the release leaves out.

    Returns
    -------
    dict of str to Any
        Scores, counts, what became of each decoy, and lists of all objects, for JSON.
    """
    released = list(layers[LANDSLIDES])
    common = intersections([row["geometry"] for row in planted], [row["geometry"] for row in released])
    found = assign({pair: iou for pair, (iou, _) in common.items() if iou >= MIN_IOU})
    known = [not is_cut(row["geometry"], left_out) for row in released]
    fates = [_fate(decoy, released, set(found), layers, left_out) for decoy in decoys]
    hits = {ls_id for fate in fates for ls_id in fate["released"]}
    scored = sum(row["scored"] for row in planted)
    recall = ratio(sum(planted[i]["scored"] for i in found.values()), scored)
    precision = ratio(sum(known[j] for j in found), sum(known))
    return {
        "object_recall": recall,
        "object_precision": precision,
        "object_f1": harmonic(precision, recall),
        "planted": len(planted),
        "planted_left_out": sum(row["left_out"] for row in planted),
        "scored": scored,
        "released": len(released),
        "released_left_out": len(released) - sum(known),
        "decoys": fates,
        "objects": {
            "planted": _planted_list(planted, released, found, common),
            "released": _released_list(planted, released, found, common, hits, known),
        },
    }


def score_pixels(blocks: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]], threshold: float) -> dict:
    """Pixel scores of one track's map on the cells that it observes.

    Parameters
    ----------
    blocks : iterable of three (rows, cols) arrays
        Of each block of the map the probability (NaN where unknown), True inside any planted
        landslide, and True where the track sees the ground.
    threshold : float
        p >= threshold is landslide.

    Returns
    -------
    dict of str to float
        precision, recall, f1, iou, cells.
    """
    counts, cells = Counts(0, 0, 0), 0
    for probability, planted, observable in blocks:
        known = observable & np.isfinite(probability)
        marked = known & (np.nan_to_num(probability) >= threshold)
        parts = (marked & planted, marked & ~planted, known & ~marked & planted)
        counts += Counts(*(int(part.sum()) for part in parts))
        cells += int(known.sum())
    return {name: getattr(counts, name) for name in OBJECT_SCORES} | {"cells": cells}


def planted_cells(planted: Sequence[Mapping], grid: RegionGrid) -> Cells:
    """Cells of planted landslides (`inventory.observability.cells_of`).

    Parameters
    ----------
    planted : sequence of mapping
        With geometry.
    grid : RegionGrid
        Grid of the map.

    Returns
    -------
    (array, array)
        Rows and columns.
    """
    cells = [cells_of(row["geometry"], grid) for row in planted]
    rows, cols = (np.concatenate([np.empty(0, int), *side]) for side in zip(*cells, strict=True)) if cells else NO_CELLS
    return rows, cols


def in_block(cells: Cells, rows: slice, cols: slice) -> np.ndarray:
    """Cells in a block of a map.

    Parameters
    ----------
    cells : (array, array)
        Rows and columns in the map.
    rows, cols : slice
        The block.

    Returns
    -------
    (rows, cols) array of bool
        True at the cells.
    """
    inside = (cells[0] >= rows.start) & (cells[0] < rows.stop) & (cells[1] >= cols.start) & (cells[1] < cols.stop)
    block = np.zeros((rows.stop - rows.start, cols.stop - cols.start), bool)
    block[cells[0][inside] - rows.start, cells[1][inside] - cols.start] = True
    return block


@dataclass
class SquareSum:
    """Root mean square of values that come part by part.

    Attributes
    ----------
    total : float
        Sum of the squares.
    count : int
        How many there are.
    """

    total: float = 0.0
    count: int = 0

    def add(self, squares: np.ndarray) -> None:
        """Take a part.

        Parameters
        ----------
        squares : array
            Squares of values; NaN counts as none.
        """
        known = squares[np.isfinite(squares)].astype(float)
        self.total += float(known.sum())
        self.count += known.size

    @property
    def root(self) -> float | None:
        """Root mean square; None without any value."""
        return float(np.sqrt(self.total / self.count)) if self.count else None


def rmse_cells(
    los_rate: np.ndarray, true_rate: np.ndarray, observable: np.ndarray, mean_coherence: np.ndarray
) -> np.ndarray:
    """Where rates are compared.

    Parameters
    ----------
    los_rate : (rows, cols) array
        Measured LOS rate, mm/yr, NaN where unknown.
    true_rate : (rows, cols) array
        True LOS rate, mm/yr.
    observable : (rows, cols) array of bool
        True where the track sees the ground.
    mean_coherence : (rows, cols) array
        Mean coherence of the pairs.

    Returns
    -------
    (rows, cols) array of bool
        Mean pair coherence above 0.4, a rate, and ground that the track sees.
    """
    with np.errstate(invalid="ignore"):
        coherent = mean_coherence > RMSE_COHERENCE
    return coherent & np.isfinite(los_rate) & np.isfinite(true_rate) & observable


def square_errors(los_rate: np.ndarray, true_rate: np.ndarray, level: float, where: np.ndarray) -> np.ndarray:
    """Squares of the errors of a LOS rate.

    Parameters
    ----------
    los_rate, true_rate : (rows, cols) array
        Measured and true LOS rate, mm/yr, positive towards the satellite.
    level : float
        What the truth is where measured rates are zero, mm/yr, which is taken off it.
    where : (rows, cols) array of bool
        Cells that are compared.

    Returns
    -------
    (cells,) array
        mm2/yr2.
    """
    return (los_rate[where].astype(float) - (true_rate[where] - level)) ** 2


def table(scores: Mapping) -> str:
    """The scores as text, one fact a line, decoys one by one.

    Parameters
    ----------
    scores : mapping of str to Any
        scores.json.

    Returns
    -------
    str
        Lines.
    """
    lines = [
        f"planted {scores['planted']}, scored {scores['scored']}, released {scores['released']}",
        f"object recall {scores['object_recall']:.3f}  precision {scores['object_precision']:.3f}  F1 {scores['object_f1']:.3f}"
        f"  (one to one, IoU >= {MIN_IOU})",
    ]
    planted, released = scores["planted_left_out"], scores["released_left_out"]
    if planted or released:
        lines.insert(1, f"not scored, in frames left out: {planted} planted, {released} released")
    for track, rmse in scores["los_rmse_mm_per_yr"].items():
        pixels, predicted = scores["pixels"][track], scores["predicted_rmse_mm_per_yr"][track]
        if rmse is not None:
            ratio_text = f"{scores['rate_error']} error {predicted:.2f}, ratio {rmse / predicted:.2f}"
            lines.append(f"{track}  LOS rate RMSE {rmse:.2f} mm/yr, {ratio_text}")
        if (levelled := scores.get("levelled_rmse_mm_per_yr", {}).get(track)) is not None:
            lines.append(f"{track}  RMSE of the levelled map of all frames {levelled:.2f} mm/yr")
        lines.append(
            f"{track}  pixels: precision {pixels['precision']:.3f}  recall {pixels['recall']:.3f}  F1 {pixels['f1']:.3f}"
            f"  IoU {pixels['iou']:.3f}"
        )
    lines += [f"decoy {decoy['decoy_id']} ({decoy['kind']}): {decoy['fate']}" for decoy in scores["decoys"]]
    missed = [row for row in scores["objects"]["planted"] if row["scored"] and not row["ls_id"]]
    lines += [f"missed {row['planted_id']} ({row['kind']}, {row['area_km2']:.3f} km2)" for row in missed]
    wrong = [row for row in scores["objects"]["released"] if row["verdict"] not in ("right", LEFT_OUT)]
    lines += [f"false {row['ls_id']} ({row['verdict']}, {row['area_km2']:.3f} km2)" for row in wrong]
    return "\n".join(lines)


def _fate(
    decoy: Mapping,
    released: Sequence[Mapping],
    right: set[int],
    layers: Mapping[str, Sequence[Mapping]],
    left_out: Sequence[RegionGrid],
) -> dict:
    """What became of one decoy: released, other deformation, masked, left out, or not detected."""
    outline = decoy["geometry"]
    errors = [row["ls_id"] for k, row in enumerate(released) if k not in right and _hits(row["geometry"], outline)]
    plain = [row for row in layers[PLAIN] if _hits(row["geometry"], outline)]
    masked = [row for row in layers[MASKED] if _hits(row["geometry"], outline)]
    reasons = sorted({held_back_by(row) for row in masked})
    if errors:
        fate = "released (error)"
    elif plain:
        fate = "masked: too_flat, released as non-landslide deformation"
    elif masked:
        fate = f"masked: {', '.join(reasons)}"
    else:
        fate = LEFT_OUT if is_cut(outline, left_out) else "not detected"
    return {
        "decoy_id": str(decoy.get("decoy_id", "")),
        "kind": str(decoy.get("kind", "")),
        "area_km2": outline.area / 1e6,
        "fate": fate,
        "released": errors,
        "reasons": reasons,
    }


def _hits(geometry, outline) -> bool:
    common = geometry.intersection(outline).area
    return common >= DECOY_COVERED * outline.area or common >= OBJECT_INSIDE * geometry.area


def _planted_list(planted, released, found, common) -> list[dict]:
    by_planted = {i: j for j, i in found.items()}
    rows = []
    for i, row in enumerate(planted):
        matched = by_planted.get(i)
        entry = {key: value for key, value in row.items() if key != "geometry"}
        entry["ls_id"] = released[matched]["ls_id"] if matched is not None else ""
        entry["iou"] = common[i, matched][0] if matched is not None else 0.0
        entry["best_iou"] = max((iou for (k, _), (iou, _) in common.items() if k == i), default=0.0)
        rows.append(entry)
    return rows


def _released_list(planted, released, found, common, hits, known) -> list[dict]:
    rows = []
    for j, row in enumerate(released):
        matched = found.get(j)
        verdict = "right" if matched is not None else "decoy" if row["ls_id"] in hits else "wrong"
        verdict = verdict if known[j] else LEFT_OUT
        rows.append(
            {
                "ls_id": row["ls_id"],
                "area_km2": row["geometry"].area / 1e6,
                "tracks": row["tracks"],
                "planted_id": planted[matched]["planted_id"] if matched is not None else "",
                "iou": common[matched, j][0] if matched is not None else 0.0,
                "best_iou": max((iou for (_, k), (iou, _) in common.items() if k == j), default=0.0),
                "verdict": verdict,
            }
        )
    return rows

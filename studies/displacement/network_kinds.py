"""Scenes on real ground as displacement products of other kinds, brought in as the ingest does it.

A kind changes what a scene measures (`Kind`), `delivered` makes layers of it as
`ingest_displacement` does, and terrain and label are those of the grid of the region that is begun.
Scenes have one year of dates; products span several: where a kind says so, the error of a rate is
that of 2 to 7 years, drawn by region, and falls with the years to the power of 1.5, as that of a
line through evenly spaced dates does. A temporal coherence is that of dates whose phase has the
noise of the scene's coherence and looks (`temporal_coherence`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarslide.dataset.scenes import IGNORE
from sarslide.displacement import delivered
from sarslide.displacement.contract import Declared, Displacement
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.insar.external.regrid import GeocodedBand, smooth
from sarslide.io.arrays import write_npz
from sarslide.layers import LINE_OF_SIGHT, hidden
from sarslide.rates.settings import RateSettings
from sarslide.terrain.derivatives import derivatives
from studies.displacement.deliver import COARSE, blocks, coarse
from studies.ground import making
from studies.ground.cutting import GroundRegion

YEARS = (2, 7)
POINTS_PER_KM2, LEAST_COHERENCE = 300, 0.7  # points: where the temporal coherence is as large
SMOOTHING_CELLS = 2.0
MEASURED = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")
GEOMETRY = ("layover_shadow", *LINE_OF_SIGHT)
KEPT = (*MEASURED, "slope_deg", "aspect_deg", "elevation_m", *GEOMETRY, "label", "meta")


@dataclass(frozen=True)
class Kind:
    """What a product makes of a scene.

    Attributes
    ----------
    cells_90m : bool
        Cells of three by three.
    laid : bool
        The region keeps its cells of 30 m; else they are those of the product.
    points : bool
        A cell has the points that lie in it; where none does it is unknown.
    smoothed : bool
        By a Gaussian, without a standard error.
    long : bool
        Of several years, with a temporal coherence.
    """

    cells_90m: bool = False
    laid: bool = False
    points: bool = False
    smoothed: bool = False
    long: bool = False


NATIVE = "native"
KINDS = {
    NATIVE: Kind(),
    "cells_90m": Kind(cells_90m=True),
    "laid_90m": Kind(cells_90m=True, laid=True),
    "points_90m": Kind(cells_90m=True, points=True, long=True),
    "smoothed": Kind(smoothed=True, long=True),
}


def scene_path(folder: Path, kind: str, region: GroundRegion, orbit_pass: str) -> Path:
    """Scene of a track in a kind."""
    return folder / "kinds" / kind / f"{region.name}.{orbit_pass}.npz"


def make(scenes: Path, folder: Path, kind: str, region: GroundRegion) -> None:
    """Write the scenes of both tracks that are missing; scenes: as of `studies.network.folds`."""
    for number, orbit_pass in enumerate(making.PASSES):
        path = scene_path(folder, kind, region, orbit_pass)
        if not path.is_file():
            layers = making.layers_of(scenes, region, orbit_pass)
            rng = np.random.default_rng([region.seed, number])
            write_npz(path, degraded(layers, region.grid, KINDS[kind], region.seed, rng))


def grid_of(region: RegionGrid, kind: Kind) -> RegionGrid:
    """The grid of the region that is begun from a product."""
    return region if kind.laid or not kind.cells_90m else coarse_grid(region)


def coarse_grid(grid: RegionGrid) -> RegionGrid:
    """Whole cells of COARSE x COARSE from the north-western corner on."""
    rows, cols = grid.rows // COARSE, grid.cols // COARSE
    return replace(grid, cell_m=grid.cell_m * COARSE, rows=rows, cols=cols)


def degraded(
    layers: Mapping[str, np.ndarray], region: RegionGrid, kind: Kind, seed: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """A scene as its product of a kind gives it (`sarslide.dataset.scenes.load`).

    layers: of the scene. seed: years of the product. rng: which points there are.
    """
    if kind == KINDS[NATIVE]:
        return {name: layers[name] for name in KEPT}
    meta = json.loads(str(layers["meta"]))
    grid, looks = grid_of(region, kind), float(meta["products"]["looks"])
    own = coarse_grid(region) if kind.cells_90m else region
    share = np.random.default_rng(seed).integers(YEARS[0], YEARS[1] + 1) ** -1.5 if kind.long else 1.0
    rate, error, coherence = product(layers, kind, share, looks, rng)
    if own != grid:
        rate, coherence = (on_grid(each, own, grid) for each in (rate, coherence))
        error = None if error is None else on_grid(error, own, grid)
    step = round(grid.cell_m / region.cell_m)
    heights = np.pad(at_step(layers["elevation_m"], step), 1, mode="reflect", reflect_type="odd")
    east, north, up = (at_step(layers[name], step) for name in LINE_OF_SIGHT)
    given = Displacement(
        rate,
        (meta["dates"][0], meta["dates"][-1]),
        error,
        coherence=coherence,
        incidence_deg=np.degrees(np.arccos(np.clip(up, -1, 1))),
        heading_deg=(np.degrees(np.arctan2(east, north)) + 90) % 360,
    )
    geometry = delivered.geometry_of(given, Declared(), heights, grid, meta["stack"], "scene")
    terrain = derivatives(heights, grid.cell_m)
    made = {name: terrain[name][1:-1, 1:-1] for name in ("slope_deg", "aspect_deg")}
    made["elevation_m"] = heights[1:-1, 1:-1]
    made |= {name: geometry[name] for name in GEOMETRY}
    made |= rates_of(given, made["elevation_m"], grid, hidden(geometry["layover_shadow"]))
    about = {name: meta[name] for name in ("region", "stack", "range")} | {"grid": grid.to_dict()}
    made = {name: np.asarray(values, layers[name].dtype) for name, values in made.items()}
    label = layers["label"] if step == 1 else coarse_label(layers["label"])
    return made | {"label": label, "meta": np.array(json.dumps(about, sort_keys=True))}


def rates_of(
    given: Displacement, elevation_m: np.ndarray, grid: RegionGrid, exclude: np.ndarray
) -> dict[str, np.ndarray]:
    """Layers MEASURED as `ingest_displacement` makes them; unknown without a reference area."""
    try:
        rates = delivered.rates_of(given, Declared(), elevation_m, RateSettings.of({}, grid), exclude)
    except RateError:
        return {name: np.full(grid.shape, np.nan) for name in MEASURED}
    return {name: rates.layers[name] for name in MEASURED}


def product(
    layers: Mapping[str, np.ndarray], kind: Kind, share: float, looks: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Rate, error (None: not stated) and coherence in the cells of the product.

    share: of the error of the scene that its years leave.
    """
    true = layers["true_los_rate_mm_per_yr"].astype(float)
    rate, error, coherence = (layers[name].astype(float) for name in MEASURED)
    rate, error = true + share * (rate - true), share * error
    if kind.long:
        coherence = temporal_coherence(coherence, looks)
    if kind.points:
        # Points of the area of a cell of the scene.
        drawn = rng.random(rate.shape) < POINTS_PER_KM2 * (30.0 / 1e3) ** 2
        return means_of_points(rate, error, coherence, drawn & (coherence >= LEAST_COHERENCE))
    if kind.smoothed:
        return gaussian(rate, SMOOTHING_CELLS), None, coherence
    return coarse(rate, COARSE), coarse(error, COARSE), coarse(coherence, COARSE)


def temporal_coherence(coherence: np.ndarray, looks: float) -> np.ndarray:
    """|mean exp(j e)| of phases e whose Gaussian noise has the Cramer-Rao bound of a coherence.

    The variance is (1 - g^2) / (2 L g^2) (Rodriguez and Martin 1992, doi:10.1049/ip-f-2.1992.0018).
    """
    square = np.square(np.clip(coherence, 1e-3, 1))
    return np.exp(-(1 - square) / (4 * looks * square))


def means_of_points(
    rate: np.ndarray, error: np.ndarray, coherence: np.ndarray, kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of the kept cells of COARSE x COARSE, with the error that `egms.read` gives them."""
    kept = kept & np.isfinite(rate)
    with np.errstate(invalid="ignore", divide="ignore"):
        count = blocks(kept.astype(float), COARSE).sum((1, 3))
        mean, square, variance, quality = (
            blocks(np.where(kept, each, 0), COARSE).sum((1, 3)) / count for each in (rate, rate**2, error**2, coherence)
        )
        return mean, np.sqrt((variance + np.clip(square - mean**2, 0, None)) / count), quality


def at_step(cells: np.ndarray, step: int) -> np.ndarray:
    """Means of blocks, or the cells themselves."""
    return cells.astype(float) if step == 1 else coarse(cells.astype(float), step)


def coarse_label(label: np.ndarray) -> np.ndarray:
    """Landslide where half of the counted cells of a block are; not counted where few count."""
    counted = blocks(label != IGNORE, COARSE).sum((1, 3))
    slides = blocks(label == 1, COARSE).sum((1, 3))
    return np.where(2 * counted < COARSE**2, IGNORE, 2 * slides >= counted).astype(np.uint8)


def on_grid(cells: np.ndarray, own: RegionGrid, grid: RegionGrid) -> np.ndarray:
    """Cells of a product on the grid of a region, as its reader lays them."""
    return smooth(GeocodedBand(cells, own.transform, f"EPSG:{own.epsg}"), grid)


def gaussian(cells: np.ndarray, sigma: float) -> np.ndarray:
    """Weighted means of the known cells; unknown ones stay unknown."""
    from scipy.ndimage import gaussian_filter

    known = np.isfinite(cells)
    total, weight = (gaussian_filter(each, sigma) for each in (np.where(known, cells, 0), known.astype(float)))
    return np.where(known, total / np.where(known, weight, 1), np.nan)

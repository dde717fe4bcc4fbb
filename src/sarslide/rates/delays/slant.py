"""Delay of a date along the line of sight, at the cells of a frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sarslide.constants import MM_PER_M
from sarslide.grid import RegionGrid
from sarslide.rates.delays.field import Window, places
from sarslide.rates.delays.folder import Epoch, check_values
from sarslide.rates.delays.readers import read


def slant_delay_mm(
    epochs: Sequence[Epoch],
    weights: Sequence[float],
    grid: RegionGrid,
    elevation_m: np.ndarray,
    incidence_deg: np.ndarray,
) -> np.ndarray:
    """The delays of files, from the zenith to the line of sight of each cell.

    Parameters
    ----------
    epochs : sequence of Epoch
        Files by their times.
    weights : sequence of float
        Share of each epoch.
    grid : RegionGrid
        The cells.
    elevation_m : (rows, cols) array of float
        Height above the ellipsoid, m.
    incidence_deg : (rows, cols) array of float
        Angle between line of sight and normal of the ellipsoid, degree.

    Returns
    -------
    (rows, cols) array of float
        One-way delay, mm, positive = longer path, NaN where unknown.

    Raises
    ------
    DelayError
        Files that cannot be read, do not cover the cells and their heights, or hold no delays in
        metres.
    """
    cosine = np.cos(np.radians(incidence_deg))
    zenith = np.zeros(grid.shape)
    for epoch, weight in zip(epochs, weights, strict=True):
        if not weight:
            continue
        for path in epoch.paths:
            _add(zenith, path, weight, grid, elevation_m, cosine)
    seen = np.isfinite(elevation_m) & np.isfinite(cosine)
    if seen.any():
        check_values(epochs[0].paths[0], zenith[seen])
    return zenith / cosine * MM_PER_M


def _add(
    zenith_m: np.ndarray, path: Path, weight: float, grid: RegionGrid, elevation_m: np.ndarray, cosine: np.ndarray
) -> None:
    """Add the part of one file, as a delay towards the zenith."""
    field = read(path, Window(grid))
    for rows, x, y in places(grid, field.crs):
        delay = field.at(x, y, elevation_m[rows])
        zenith_m[rows] += weight * (delay * cosine[rows] if field.slant else delay)

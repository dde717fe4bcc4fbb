"""MintPy's results as layers and series: millimetres, our zero, NaN where it solved nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sarslide.constants import MM_PER_M
from sarslide.errors import RateError
from sarslide.io.blocks import strips
from sarslide.network import years_of
from sarslide.rates import los
from sarslide.rates.mintpy.files import read_dates, read_layer
from sarslide.rates.mintpy.steps import before_dem_error

ROWS = 256
INVERTED = "timeseries.h5"  # the series before any correction


def read_rates(
    series: Path, reference: np.ndarray, wavelength_m: float, min_temporal_coherence: float, dem_error: bool
) -> dict[str, np.ndarray]:
    """Layers from the files of MintPy's folder.

    Parameters
    ----------
    series : Path
        Its last time series.
    reference : (rows, cols) array of bool
        True in the reference area, which MintPy's corrections must not move (`levels_m`).
    wavelength_m : float
        Radar wavelength, m.
    min_temporal_coherence : float
        Cells below it have no rate.
    dem_error : bool
        Whether MintPy estimated the DEM error.

    Returns
    -------
    dict of str to (rows, cols) array of float
        By registered name; NaN in cells that MintPy did not invert.
    """
    folder, shape = series.parent, reference.shape
    known = solved(folder, shape)
    coherence = np.where(known, read_layer(folder / "temporalCoherence.h5", "temporalCoherence", shape), np.nan)
    rated = known & (coherence >= min_temporal_coherence)
    level = np.polyfit(years_of(read_dates(series)), levels_m(series, reference & known), 1)[0]
    rate = read_layer(folder / "velocity.h5", "velocity", shape) - level
    std = read_layer(folder / "velocity.h5", "velocityStd", shape)
    layers = {
        "los_rate_mm_per_yr": np.where(rated, rate * MM_PER_M, np.nan),
        "los_rate_std_mm_per_yr": np.where(rated, std * MM_PER_M, np.nan),
        "temporal_coherence": coherence,
    }
    if dem_error:
        layers["dem_error_m"] = np.where(known, read_layer(folder / "demErr.h5", "dem", shape), np.nan)
    return layers | los.phase_layers(layers, wavelength_m)


def read_series(path: Path, reference: np.ndarray, put: Callable[[slice, slice, np.ndarray], None]) -> None:
    """Hand the displacement of a MintPy time series on, block by block.

    Parameters
    ----------
    path : Path
        The time series.
    reference : (rows, cols) array of bool
        True in the reference area.
    put : callable
        Takes rows, cols and displacement (dates, rows, cols), mm: see `io.series.create`.
    """
    import h5py

    known = solved(path.parent, reference.shape)
    level = levels_m(path, reference & known)
    with h5py.File(path) as file:
        for rows in strips(reference.shape[0], ROWS):
            block = (file["timeseries"][:, rows] - level[:, None, None]) * MM_PER_M
            put(rows, slice(0, reference.shape[1]), np.where(known[rows], block, np.nan))


def levels_m(series: Path, reference: np.ndarray) -> np.ndarray:
    """How far MintPy's corrections of the atmosphere moved the reference area.

    Parameters
    ----------
    series : Path
        The time series.
    reference : (rows, cols) array of bool
        True in the reference area where MintPy inverted.

    Returns
    -------
    (dates,) array of float
        Median over the area, m.

    Raises
    ------
    RateError
        MintPy inverted no cell of the area.
    """
    import h5py

    if not reference.any():
        cure = "name another one with rates.reference"
        raise RateError("MintPy inverted no cell of the reference area", cure, of_ground=True)
    with h5py.File(before_dem_error(series)) as corrected, h5py.File(series.parent / INVERTED) as inverted:
        after, before = corrected["timeseries"], inverted["timeseries"]
        return np.array([np.median((after[k] - before[k])[reference]) for k in range(len(after))])


def solved(folder: Path, shape: tuple[int, int]) -> np.ndarray:
    """Cells that MintPy inverted, less its reference cell, which holds no measurement.

    Parameters
    ----------
    folder : Path
        MintPy's folder.
    shape : tuple of int
        Rows and columns.

    Returns
    -------
    (rows, cols) array of bool
        True where it did.
    """
    import h5py

    path = folder / "numInvIfgram.h5"
    known = read_layer(path, "mask", shape) > 0
    with h5py.File(path) as file:
        known[int(file.attrs["REF_Y"]), int(file.attrs["REF_X"])] = False
    return known

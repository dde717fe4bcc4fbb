"""MintPy's results as layers and series of this project: millimetres, our zero, NaN where MintPy solved nothing."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from sarslide.errors import ProcessorError
from sarslide.rates import los
from sarslide.rates.mintpy_files import MM_PER_M, read_layer

ROWS = 256


def read_rates(
    folder: Path, reference: np.ndarray, wavelength_m: float, min_temporal_coherence: float, dem_error: bool
) -> dict[str, np.ndarray]:
    """Layers by registered name from velocity.h5, temporalCoherence.h5 and demErr.h5 of `folder`.

    reference: (rows, cols), True in the reference area; its median rate becomes zero, because MintPy's corrections move it.
    Cells that MintPy did not invert are NaN, and those below `min_temporal_coherence` have no rate.
    """
    shape = reference.shape
    known = solved(folder, shape)
    coherence = np.where(known, read_layer(folder / "temporalCoherence.h5", "temporalCoherence", shape), np.nan)
    rated = known & (coherence >= min_temporal_coherence)
    if not (rated & reference).any():
        raise ProcessorError(
            "MintPy gave no cell of the reference area a rate",
            "lower sbas.min_temporal_coherence, or see rates.reference",
        )
    rate = np.where(rated, read_layer(folder / "velocity.h5", "velocity", shape) * MM_PER_M, np.nan)
    std = np.where(rated, read_layer(folder / "velocity.h5", "velocityStd", shape) * MM_PER_M, np.nan)
    layers = {"los_rate_mm_per_yr": rate - np.nanmedian(rate[reference]), "los_rate_std_mm_per_yr": std}
    layers |= los.phase_layers(layers, wavelength_m) | {"temporal_coherence": coherence}
    if dem_error:
        layers["dem_error_m"] = np.where(known, read_layer(folder / "demErr.h5", "dem", shape), np.nan)
    return layers


def read_series(path: Path, reference: np.ndarray, put: Callable[[slice, slice, np.ndarray], None]) -> None:
    """Hand the displacement of a MintPy time series on, block by block, in mm: see `io.series.create`."""
    known = solved(path.parent, reference.shape)
    zero = known & reference
    with h5py.File(path) as file:
        values = file["timeseries"]
        level = np.array([np.median(values[k][zero]) for k in range(len(values))])
        for start in range(0, reference.shape[0], ROWS):
            rows = slice(start, min(start + ROWS, reference.shape[0]))
            block = (values[:, rows] - level[:, None, None]) * MM_PER_M
            put(rows, slice(0, reference.shape[1]), np.where(known[rows], block, np.nan))


def solved(folder: Path, shape: tuple[int, int]) -> np.ndarray:
    """Cells that MintPy inverted, less the one that it took as reference: that holds no measurement (`mintpy_files`)."""
    path = folder / "numInvIfgram.h5"
    known = read_layer(path, "mask", shape) > 0
    with h5py.File(path) as file:
        known[int(file.attrs["REF_Y"]), int(file.attrs["REF_X"])] = False
    return known

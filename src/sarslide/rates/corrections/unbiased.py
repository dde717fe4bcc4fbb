"""Pairs without the bias of their length, and rates whose error knows of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.names import pair_days
from sarslide.phase import wrapped
from sarslide.rates.delays.pairs import ReadPair
from sarslide.rates.los import mm_per_rad


def without_bias(read: ReadPair, files: Mapping[str, Any], grid: RegionGrid, is_wrapped: bool = False) -> ReadPair:
    """A reader of pairs less the bias of their length.

    Parameters
    ----------
    read : callable
        Pair, or pair, rows, cols -> phase (rad) first, then whatever else.
    files : mapping
        `pair_bias_rad`; without it the pairs stay as they are.
    grid : RegionGrid
        Grid on which the file must lie.
    is_wrapped : bool
        Whether the phase is wrapped, and stays so.

    Returns
    -------
    callable
        `read` with phase less the bias. It raises RasterError for a pair of a length that the
        raster does not have.
    """
    if not files.get("pair_bias_rad"):
        return read
    path = files["pair_bias_rad"]
    raster.check_grid(path, grid)
    bands = {name: k for k, name in enumerate(raster.band_names(path), start=1)}

    def unbiased(pair: str, *block: slice) -> tuple[np.ndarray, ...]:
        days = str(pair_days(pair))
        if days not in bands:
            raise RasterError(f"{path}: has no bias of pairs of {days} days, as {pair} is", "run pair_bias again")
        phase, *others = read(pair, *block)
        rows, cols = block or (slice(0, grid.rows), slice(0, grid.cols))
        bias = raster.read_block(path, rows, cols, bands[days])
        return wrapped(phase - bias) if is_wrapped else phase - bias, *others

    return unbiased


def with_bias_error(
    layers: Mapping[str, np.ndarray], files: Mapping[str, Any], wavelength_m: float, grid: RegionGrid
) -> dict[str, np.ndarray]:
    """Rates whose standard errors include that of the bias that was taken off their pairs.

    It is the one of a stack of equal weights, for all methods. The closures that it comes from see
    nothing of the noise of dates, nor a stack of theirs: the squares add.

    Parameters
    ----------
    layers : mapping of str to (rows, cols) array of float
        Rate layers by registered name.
    files : mapping
        `pair_bias_rate_std_rad_per_yr`; without it the layers stay as they are.
    wavelength_m : float
        Radar wavelength, m.
    grid : RegionGrid
        Grid of the layers.

    Returns
    -------
    dict of str to (rows, cols) array of float
        The layers.
    """
    if not files.get("pair_bias_rate_std_rad_per_yr"):
        return dict(layers)
    std = raster.read(files["pair_bias_rate_std_rad_per_yr"], grid)
    of_bias = {"phase_rate_std_rad_per_yr": std, "los_rate_std_mm_per_yr": std * abs(mm_per_rad(wavelength_m))}
    return {name: np.hypot(values, of_bias[name]) if name in of_bias else values for name, values in layers.items()}

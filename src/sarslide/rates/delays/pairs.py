"""The pairs of a stack less the delays of their dates."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.names import split_pair
from sarslide.network import dates_of
from sarslide.phase import wrapped
from sarslide.rates.los import delay_to_phase_rad
from sarslide.rates.records import common_wavelength_m

# pair, or pair, rows, cols -> phase (rad) first, then whatever else
ReadPair = Callable[..., tuple]
DATES_HELD = 6


def without_delays(
    read: ReadPair, pairs: Sequence[str], files: Mapping[str, Any], grid: RegionGrid, is_wrapped: bool = False
) -> ReadPair:
    """A reader of pairs less the delays of their dates.

    Parameters
    ----------
    read : callable
        Pair, or pair, rows, cols -> phase (rad) first, then whatever else.
    pairs : sequence of str
        Names of the pairs.
    files : mapping
        `delays`, layer `slant_delay_mm` of the dates of the pairs in their order, and `sidecars` of
        the pairs; without delays the pairs stay as they are.
    grid : RegionGrid
        Grid on which the files must lie.
    is_wrapped : bool
        Whether the phase is wrapped, and stays so.

    Returns
    -------
    callable
        `read` with phase that has lost what the delay of the later date adds and that of the
        earlier one takes away; NaN where one is unknown.
    """
    if not files.get("delays"):
        return read
    paths = dict(zip(dates_of(pairs), files["delays"], strict=True))
    wavelength_m = common_wavelength_m(read_json(path) for path in files["sidecars"])
    for path in paths.values():
        raster.check_grid(path, grid)

    @lru_cache(maxsize=DATES_HELD)
    def delay_mm(date: str, *block: int) -> np.ndarray:
        if not block:
            return raster.read(paths[date])
        return raster.read_block(paths[date], slice(*block[:2]), slice(*block[2:]))

    def corrected(pair: str, *block: slice) -> tuple[np.ndarray, ...]:
        phase, *others = read(pair, *block)
        ends = [end for part in block for end in (part.start, part.stop)]
        earlier, later = (delay_mm(date, *ends) for date in split_pair(pair))
        phase = phase - delay_to_phase_rad(later - earlier, wavelength_m)
        return wrapped(phase) if is_wrapped else phase, *others

    return corrected

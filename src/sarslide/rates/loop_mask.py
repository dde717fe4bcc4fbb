"""Pairs without the cells that phase closure calls wrong, for whatever reads unwrapped pairs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sarslide.errors import RasterError
from sarslide.insar.error_cycles import apply
from sarslide.io import raster

# pair, or pair, rows, cols -> unwrapped phase (rad) first, then whatever else
ReadPair = Callable[..., tuple]


def without_loop_errors(read: ReadPair, errors: str | Path | None, correct: bool = False) -> ReadPair:
    """`read` with NaN in the unwrapped phase of cells that `errors`, the raster `loop_error_cycles`, calls wrong.

    errors: None or empty leaves `read` as it is. correct: known cycles are taken out instead (`closure.apply`). Raises
    RasterError for a pair that the raster does not have.
    """
    if not errors:
        return read
    path = Path(errors)
    bands = {name: k for k, name in enumerate(raster.band_names(path), start=1)}

    def masked(pair: str, *block: slice) -> tuple[np.ndarray, ...]:
        if pair not in bands:
            raise RasterError(f"{path}: has no band of pair {pair}", "run closure again")
        unwrapped, *others = read(pair, *block)
        cycles = raster.read_block(path, *block, bands[pair]) if block else raster.read(path, None, bands[pair])
        return apply(unwrapped, cycles, correct), *others

    return masked

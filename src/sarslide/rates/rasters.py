"""The pairs of a track from rasters, and its rate layers to rasters: what the rules of the whole period and of windows share."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.rates.loop_mask import without_loop_errors
from sarslide.rates.passes import RateSettings, ReadUnwrapped
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.records import common_wavelength_m


def reader(pairs: Sequence[str], grid: RegionGrid, *kinds: Sequence[str]) -> Callable[[str], tuple[np.ndarray, ...]]:
    """pair -> first band of its file of each kind. kinds: paths in the order of `pairs`."""
    paths = dict(zip(pairs, zip(*kinds, strict=True), strict=True))
    return lambda pair: tuple(raster.read(path, grid) for path in paths[pair])


def unwrapped_reader(params: Mapping, files: Mapping, grid: RegionGrid) -> ReadUnwrapped:
    """pair -> unwrapped phase, coherence, components, as the rates read them.

    params: pairs. files: unwrapped, coherence, conncomp in the order of the pairs, and `loop_errors` (none: cells that fail to
    close are kept).
    """
    read = reader(params["pairs"], grid, files["unwrapped"], files["coherence"], files["conncomp"])
    return without_loop_errors(read, files.get("loop_errors"))


def write_stacked(rule: str, files: Mapping, params: Mapping, output: Mapping) -> None:
    """`stack_rates` from files to files, with reference and sidecar.

    params: grid, pairs, and the leaf params of the rates. files: as in `unwrapped_reader`, sidecars, elevation, layover_shadow.
    output: a path for each layer, reference and sidecar. Raises RateError without pairs.
    """
    grid = RegionGrid.from_dict(params["grid"])
    if not params["pairs"]:
        raise RateError("no pair lies in the window", "widen the window of rates.windows, or add acquisitions")
    rates = stack_rates(
        unwrapped_reader(params, files, grid),
        params["pairs"],
        raster.read(files["elevation"], grid),
        common_wavelength_m(read_json(path) for path in files["sidecars"]),
        RateSettings.of(params, grid),
        exclude=raster.read(files["layover_shadow"], grid) > 0,
    )
    for layer, values in (rates.layers | {"stable_ground": rates.ground}).items():
        raster.write(output[layer], values, grid, layer)
    write_json(output["reference"], rates.reference.to_dict(grid))
    write_json(output["sidecar"], sidecar(rule, files, params, rates.notes("rad_per_yr")))

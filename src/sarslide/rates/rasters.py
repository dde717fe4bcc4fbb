"""The pairs of a stack from rasters, and its rate layers to rasters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.errors import RasterError, RateError
from sarslide.grid import RegionGrid
from sarslide.insar.error_cycles import UNKNOWN, apply
from sarslide.insar.pair_blocks import block_reader
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.layers import hidden
from sarslide.rates.corrections.unbiased import with_bias_error, without_bias
from sarslide.rates.delays.pairs import ReadPair, without_delays
from sarslide.rates.passes import ReadUnwrapped, ReadWrapped
from sarslide.rates.pipeline import StackLayers, stack_rates
from sarslide.rates.records import common_wavelength_m
from sarslide.rates.settings import RateSettings


def reader(pairs: Sequence[str], grid: RegionGrid, *kinds: Sequence[str]) -> ReadPair:
    """A reader of whole rasters of pairs.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.
    grid : RegionGrid
        Grid on which the files must lie.
    *kinds : sequence of str
        Paths of one kind of file, in the order of `pairs`.

    Returns
    -------
    callable
        Pair -> first band of its file of each kind, (rows, cols) each.
    """
    paths = dict(zip(pairs, zip(*kinds, strict=True), strict=True))
    return lambda pair: tuple(raster.read(path, grid) for path in paths[pair])


def unwrapped_reader(params: Mapping[str, Any], files: Mapping[str, Any], grid: RegionGrid) -> ReadUnwrapped:
    """A reader of whole unwrapped pairs, as the rates read them.

    Parameters
    ----------
    params : mapping
        pairs.
    files : mapping
        unwrapped, coherence, conncomp in the order of the pairs, loop_errors as in
        `without_loop_errors`, delays and bias as in `without_delays` and
        `without_bias`.
    grid : RegionGrid
        Grid on which the files must lie.

    Returns
    -------
    callable
        Pair -> unwrapped phase (rad), coherence, components, (rows, cols) each.
    """
    read = reader(params["pairs"], grid, files["unwrapped"], files["coherence"], files["conncomp"])
    kept = without_loop_errors(read, files.get("loop_errors"))
    return without_delays(without_bias(kept, files, grid), params["pairs"], files, grid)


def wrapped_reader(params: Mapping[str, Any], files: Mapping[str, Any], grid: RegionGrid) -> ReadWrapped:
    """A reader of whole wrapped pairs, as the averages read them.

    Parameters
    ----------
    params : mapping
        pairs.
    files : mapping
        wrapped, coherence in the order of the pairs, delays and bias as in `without_delays` and
        `without_bias`.
    grid : RegionGrid
        Grid on which the files must lie.

    Returns
    -------
    callable
        Pair -> wrapped phase (rad), coherence, (rows, cols) each.
    """
    read = reader(params["pairs"], grid, files["wrapped"], files["coherence"])
    unbiased = without_bias(read, files, grid, is_wrapped=True)
    return without_delays(unbiased, params["pairs"], files, grid, is_wrapped=True)


def unwrapped_block_reader(params: Mapping[str, Any], files: Mapping[str, Any], grid: RegionGrid) -> ReadPair:
    """A reader of blocks of unwrapped pairs.

    Parameters
    ----------
    params, files, grid
        As in `unwrapped_reader`.

    Returns
    -------
    callable
        Pair, rows, cols -> unwrapped phase (rad), coherence, components of the block.

    Raises
    ------
    RasterError
        A file does not lie on the grid.
    """
    read = block_reader(params["pairs"], grid, files["unwrapped"], files["coherence"], files["conncomp"])
    kept = without_loop_errors(read, files.get("loop_errors"))
    return without_delays(without_bias(kept, files, grid), params["pairs"], files, grid)


def without_loop_errors(read: ReadPair, errors: str | Path | None, correct: bool = False) -> ReadPair:
    """A reader of pairs without the cells, or the cycles, that are wrong.

    Parameters
    ----------
    read : callable
        Pair, or pair, rows, cols -> unwrapped phase (rad) first, then whatever else, components
        (None: the engine has none) last.
    errors : path, optional
        Raster `loop_error_cycles`: its cells are left out; or `rate_error_cycles`: its cycles are
        taken out, and known cells belong to the component whose level they have. None or empty
        leaves `read` as it is.
    correct : bool
        Take cycles that closure knows out instead (`insar.error_cycles.apply`).

    Returns
    -------
    callable
        `read` with the unwrapped phase, and components, of what is right. It raises RasterError for
        a pair that the raster does not have.
    """
    if not errors:
        return read
    path = Path(errors)
    bands = {name: k for k, name in enumerate(raster.band_names(path), start=1)}
    tags = raster.tags_of(path)
    of_rate = tags.get("layer") == "rate_error_cycles"
    components = dict(zip(bands, map(int, tags["components"].split()), strict=True)) if of_rate else {}

    def corrected(pair: str, *block: slice) -> tuple:
        if pair not in bands:
            raise RasterError(f"{path}: has no band of pair {pair}", "run closure again")
        unwrapped, *others = read(pair, *block)
        band = bands[pair]
        cycles = raster.read_block(path, block[0], block[1], band) if block else raster.read(path, None, band)
        if of_rate and others[-1] is not None:
            others[-1] = np.where(cycles == UNKNOWN, others[-1], components[pair])
        return apply(unwrapped, cycles, correct or of_rate), *others

    return corrected


def write_stacked(rule: str, files: Mapping[str, Any], params: Mapping[str, Any], output: Mapping[str, Any]) -> None:
    """`stack_rates` from files to files, with reference and sidecar.

    Parameters
    ----------
    rule : str
        Name of the rule, for the sidecar.
    files : mapping
        As in `unwrapped_reader`, and sidecars, elevation, layover_shadow.
    params : mapping
        grid, pairs, and the leaf params of the rates.
    output : mapping
        A path for each layer, reference and sidecar.

    Raises
    ------
    RateError
        There are no pairs.
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
        exclude=hidden(raster.read(files["layover_shadow"], grid)),
    )
    write_rates(rates, rule, files, params, output)


def write_rates(
    rates: StackLayers, rule: str, files: Mapping[str, Any], params: Mapping[str, Any], output: Mapping[str, Any]
) -> None:
    """Rates of unwrapped pairs, with reference and sidecar.

    Parameters
    ----------
    rates : StackLayers
        Layers, ground and notes.
    rule : str
        Name of the rule, for the sidecar.
    files : mapping
        Inputs of the rule.
    params : mapping
        grid, and what else decided the rates.
    output : mapping
        A path for each layer, reference and sidecar.
    """
    grid = RegionGrid.from_dict(params["grid"])
    wavelength_m = common_wavelength_m(read_json(path) for path in files["sidecars"])
    found = with_bias_error(rates.layers, files, wavelength_m, grid)
    for layer, values in (found | {"stable_ground": rates.ground.layer}).items():
        raster.write(output[layer], values, grid, layer)
    write_json(output["reference"], rates.ground.reference.to_dict(grid))
    write_json(output["sidecar"], sidecar(rule, dict(files), dict(params), rates.notes("rad_per_yr")))

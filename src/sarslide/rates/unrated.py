"""Frames of a region whose ground gives no rate: their layers are unknown, and the region goes on.

A region of one frame has no neighbours that could go on: there the error ends the job.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sarslide import layers
from sarslide.errors import SarslideError
from sarslide.frames import WHOLE
from sarslide.grid import RegionGrid
from sarslide.io import raster, series
from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import sidecar, write_json
from sarslide.network import MIN_PAIRS, dates_of
from sarslide.rates.reference import ReferenceArea

log = logging.getLogger(__name__)


@contextmanager
def unknown_without_ground(snakemake: Any) -> Iterator[None]:
    """The work of a job that makes rates of a frame, or of the whole region.

    A frame of several whose ground gives no rate gets unknown layers, no stable ground and, in
    place of a reference area, the reason.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        What Snakemake gives to a script.

    Yields
    ------
    None
        Once.

    Raises
    ------
    SarslideError
        In a region of one frame, where the pairs of the stack are too few for any frame, and where
        the cause is not the ground.
    """
    try:
        yield
    except SarslideError as error:
        frame, pairs = snakemake.wildcards.frame, snakemake.params.get("pairs")
        if not error.of_ground or frame == WHOLE or (pairs is not None and len(pairs) < MIN_PAIRS):
            raise
        write_unknown(snakemake, f"no rates: {error.problem}")


def why_unrated(reference: Mapping[str, Any]) -> str | None:
    """Why a frame has no rates.

    Parameters
    ----------
    reference : mapping of str to Any
        Its `reference.json`.

    Returns
    -------
    str, optional
        The reason; None of a frame with rates.
    """
    return None if reference["cells"] else str(reference["reason"])


def write_unknown(snakemake: Any, reason: str) -> None:
    """Write all outputs of a job of a frame without rates.

    Rasters by the layer in their names, time series, records; files of MintPy are empty.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        What Snakemake gives to a script.
    reason : str
        Why there are no rates.
    """
    log.warning("frame %s has %s", snakemake.wildcards.frame, reason)
    files, params, outputs = (dict(each.items()) for each in (snakemake.input, snakemake.params, snakemake.output))
    grid = RegionGrid.from_dict(params["grid"])
    nowhere = ReferenceArea(np.zeros(grid.shape, bool), reason).to_dict(grid)
    for path in (Path(each) for made in outputs.values() for each in ([made] if isinstance(made, str) else made)):
        if path.suffix == ".tif":
            layer = path.stem.rsplit(".", 1)[-1]
            raster.write(path, unknown(layer, grid), grid, layer)
        elif path.suffix == ".nc":
            with series.create(path, grid, params.get("dates") or dates_of(params["pairs"])):
                pass
        elif path.suffix == ".h5":
            with atomic_file(path) as temporary:
                temporary.touch()
    if "reference" in outputs:
        write_json(outputs["reference"], nowhere)
    write_json(outputs["sidecar"], sidecar(snakemake.rule, files, params, {"reference": nowhere}))


def unknown(layer: str, grid: RegionGrid) -> np.ndarray:
    """A layer of rates where nothing is known.

    Parameters
    ----------
    layer : str
        Its registered name.
    grid : RegionGrid
        The grid.

    Returns
    -------
    (rows, cols) array of float
        NaN; 0 of counts and of stable ground, which is then moving or incoherent everywhere; 255 of
        layover and shadow, not acquired.
    """
    if layer == "layover_shadow":
        return np.full(grid.shape, 255.0)
    counted = np.issubdtype(np.dtype(layers.get(layer).dtype), np.integer)
    return np.full(grid.shape, 0.0 if counted else np.nan)

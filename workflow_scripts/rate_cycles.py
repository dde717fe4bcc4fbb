"""rate_cycles: pairs of one stack -> cycles by which each is wrong beside the rate that all share.

inputs, per pair: unwrapped phase (rad, grows when the ground moves away), wrapped phase (rad;
unfiltered band), coherence, connected components (0 = not reliable); stable ground; elevation (m).
outputs: cycles (one band a pair; unknown where the pairs agree on no rate); rate_cycles.json with
the interval of the motion and, of every pair, the cells that are known and those that change.
"""

import tempfile
from pathlib import Path

import numpy as np

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.error_cycles import UNKNOWN, is_wrong
from sarslide.io import raster
from sarslide.io.blocks import strips
from sarslide.io.sidecar import sidecar, write_json
from sarslide.rates.rasters import reader
from sarslide.rates.rate_cycles import ErrorCycles, find_error_cycles

ROWS_AT_ONCE = 256  # of all pairs, those of a tile


def main(snakemake, log) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid, pairs = RegionGrid.from_dict(params.grid), list(params.pairs)
    stable = raster.read(files.stable_ground, grid) >= 1
    read = reader(pairs, grid, files.unwrapped, files.wrapped, files.coherence, files.conncomp)
    elevation_m = raster.read(files.elevation, grid)
    # A byte a pair and cell waits in a file without a name, which goes with the job.
    with tempfile.TemporaryFile(dir=Path(output.rate_error_cycles).parent) as waiting:
        cycles = np.memmap(waiting, np.int8, "w+", shape=(len(pairs), *grid.shape))
        found = find_error_cycles(read, pairs, elevation_m, stable, grid.cell_m, cycles)
        known, changed = _written(found, pairs, grid, output.rate_error_cycles)
    log.info("%d of %d phases change their cycles", changed.sum(), known.sum())
    about = {
        "interval_days": found.motion.days,
        "pairs_of_interval": found.motion.pairs,
        "moving_cells": int(np.count_nonzero(found.motion.phase_rad)),
        "pairs": {
            pair: {"component": component, "known": int(cells), "changed": int(wrong)}
            for pair, component, cells, wrong in zip(pairs, found.components, known, changed, strict=True)
        },
    }
    write_json(output.about, sidecar("rate_cycles", dict(files.items()), dict(params.items()), about))


def _written(found: ErrorCycles, pairs: list[str], grid: RegionGrid, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Write the cycles; the cells of each pair that are known, and those that change."""
    known, changed = np.zeros((2, len(pairs)), int)
    tags = {"components": " ".join(map(str, found.components))}
    every = slice(0, grid.cols)
    with raster.create(path, grid, "rate_error_cycles", tags, bands=tuple(pairs)) as put:
        for rows in strips(grid.rows, ROWS_AT_ONCE):
            for k, part in enumerate(np.array(found.cycles[:, rows])):
                known[k] += np.count_nonzero(part != UNKNOWN)
                changed[k] += np.count_nonzero(is_wrong(part))
                put(rows, every, part, k + 1)
    return known, changed


with job(snakemake) as log:
    main(snakemake, log)

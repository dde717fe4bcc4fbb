"""rate_cycles: pairs of one stack -> cycles by which each is wrong beside the rate that all share.

inputs, per pair: unwrapped phase (rad, grows when the ground moves away), wrapped phase (rad;
unfiltered band), coherence, connected components (0 = not reliable); stable ground; elevation (m).
outputs: cycles (one band a pair; unknown where the pairs agree on no rate); rate_cycles.json with
the interval of the motion and, of every pair, the cells that are known and those that change.
"""

import numpy as np

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.error_cycles import UNKNOWN, is_wrong
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.rates.rasters import reader
from sarslide.rates.rate_cycles import find_error_cycles


def main(snakemake, log) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid, pairs = RegionGrid.from_dict(params.grid), list(params.pairs)
    stable = raster.read(files.stable_ground, grid) >= 1
    found = find_error_cycles(
        reader(pairs, grid, files.unwrapped, files.wrapped, files.coherence, files.conncomp),
        pairs, raster.read(files.elevation, grid), stable, grid.cell_m,
    )  # fmt: skip
    tags = {"components": " ".join(map(str, found.components))}
    raster.write(output.rate_error_cycles, found.cycles, grid, "rate_error_cycles", tags, bands=pairs)
    known, changed = (found.cycles != UNKNOWN).sum((1, 2)), is_wrong(found.cycles).sum((1, 2))
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


with job(snakemake) as log:
    main(snakemake, log)

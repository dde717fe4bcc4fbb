"""isce2_amplitude: ISCE2's coregistered bursts of a stack -> mean backscatter on the region grid.

inputs: markers of the coregistration of all dates, the reference date's geometry. output: mean
power of the samples of a cell over all dates, in dB, uncalibrated.
"""

from pathlib import Path

import numpy as np

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.isce2.regrid import mean_power, read_cells
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    params = snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    work = Path(snakemake.input.topo).parent
    folders = {Path(path).parent.name: Path(path).parent for path in snakemake.input.coregistered}
    power = mean_power(folders, params.reference, read_cells(work, work.parent / "cells"), grid)
    raster.write(snakemake.output.amplitude, 10 * np.log10(power), grid, "mean_amplitude_db")
    write_json(
        snakemake.output.sidecar, sidecar("isce2_amplitude", dict(snakemake.input.items()), dict(params.items()))
    )


with job(snakemake):
    main(snakemake)

"""mean_amplitude: geocoded SLCs of a stack -> mean backscatter on the region grid.

inputs: geocoded SLCs. output: mean power of the samples of a cell over all dates, in dB,
uncalibrated.
"""

import numpy as np

from sarslide.workflow.job import job
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.interferogram import mean_power
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    grid = RegionGrid.from_dict(snakemake.params.grid)
    power = mean_power(snakemake.input.gslc, Lattice.of(grid))
    raster.write(snakemake.output.amplitude, 10 * np.log10(power), grid, "mean_amplitude_db")
    write_json(
        snakemake.output.sidecar,
        sidecar("mean_amplitude", dict(snakemake.input.items()), dict(snakemake.params.items())),
    )


with job(snakemake):
    main(snakemake)

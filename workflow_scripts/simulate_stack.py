"""simulate_stack: simulated world -> Sentinel-1 SAFE products of one stack, and what it saw.

inputs: world (npz). outputs: one folder per date with a SAFE product and its EOF orbit file; per
date the true path delay (mm along the line of sight, positive = longer path); true line-of-sight
rate (mm/yr, positive towards the satellite, the mean between the first and the last of these
dates); true observability (what the track could see: 1 = no layover, no shadow, inside the swath);
sidecar.
"""

import sys

from tqdm import tqdm

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    from sarsim.scattering import scattering_of
    from sarsim.stack import StackSimulator
    from sarsim.world import load_world

    params, output = snakemake.params, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    stack = StackSimulator(load_world(snakemake.input.world), params.stack, scattering=scattering_of(snakemake.params))
    dates = tqdm(params.dates, desc=f"simulate {params.stack}", unit="date", file=sys.stderr, disable=None)
    for date, folder, atmosphere in zip(dates, output.slc, output.atmosphere, strict=True):
        raster.write(atmosphere, stack.simulate(date, folder), grid, "true_atmosphere_mm", bands=[date])
    raster.write(output.los_rate, stack.mean_los_rate(params.dates), grid, "true_los_rate_mm_per_yr")
    raster.write(output.observable, stack.observable, grid, "true_observable")
    write_json(output.sidecar, sidecar("simulate_stack", dict(snakemake.input.items()), dict(params.items())))


with job(snakemake):
    main(snakemake)

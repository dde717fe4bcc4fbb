"""simulate_date: simulated world -> the Sentinel-1 SAFE product of one later date.

inputs: world (npz). outputs: folder with a SAFE product, the same bytes as in a longer run, and its
EOF orbit file; true path delay (mm along the line of sight, positive = longer path).
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster


def main(snakemake) -> None:
    from sarsim.scattering import scattering_of
    from sarsim.stack import StackSimulator
    from sarsim.world import load_world

    date = snakemake.wildcards.date
    stack = StackSimulator(
        load_world(snakemake.input.world), snakemake.wildcards.stack, scattering=scattering_of(snakemake.params)
    )
    delay = stack.simulate(date, snakemake.output.slc)
    grid = RegionGrid.from_dict(snakemake.params.grid)
    raster.write(snakemake.output.atmosphere, delay, grid, "true_atmosphere_mm", bands=[date])


with job(snakemake):
    main(snakemake)

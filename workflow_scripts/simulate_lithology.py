"""simulate_lithology: simulated world -> rock classes on the region grid.

inputs: world.npz. outputs: lithology (uint8, codes of sarslide.layers.LITHOLOGY), sidecar.
params: seed.
"""

from sarslide.workflow.job import job
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    from sarsim.optical import lithology
    from sarsim.world import load_world

    world = load_world(snakemake.input.world)
    raster.write(snakemake.output.lithology, lithology(world, snakemake.params.seed), world.region, "lithology")
    inputs, params = dict(snakemake.input.items()), dict(snakemake.params.items())
    write_json(snakemake.output.sidecar, sidecar("simulate_lithology", inputs, params))


with job(snakemake):
    main(snakemake)

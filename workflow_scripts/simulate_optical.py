"""simulate_optical: simulated world -> Sentinel-2's surface reflectance on the region grid.

inputs: world.npz. outputs: reflectance_b02, b03, b04, b08 (bands 2, 3, 4 and 8; 0..1), sidecar.
params: seed.
"""

from sarslide.workflow.job import job
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    from sarsim.optical import reflectance
    from sarsim.world import load_world

    world = load_world(snakemake.input.world)
    for name, values in reflectance(world, snakemake.params.seed).items():
        raster.write(snakemake.output[name], values, world.region, name)
    inputs, params = dict(snakemake.input.items()), dict(snakemake.params.items())
    write_json(snakemake.output.sidecar, sidecar("simulate_optical", inputs, params))


with job(snakemake):
    main(snakemake)

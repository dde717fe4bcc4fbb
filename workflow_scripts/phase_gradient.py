"""phase_gradient: wrapped pairs of one stack -> gradient of the phase rate, not unwrapped (B30).

inputs: per pair wrapped phase (rad, grows when the ground moves away; the unfiltered band) and
coherence; stable ground of the averaged phase; elevation (m). outputs: growth of the phase rate
(positive away) towards the east and the north, rad/yr a metre, each with its standard error.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.rates.ground import Ground
from sarslide.rates.phase_gradient import phase_gradient
from sarslide.rates.rasters import wrapped_reader
from sarslide.rates.settings import RateSettings
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    params, files = dict(snakemake.params.items()), snakemake.input
    grid = RegionGrid.from_dict(params["grid"])
    layers, removed = phase_gradient(
        wrapped_reader(params, dict(files.items()), grid),
        params["pairs"],
        Ground.from_layer(raster.read(files.elevation, grid), raster.read(files.stable_ground, grid)),
        grid.cell_m,
        RateSettings.of(params, grid),
    )
    for layer, values in layers.items():
        raster.write(snakemake.output[layer], values, grid, layer)
    notes = {"removed": removed}
    write_json(snakemake.output.sidecar, sidecar("phase_gradient", dict(files.items()), params, notes))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

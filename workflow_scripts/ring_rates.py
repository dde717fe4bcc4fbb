"""ring_rates: unwrapped pairs of one stack -> LOS rate of each cell against its surroundings.

inputs: per pair unwrapped phase (rad, grows when the ground moves away), connected components,
coherence and sidecar; stable ground of the rate method; elevation (m). outputs: LOS rate (mm/yr,
positive towards the satellite) against the stable ground between the radii
`rates.double_difference_km`, and its standard error.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.rates.ground import Ground
from sarslide.rates.rasters import unwrapped_reader
from sarslide.rates.records import common_wavelength_m
from sarslide.rates.ring import ring_rates
from sarslide.rates.settings import RateSettings, ring_in_cells
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    params, files = dict(snakemake.params.items()), dict(snakemake.input.items())
    grid = RegionGrid.from_dict(params["grid"])
    layers, removed = ring_rates(
        unwrapped_reader(params, files, grid),
        params["pairs"],
        Ground.from_layer(raster.read(files["elevation"], grid), raster.read(files["stable_ground"], grid)),
        common_wavelength_m(read_json(path) for path in files["sidecars"]),
        RateSettings.of(params, grid),
        ring_in_cells(params["double_difference_km"], grid),
    )
    for layer, values in layers.items():
        raster.write(snakemake.output[layer], values, grid, layer)
    write_json(snakemake.output.sidecar, sidecar("ring_rates", files, params, {"removed": removed}))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

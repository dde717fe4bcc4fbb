"""own_rates: unwrapped pairs of one stack -> rates by a function of the user's own (B30).

inputs: the user's Python file; per pair unwrapped phase (rad, grows when the ground moves away),
connected components, coherence, wrapped phase and sidecar; layover and shadow; elevation (m).
outputs: as those of stack_rates.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.layers import hidden
from sarslide.rates.own import own_rates
from sarslide.rates.rasters import unwrapped_reader, wrapped_reader, write_rates
from sarslide.rates.records import common_wavelength_m
from sarslide.rates.settings import RateSettings
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    params, files, output = dict(snakemake.params.items()), dict(snakemake.input.items()), snakemake.output
    grid = RegionGrid.from_dict(params["grid"])
    rates = own_rates(
        files["method"],
        unwrapped_reader(params, files, grid),
        wrapped_reader(params, files, grid),
        params["pairs"],
        raster.read(files["elevation"], grid),
        grid,
        common_wavelength_m(read_json(path) for path in files["sidecars"]),
        RateSettings.of(params, grid),
        exclude=hidden(raster.read(files["layover_shadow"], grid)),
    )
    write_rates(rates, "own_rates", files, params, output)


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

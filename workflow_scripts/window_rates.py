"""window_rates: unwrapped pairs of one stack, both dates inside a window -> phase rate and LOS rate of the window (A14).

inputs and outputs: as in stack_rates. Acquisitions outside the window are no inputs and leave the layers alone, unless
rates.loop_mask lets the closure of all pairs decide which cells are used.
"""

from sarslide.grid import RegionGrid
from sarslide.provenance import sidecar, write_json
from sarslide.rates.rasters import stack_of, write_layers
from sarslide.workflow import job


def main(snakemake) -> None:
    params, files = dict(snakemake.params.items()), dict(snakemake.input.items())
    grid = RegionGrid.from_dict(params["grid"])
    rates = stack_of(params, files)
    write_layers(snakemake.output, rates, grid)
    write_json(snakemake.output.reference, rates.reference.to_dict(grid))
    write_json(snakemake.output.sidecar, sidecar("window_rates", files, params, rates.notes("rad_per_yr")))


with job(snakemake):
    main(snakemake)

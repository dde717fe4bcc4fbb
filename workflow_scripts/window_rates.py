"""window_rates: unwrapped pairs of one stack, both dates inside a window -> phase rate and LOS rate of the window (A14).

inputs and outputs: as in stack_rates. Acquisitions outside the window are no inputs and leave the layers alone, unless
rates.loop_mask lets the closure of all pairs decide which cells are used.
"""

from sarslide.rates.rasters import write_stacked
from sarslide.workflow.job import job


def main(snakemake) -> None:
    write_stacked("window_rates", dict(snakemake.input.items()), dict(snakemake.params.items()), snakemake.output)


with job(snakemake):
    main(snakemake)

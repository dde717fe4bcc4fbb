"""downslope_rate: LOS rate of one stack -> rate down the steepest slope (B27).

inputs: LOS rate and its standard error (mm/yr, positive towards the satellite); sensitivity to
downslope motion; slope (degree). outputs: rate down the slope (mm/yr, positive = downslope) and its
standard error; NaN where the sensitivity is too small or the ground too flat.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.rates.observability import downslope_rate


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    rate, std = downslope_rate(
        *(raster.read(path, grid) for path in (files.los_rate, files.los_rate_std, files.sensitivity, files.slope)),
        params.min_sensitivity,
        params.min_slope_deg,
    )
    raster.write(snakemake.output.rate, rate, grid, "downslope_rate_mm_per_yr")
    raster.write(snakemake.output.std, std, grid, "downslope_rate_std_mm_per_yr")
    write_json(snakemake.output.sidecar, sidecar("downslope_rate", dict(files.items()), dict(params.items())))


with job(snakemake):
    main(snakemake)

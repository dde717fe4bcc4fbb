"""product_dem: heights of a simulated region -> the same on the grid of the products.

input: ellipsoidal heights (m) on the region grid with margin. output: ellipsoidal heights (m) on
the finer grid with margin, by cubic convolution.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.retrieve.dem import region_dem


def main(snakemake) -> None:
    params, dem = snakemake.params, snakemake.input.dem
    height, padded = region_dem(dem, RegionGrid.from_dict(params.grid), params.margin_m, "ellipsoidal", None)
    raster.write(snakemake.output.dem, height, padded, "dem_m", tags={"vertical": "ellipsoidal"})
    write_json(snakemake.output.sidecar, sidecar("product_dem", dict(snakemake.input.items()), dict(params.items())))


with job(snakemake):
    main(snakemake)

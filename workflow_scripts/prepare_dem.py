"""prepare_dem: DEM file of any CRS -> resources/{region}/dem_m.tif.

inputs: DEM file (m, vertical reference by params). outputs: ellipsoidal heights (m) on the region
grid with margin.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.retrieve.dem import region_dem


def main(snakemake) -> None:
    params = snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    height, padded = region_dem(snakemake.input.dem, grid, params.margin_m, params.vertical, params.geoid_m)
    raster.write(snakemake.output.dem, height, padded, "dem_m", tags={"vertical": "ellipsoidal"})
    write_json(snakemake.output.sidecar, sidecar("prepare_dem", dict(snakemake.input.items()), dict(params.items())))


with job(snakemake):
    main(snakemake)

"""retrieve_dem: tiles of a global elevation model and its geoid -> resources/{region}/dem_m.tif.

inputs: none, the tiles are downloaded into resources/{region}/archive/. outputs: heights above the
ellipsoid (m) on the region grid with margin, sidecar. params: model glo30, aw3d30 or srtm.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.catalog.region import bounds_degree
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.retrieve.access import Access
from sarslide.retrieve.dem import on_region
from sarslide.retrieve.dem_tiles import stitched


def main(snakemake) -> None:
    params, resources = snakemake.params, snakemake.resources
    grid = RegionGrid.from_dict(params.grid)
    padded = grid.pad(params.margin_m)
    fetch = Access.of(resources).fetch
    heights, transform = stitched(
        params.model, bounds_degree(padded), resources.dem_address, resources.geoid_address, Path(params.store), fetch
    )
    height, padded = on_region(heights, transform, params.model, grid, params.margin_m)
    tags = {"vertical": "ellipsoidal", "model": params.model}
    raster.write(snakemake.output.dem, height, padded, "dem_m", tags=tags)
    write_json(snakemake.output.sidecar, sidecar("retrieve_dem", {}, dict(params.items())))


with job(snakemake):
    main(snakemake)

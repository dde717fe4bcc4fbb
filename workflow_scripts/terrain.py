"""terrain: DEM -> the terrain layers and shaded relief on the region grid.

input: ellipsoidal heights (m) on the region grid with margin. outputs: sarslide.layers.TERRAIN and
hillshade, units and signs as registered. Methods: sarslide.terrain.derivatives.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.terrain.dem import check_heights, check_vertical, region_part
from sarslide.terrain.derivatives import EDGE_CELLS, derivatives


def main(snakemake) -> None:
    dem = snakemake.input.dem
    grid = RegionGrid.from_dict(snakemake.params.grid)
    check_vertical(dem, raster.tags_of(dem))
    height = raster.read_block(dem, *region_part(dem, raster.grid_of(dem), grid, EDGE_CELLS))
    check_heights(dem, height)
    inside = (slice(EDGE_CELLS, -EDGE_CELLS),) * 2
    layers = {"elevation_m": height} | derivatives(height, grid.cell_m)
    for layer, values in layers.items():
        raster.write(snakemake.output[layer], values[inside], grid, layer)
    write_json(
        snakemake.output.sidecar,
        sidecar("terrain", dict(snakemake.input.items()), dict(snakemake.params.items())),
    )


with job(snakemake):
    main(snakemake)

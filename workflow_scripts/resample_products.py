"""resample_products: final layers of a track and the terrain -> the same on a finer grid.

inputs: rates, averages, probability and geometry of one stack, terrain; all on the region grid.
outputs: the same layers with cells of `product_m`: bilinear, directions and wrapped phases as unit
vectors, classes and counts by the nearest cell.
"""

from sarslide.workflow.job import job
from sarslide import layers
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.resample import finer_grid, resample
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    params = snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    fine = finer_grid(grid, params.product_m)
    for layer, path in snakemake.input.items():
        values = resample(raster.read(path, grid), fine.rows // grid.rows, layers.get(layer))
        raster.write(snakemake.output[layer], values, fine, layer, {"resampled_from_m": f"{grid.cell_m:g}"})
    write_json(
        snakemake.output.sidecar,
        sidecar("resample_products", dict(snakemake.input.items()), dict(params.items()), {"cell_m": fine.cell_m}),
    )


with job(snakemake):
    main(snakemake)

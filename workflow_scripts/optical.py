"""optical: Sentinel-2 L2A products -> reflectance of bands 2, 3, 4 and 8 on the region grid.

inputs: products (SAFE folders, folders of band files, stacked files), or a folder of scenes.
outputs: reflectance_b02, b03, b04, b08 (0..1, NaN where nothing clear was seen), sidecar. params:
grid; scale, offset (null: as the product states).
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake, log) -> None:
    import numpy as np

    from sarslide.errors import RasterError
    from sarslide.retrieve.optical import BANDS, open_product, reflectance

    params = snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    folders = [
        folder for place in snakemake.input.scenes for folder in sorted(Path(place).iterdir()) if folder.is_dir()
    ]
    products = [open_product(path, params.scale, params.offset) for path in [*snakemake.input.products, *folders]]
    bands = np.empty((len(BANDS), *grid.shape), np.float32)
    for rows, cols, values in reflectance(products, grid):
        bands[:, rows, cols] = values
    clear = float(np.isfinite(bands[0]).mean())
    log.info("clear in %.1f %% of the region", 100 * clear)
    if not clear:
        raise RasterError(
            f"{', '.join(product.name for product in products)}: no clear pixel in the region {list(grid.bounds)}",
            "give products that cover the region, and days with less cloud",
        )
    for name, values in zip(BANDS, bands, strict=True):
        raster.write(snakemake.output[name], values, grid, name)
    about = {
        product.name: {
            "scale": {name: band.scale for name, band in product.bands.items()},
            "offset": {name: band.offset for name, band in product.bands.items()},
            "cloud_mask": product.classes is not None,
        }
        for product in products
    }
    extra = {"products": about, "clear_share": round(clear, 6)}
    write_json(snakemake.output.sidecar, sidecar("optical", dict(snakemake.input.items()), dict(params.items()), extra))


with job(snakemake) as log:
    main(snakemake, log)

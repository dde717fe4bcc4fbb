"""hyp3_geometry: look vectors of HyP3's product of the stack's first pair -> geometry on the region grid.

inputs: JSON that names the zip; DEM (m). outputs: incidence from the ellipsoid normal (degree), heading (degree, clockwise
from north), slant range (m), unit vector from the ground to the satellite (east, north, up), layover_shadow (0 good, 1
layover, 2 shadow).
"""

from pathlib import Path

from sarslide.grid import RegionGrid
from sarslide.insar.external.files import geometry
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.terrain.dem import check_heights, region_part
from sarslide.workflow.job import job

ABSENT = [
    "heading by cell (that of a track at right angles to the line of sight)",
    "slant range by cell (from the incidence over a sphere)",
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
]


def main(snakemake) -> None:
    files, output = snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(snakemake.params.grid)
    height = raster.read_block(files.dem, *region_part(files.dem, raster.grid_of(files.dem), grid, 1))
    check_heights(files.dem, height)
    told = Path(files.product)
    product = told.parent / read_json(told)["file"]
    layers, _ = geometry("hyp3", product, (), height, grid, None, None)
    for layer, values in layers.items():
        raster.write(output[layer], values, grid, layer)
    about = {"engine": "hyp3", "stack": snakemake.wildcards.stack, "absent": ABSENT}
    write_json(output.sidecar, sidecar("hyp3_geometry", dict(files.items()), dict(snakemake.params.items()), about))


with job(snakemake):
    main(snakemake)

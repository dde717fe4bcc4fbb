"""hyp3_geometry: look vectors of HyP3's product of the stack's first pair -> geometry on the region
grid.

inputs: JSON that names the zip; DEM (m). outputs: incidence from the ellipsoid normal (degree),
heading (degree, clockwise from north), slant range (m), unit vector from the ground to the
satellite (east, north, up), layover_shadow (0 good, 1 layover, 2 shadow, 255 not
acquired).
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.contract import write_geometry
from sarslide.insar.external.hyp3 import line_of_sight, open_stored
from sarslide.insar.external.line_of_sight import read_heights, with_layover
from sarslide.io.sidecar import sidecar

ABSENT = [
    "heading by cell (that of a track at right angles to the line of sight)",
    "slant range by cell (from the incidence over a sphere)",
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
]


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid, product = RegionGrid.from_dict(params.grid), open_stored(files.product)
    layers = with_layover(line_of_sight(product, grid), read_heights(files.dem, grid), grid, product.path)
    extra = {"engine": "hyp3", "stack": snakemake.wildcards.stack, "absent": ABSENT}
    about = sidecar("hyp3_geometry", dict(files.items()), dict(params.items()), extra)
    write_geometry(snakemake.output, layers, grid, about)


with job(snakemake):
    main(snakemake)

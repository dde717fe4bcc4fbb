"""snap_geometry: SNAP's products of the stack's first pair -> geometry on the region grid.

inputs: sidecar of the geocoding, beside which the products lie. outputs: incidence from the ellipsoid normal (degree),
heading (degree, clockwise from north), slant range (m), unit vector from the ground to the satellite (east, north, up),
layover_shadow.
"""

from pathlib import Path

from sarslide.grid import RegionGrid
from sarslide.insar.snap.product import geometry
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.workflow.job import job

ABSENT = ["heading by cell (that of the scene's centre)", "slant range by cell (from the incidence over a sphere)"]


def main(snakemake) -> None:
    grid, output = RegionGrid.from_dict(snakemake.params.grid), snakemake.output
    for layer, values in geometry(Path(snakemake.input.geocoded).with_name("geocoded.dim"), grid).items():
        raster.write(output[layer], values, grid, layer)
    about = {"engine": "snap", "stack": snakemake.wildcards.stack, "absent": ABSENT}
    inputs, params = dict(snakemake.input.items()), dict(snakemake.params.items())
    write_json(output.sidecar, sidecar("snap_geometry", inputs, params, about))


with job(snakemake):
    main(snakemake)

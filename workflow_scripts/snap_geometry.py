"""snap_geometry: SNAP's products of the stack's first pair -> geometry on the region grid.

inputs: sidecar of the geocoding, beside which the products lie. outputs: incidence from the
ellipsoid normal (degree), heading (degree, clockwise from north), slant range (m), unit vector from
the ground to the satellite (east, north, up), layover_shadow.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.contract import write_geometry
from sarslide.insar.snap.product import geometry
from sarslide.io.sidecar import sidecar

ABSENT = ["heading by cell (that of the scene's centre)", "slant range by cell (from the incidence over a sphere)"]


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    layers = geometry(Path(files.geocoded).with_name("geocoded.dim"), grid)
    extra = {"engine": "snap", "stack": snakemake.wildcards.stack, "absent": ABSENT}
    about = sidecar("snap_geometry", dict(files.items()), dict(params.items()), extra)
    write_geometry(snakemake.output, layers, grid, about)


with job(snakemake):
    main(snakemake)

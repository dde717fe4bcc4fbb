"""isce2_geometry: topo of the reference date -> line of sight on the region grid, and the cell of
each sample.

inputs: markers of the reference date's steps. outputs: incidence from the ellipsoid normal
(degree), heading (degree, clockwise from north), slant range (m), unit vector from the ground to
the satellite (east, north, up), layover_shadow (0 good, 1 layover, 2 shadow, 3 both, 255 not
acquired); in the work folder the cells that the samples of each burst fall in.
"""

from dataclasses import asdict
from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.contract import write_geometry
from sarslide.insar.isce2.regrid import find_cells, geometry
from sarslide.io.sidecar import sidecar

ABSENT = ["heading by cell (that of a track at right angles to the line of sight)"]


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    work = Path(files.topo).parent
    bursts = find_cells(work, work.parent / "cells", grid)
    layers = asdict(geometry(work, bursts, grid))
    extra = {
        "engine": "isce2",
        "stack": snakemake.wildcards.stack,
        "date": params.reference,
        "bursts": [burst.stem for burst in bursts],
        "absent": ABSENT,
    }
    about = sidecar("isce2_geometry", dict(files.items()), dict(params.items()), extra)
    write_geometry(snakemake.output, layers, grid, about)


with job(snakemake):
    main(snakemake)

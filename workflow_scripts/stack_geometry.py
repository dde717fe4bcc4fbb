"""stack_geometry: the first date of a stack + DEM -> line of sight, incidence, heading, range,
layover and shadow.

inputs: folder with SAFE product(s) and orbit file; DEM (ellipsoidal heights, m). outputs: incidence
from the ellipsoid normal (degree), heading (degree, clockwise from north), slant range (m), unit
vector from the ground to the satellite (east, north, up), layover_shadow (0 good, 1 layover, 2
shadow, 3 both, 255 not acquired).
"""

from dataclasses import asdict

import numpy as np

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.contract import write_geometry
from sarslide.insar.native.geometry import NOT_ACQUIRED, REACH_M, acquired, layover_shadow, stack_geometry
from sarslide.insar.native.surface import read_surface
from sarslide.io.sidecar import sidecar
from sarslide.sentinel1.safe import open_scene


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    scene = open_scene(files.slc, polarisation=params.polarisation, orbits=params.orbits)
    surface = read_surface(files.dem, grid, REACH_M)
    layers = asdict(stack_geometry(scene, surface, grid))
    flags = layover_shadow(scene, surface, grid)
    layers["layover_shadow"] = np.where(acquired(scene, surface, grid), flags, NOT_ACQUIRED)
    extra = {"engine": "native", "stack": scene.stack, "date": scene.date}
    about = sidecar("stack_geometry", dict(files.items()), dict(params.items()), extra)
    write_geometry(snakemake.output, layers, grid, about)


with job(snakemake):
    main(snakemake)

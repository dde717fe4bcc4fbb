"""stack_geometry: the first date of a stack + DEM -> line of sight, incidence, heading, range, layover and shadow.

inputs: folder with SAFE product(s) and orbit file; DEM (ellipsoidal heights, m). outputs: incidence from the ellipsoid normal
(degree), heading (degree, clockwise from north), slant range (m), unit vector from the ground to the satellite (east, north, up),
layover_shadow (0 good, 1 layover, 2 shadow, 3 both).
"""

from dataclasses import asdict

from sarslide.grid import RegionGrid
from sarslide.insar.native.geometry import layover_shadow, stack_geometry
from sarslide.insar.native.surface import read_surface
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.sentinel1.safe import open_scene
from sarslide.workflow.job import job


def main(snakemake) -> None:
    grid = RegionGrid.from_dict(snakemake.params.grid)
    scene = open_scene(snakemake.input.slc, polarisation=snakemake.params.polarisation, orbits=snakemake.params.orbits)
    surface = read_surface(snakemake.input.dem)
    layers = asdict(stack_geometry(scene, surface, grid))
    layers["layover_shadow"] = layover_shadow(scene, surface, grid)
    for layer, values in layers.items():
        raster.write(snakemake.output[layer], values, grid, layer)
    about = {"engine": "native", "stack": scene.stack, "date": scene.date}
    write_json(
        snakemake.output.sidecar,
        sidecar("stack_geometry", dict(snakemake.input.items()), dict(snakemake.params.items()), about),
    )


with job(snakemake):
    main(snakemake)

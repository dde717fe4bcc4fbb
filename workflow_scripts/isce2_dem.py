"""isce2_dem: the region's DEM -> the DEM of ISCE2 in the stack's work folder.

inputs: DEM (ellipsoidal heights, m, region grid with margin); products and orbit of the reference
date. outputs: sidecar; beside it dem.wgs84 (raw float32, geographic, ellipsoidal heights, m) with
ISCE's xml, whose first coordinate is the centre of the first sample. It reaches as far as the
swaths that see the region; beyond the DEM the nearest heights go on.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.isce2.dem import write_dem
from sarslide.insar.isce2.plan import box_of, footprint, highest, swaths_of
from sarslide.insar.native.surface import read_surface
from sarslide.io.sidecar import sidecar, write_json
from sarslide.sentinel1.safe import open_scene


def main(snakemake) -> None:
    path = Path(snakemake.output.sidecar).with_name("dem.wgs84")
    params = snakemake.params
    region = RegionGrid.from_dict(params.grid)
    scene = open_scene(snakemake.input.slc, snakemake.wildcards.stack, params.polarisation, params.orbits)
    surface = read_surface(snakemake.input.dem)
    surface.require(region)
    swaths = swaths_of(scene, surface, region)
    box = footprint(scene, box_of(surface, region), swaths, highest(surface, region))
    write_dem(path, surface, box)
    about = dict(zip(("south", "north", "west", "east"), map(float, box), strict=True))
    write_json(
        snakemake.output.sidecar,
        sidecar("isce2_dem", dict(snakemake.input.items()), dict(params.items()), about),
    )


with job(snakemake):
    main(snakemake)

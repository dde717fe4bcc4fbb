"""simulate_world: a seed -> a mountain valley with landslides and decoys, and its DEM.

inputs: DEM file of the ground (m, vertical reference by params), if any; else a DEM of the library
where params name one, else a valley is drawn.
outputs: world.npz (terrain, land cover, velocity east, north, up in mm/yr; region
plus a wide margin for the radar scene); landslides.gpkg and decoys.gpkg (planted truth;
speed_mm_per_yr is the largest speed, down the slope); dem_m.tif (ellipsoidal heights, m, region
plus margin_m); sidecar JSON. Only the scoring rule may read the truth.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    from functools import partial

    from sarsim.bodies import BodySettings
    from sarsim.dem_terrain import terrain_of_dem
    from sarsim.world import WorldSettings, build_world, elevation_on, save_world
    from sarslide.io import raster, vector
    from sarslide.retrieve import dem_library

    params, output = snakemake.params, snakemake.output
    region = RegionGrid.from_dict(params.grid)
    ground = None
    if params.library_dem:
        dem = dem_library.named(params.library_dem)
        ground = partial(terrain_of_dem, dem.path, region=region, vertical="orthometric", geoid_m=dem.geoid_m)
    elif dem_file := snakemake.input.get("ground"):
        vertical = {"vertical": params.dem_vertical, "geoid_m": params.get("geoid_m")}
        ground = partial(terrain_of_dem, dem_file[0], region=region, **vertical)
    bodies = BodySettings() if params.landslides == "inventories" else None
    settings = WorldSettings(snowline_m=params.snowline_m, bodies=bodies)
    world = build_world(region, params.seed, settings=settings, ground=ground)
    save_world(output.world, world)
    vector.write(output.landslides, world.landslides, "landslides")
    vector.write(output.decoys, world.decoys, "decoys")
    dem = region.pad(params.margin_m)
    raster.write(output.dem, elevation_on(world, dem), dem, "dem_m", tags={"vertical": "ellipsoidal"})
    planted = {"landslides": len(world.landslides), "decoys": len(world.decoys)}
    write_json(output.sidecar, sidecar("simulate_world", dict(snakemake.input.items()), dict(params.items()), planted))


with job(snakemake):
    main(snakemake)

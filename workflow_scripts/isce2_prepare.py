"""isce2_prepare: the products of a date and of the reference date -> the steps of topsStack for
that date.

inputs: folders with SAFE product(s) and orbit file of the date and of the one that it is prepared
with; DEM (ellipsoidal heights, m); ISCE2's DEM. outputs: sidecar with UTC, wavelength (m), state
vectors, swaths; beside it configs/ and run_files/.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.isce2.plan import plan_date
from sarslide.insar.isce2.topsstack import prepare
from sarslide.insar.native.acquisition import acquisition_of
from sarslide.insar.native.surface import read_surface
from sarslide.io.sidecar import sidecar, write_json
from sarslide.sentinel1.safe import open_scene


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    region = RegionGrid.from_dict(params.grid)
    date, companion = snakemake.wildcards.date, params.companion
    folders = {date: Path(files.slc), companion: Path(files.companion)}
    scenes = {
        one: open_scene(folder, snakemake.wildcards.stack, params.polarisation, params.orbits)
        for one, folder in folders.items()
    }
    surface = read_surface(files.dem)
    surface.require(region)
    plan = plan_date(params.reference, folders, scenes, surface, region, params.aux)
    marker = Path(snakemake.output.sidecar)
    dem = Path(files.isce_dem).with_name("dem.wgs84")
    prepare(marker.parent, plan, dem, Path(snakemake.log.isce), snakemake.resources.limit_min * 60)
    about = acquisition_of(scenes[date], surface, region).to_dict() | {
        "swaths": [f"IW{number}" for number in plan.swaths],
        "reference": params.reference,
        "polarisation": plan.polarisation,
    }
    write_json(marker, sidecar("isce2_prepare", dict(files.items()), dict(params.items()), about))


with job(snakemake):
    main(snakemake)

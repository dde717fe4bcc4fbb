"""geocode_slc: one acquisition -> geocoded SLC on the fine lattice of the region.

inputs: folder with SAFE product(s) and the EOF orbit file of one date; DEM (ellipsoidal heights,
m). outputs: complex samples, uncalibrated amplitude, flat-earth and topographic phase removed,
bursts that overlap in bands of their own, 0 where none sees the ground; sidecar with UTC,
wavelength (m), state vectors, bursts used and missing, share of the region covered, and the
displacement (m, towards the satellite) of the solid-earth tide where it was taken out.
"""

from functools import partial

import numpy as np

from sarslide.workflow.job import job
from sarslide.frames import WHOLE
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import acquisition_of
from sarslide.insar.native.geocode_slc import BANDS, FULL, chosen_device, geocode, missing_bursts
from sarslide.insar.native.surface import read_surface
from sarslide.insar.native.tides import line_of_sight_tide, tide_displacement
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.sentinel1.safe import open_scene


def main(snakemake, log) -> None:
    lattice = Lattice.of(RegionGrid.from_dict(snakemake.params.grid))
    params = snakemake.params
    device = chosen_device(snakemake.resources.device)
    scene = open_scene(snakemake.input.slc, params.stack, params.polarisation, params.orbits)
    surface = read_surface(snakemake.input.dem, lattice.region)
    acquisition = acquisition_of(scene, surface, lattice.region)
    bursts: set[str] = set()
    seen = 0
    tags = {"date": scene.date, "stack": scene.stack, "polarisation": scene.polarisation}
    utc = np.datetime64(acquisition.utc)
    shift = partial(tide_displacement, utc=utc) if params.solid_earth_tides else None
    with raster.create(snakemake.output.gslc, lattice, "gslc", tags, BANDS) as put:
        for block in geocode(scene, surface, lattice, device, shift, whole=snakemake.wildcards.frame == WHOLE):
            for band, samples in block.samples.items():
                put(block.rows, block.cols, samples, band + 1)
            bursts.update(block.bursts)
            seen += block.seen
    coverage, missing = seen / (lattice.rows * lattice.cols), missing_bursts(bursts)
    if missing or coverage < FULL:
        log.warning("%s: covers %.1f %% of the grid; missing bursts: %s", scene.date, 100 * coverage, missing or "none")
    about = {
        "engine": "native",
        "device": device,
        "polarisation": scene.polarisation,
        "ipf_version": scene.ipf_version,
        "orbit_kind": scene.orbit_kind,
        "products": list(scene.products),
        "left_out": list(scene.left_out),
        "bursts": sorted(bursts),
        "missing_bursts": missing,
        "coverage": round(coverage, 5),
        "solid_earth_tide_m": shift and line_of_sight_tide(scene.arc, acquisition),
        **acquisition.to_dict(),
    }
    write_json(
        snakemake.output.sidecar,
        sidecar("geocode_slc", dict(snakemake.input.items()), dict(snakemake.params.items()), about),
    )


with job(snakemake) as log:
    main(snakemake, log)

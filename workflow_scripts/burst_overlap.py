"""burst_overlap: the first date of a stack + DEM -> Doppler difference of the bursts that overlap
on each cell.

inputs: folder with products and orbit file; DEM (ellipsoidal heights, m). outputs: Doppler
frequency of the even minus that of the odd burst (Hz) for the outer swaths and the inner one, NaN
where one burst or none sees a cell; sidecar with line interval (s) and speed of the beam over the
ground (m/s).
"""

import numpy as np

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.native.acquisition import acquisition_of, ground_speed
from sarslide.insar.native.spectral_diversity import overlap_doppler
from sarslide.insar.native.surface import read_surface
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.sentinel1.safe import open_scene


def main(snakemake, log) -> None:
    params = snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    scene = open_scene(snakemake.input.slc, polarisation=params.polarisation, orbits=params.orbits)
    surface = read_surface(snakemake.input.dem, grid)
    doppler = overlap_doppler(scene, surface, grid)
    if not np.isfinite(doppler).any():
        log.warning("%s: no cell of the region is seen by two bursts of a swath", scene.date)
    raster.write(snakemake.output.doppler, doppler, grid, "overlap_doppler_hz")
    acquisition = acquisition_of(scene, surface, grid)
    about = {
        "engine": "native",
        "line_interval_s": scene.bursts[0].line_interval_s,
        "ground_speed_m_s": ground_speed(scene.arc, acquisition),
        **acquisition.to_dict(),
    }
    write_json(
        snakemake.output.sidecar,
        sidecar("burst_overlap", dict(snakemake.input.items()), dict(params.items()), about),
    )


with job(snakemake) as log:
    main(snakemake, log)

"""fuse_phase: averaged phase + mean intensity of one stack -> three-channel picture (P0 3.2, B06).

inputs: averaged phase (rad, positive away); mean backscatter (dB). output: phase_intensity_rgb,
three bands of 1..255, 0 where unknown; the recipe names the bands: hsv (phase as hue, intensity as
brightness) or sin_cos (sine, cosine, intensity).
"""

import numpy as np

from sarslide.workflow.job import job
from sarslide.dataset.fusion import BANDS, fuse
from sarslide.frames import WHOLE
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake, log) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    phase, intensity = raster.read(files.phase, grid), raster.read(files.intensity, grid)
    if snakemake.wildcards.frame == WHOLE or np.isfinite(intensity).any():
        channels = fuse(phase, intensity, params.recipe, params.percent)
    else:
        log.warning("no cell of the frame has an intensity")
        channels = np.zeros((len(BANDS[params.recipe]), *grid.shape), np.uint8)
    raster.write(
        snakemake.output.fused,
        channels,
        grid,
        "phase_intensity_rgb",
        tags={"recipe": params.recipe},
        bands=list(BANDS[params.recipe]),
    )
    write_json(snakemake.output.sidecar, sidecar("fuse_phase", dict(files.items()), dict(params.items())))


with job(snakemake) as log:
    main(snakemake, log)

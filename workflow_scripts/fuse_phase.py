"""fuse_phase: averaged phase + mean intensity of one stack -> three-channel picture (P0 3.2, B06).

inputs: averaged phase (rad, positive away); mean backscatter (dB). output: phase_intensity_rgb,
three bands of 1..255, 0 where unknown; the recipe names the bands: hsv (phase as hue, intensity as
brightness) or sin_cos (sine, cosine, intensity).
"""

from sarslide.workflow.job import job
from sarslide.dataset.fusion import BANDS, fuse
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    phase, intensity = raster.read(files.phase, grid), raster.read(files.intensity, grid)
    channels = fuse(phase, intensity, params.recipe, params.percent)
    raster.write(
        snakemake.output.fused,
        channels,
        grid,
        "phase_intensity_rgb",
        tags={"recipe": params.recipe},
        bands=list(BANDS[params.recipe]),
    )
    write_json(snakemake.output.sidecar, sidecar("fuse_phase", dict(files.items()), dict(params.items())))


with job(snakemake):
    main(snakemake)

"""unwrap: wrapped pair -> unwrapped phase and connected components.

inputs: wrapped phase (rad; the filtered band, filtered once more, decides the cycles), coherence
(0..1), sidecar of the pair; layover and shadow of the stack, where nothing is unwrapped. outputs:
unwrapped phase, filtered or not (rad, grows when the ground moves away from the satellite),
connected components (0 = not reliable), sidecar.
"""

import numpy as np

from sarslide.workflow.job import job
from sarslide.frames import WHOLE
from sarslide.insar.unwrap import BRIDGE_M, open_ground, phase_for_cycles, unwrap, with_cycles_of
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json

BAND = {"unfiltered": 1, "filtered": 2}


def main(snakemake, log) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid = raster.grid_of(files.layover_shadow)
    looks = read_json(files.about)["coherence_looks"]
    hidden = raster.read(files.layover_shadow, grid)
    guide = open_ground(raster.read(files.wrapped, grid, BAND["filtered"]), hidden)
    quality = raster.read(files.coherence, grid)
    if params.window:
        guide = phase_for_cycles(guide, quality, params.alpha, params.window)
    if snakemake.wildcards.frame == WHOLE or (np.isfinite(guide) & np.isfinite(quality)).any():
        phase, components = unwrap(guide, quality, looks, params.unwrapper, BRIDGE_M / grid.cell_m)
    else:
        log.warning("no cell of the frame has both phase and coherence")
        phase, components = np.full(grid.shape, np.nan, np.float32), np.zeros(grid.shape, np.uint16)
    phase = with_cycles_of(phase, raster.read(files.wrapped, grid, BAND[params.phase]))
    raster.write(output.unwrapped, phase, grid, "unw_rad")
    raster.write(output.conncomp, components, grid, "conncomp")
    write_json(output.sidecar, sidecar("unwrap", dict(files.items()), dict(params.items())))


with job(snakemake) as log:
    main(snakemake, log)

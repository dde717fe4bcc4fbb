"""unwrap: wrapped pairs that end at one date -> unwrapped phase and connected components.

inputs: layover and shadow of the stack, where nothing is unwrapped; per pair wrapped phase (rad; the filtered band, filtered once
more, decides the cycles), coherence (0..1), sidecar. outputs, per pair: unwrapped phase, filtered or not (rad, grows when the
ground moves away from the satellite), connected components (0 = not reliable); one sidecar for all.
"""

from sarslide.insar.unwrap import BRIDGE_M, open_ground, phase_for_cycles, unwrap, with_cycles_of
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.workflow.job import job

BAND = {"unfiltered": 1, "filtered": 2}


def main(snakemake) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    each = zip(files.wrapped, files.coherence, files.sidecars, output.unwrapped, output.conncomp, strict=True)
    grid = raster.grid_of(files.layover_shadow)
    hidden = raster.read(files.layover_shadow, grid)
    for wrapped, coherence, about, unwrapped, conncomp in each:
        looks = read_json(about)["coherence_looks"]
        filtered = open_ground(raster.read(wrapped, grid, BAND["filtered"]), hidden)
        quality = raster.read(coherence, grid)
        guide = phase_for_cycles(filtered, quality, params.alpha, params.window) if params.window else filtered
        phase, components = unwrap(guide, quality, looks, params.unwrapper, BRIDGE_M / grid.cell_m)
        phase = with_cycles_of(phase, raster.read(wrapped, grid, BAND[params.phase]))
        raster.write(unwrapped, phase, grid, "unw_rad")
        raster.write(conncomp, components, grid, "conncomp")
    write_json(output.sidecar, sidecar("unwrap", dict(files.items()), dict(params.items())))


with job(snakemake):
    main(snakemake)

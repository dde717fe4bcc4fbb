"""pair_bias: wrapped pairs of one stack -> bias of the pairs of each length (fading signal).

inputs, per pair: wrapped phase (rad; the unfiltered band is used), coherence, sidecar (window of
the coherence). outputs: bias of the pairs (rad, positive away from the satellite, one band a length
in days); what it adds to the rate of a stack (rad/yr) and the error that taking it off adds;
pair_bias.json with the lengths, the number of triplets and of cells.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.pair_blocks import block_reader
from sarslide.insar.phase_bias import USUAL_WINDOW
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.rates.corrections.pair_bias import POOL, pair_bias


def main(snakemake, log) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid, pairs = RegionGrid.from_dict(params.grid), list(params.pairs)
    read = block_reader(pairs, grid, files.wrapped, files.coherence)
    first = read_json(files.sidecars[0])
    window = first["coherence_window"] or USUAL_WINDOW
    found = pair_bias(read, pairs, grid.shape, window + (window + 1) % 2, first["free_level"])
    raster.write(output.pair_bias_rad, found.bias_rad, grid, "pair_bias_rad", bands=[str(days) for days in found.days])
    for layer in ("pair_bias_rate_rad_per_yr", "pair_bias_rate_std_rad_per_yr"):
        raster.write(output[layer], getattr(found, layer.removeprefix("pair_bias_")), grid, layer)
    log.info("%d triplets; known in %.0f %% of the cells", found.triplets, 100 * found.known.mean())
    about = {
        "days": list(found.days), "triplet_count": found.triplets, "window_cells": window, "pool_cells": POOL,
        "against_mean_of_region": first["free_level"], "known_cells": int(found.known.sum()),
    }  # fmt: skip
    write_json(output.about, sidecar("pair_bias", dict(files.items()), dict(params.items()), about))


with job(snakemake) as log:
    main(snakemake, log)

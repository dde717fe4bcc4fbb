"""phase_bias: wrapped pairs of one stack -> where short multilooked pairs carry a bias (fading
signal), and its rate.

inputs, per pair: wrapped phase (rad; the unfiltered band is used), coherence, sidecar (window of
the coherence). outputs: flag (1 biased, 0 not, 255 not judged), rate (rad/yr, chained short pairs
minus chained long ones, positive away from the satellite) and its standard error from noise;
phase_bias.json with the number of triplets and of cells.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.pair_blocks import block_reader
from sarslide.insar.phase_bias import FALSE_ALARM, USUAL_WINDOW, phase_bias
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json


def main(snakemake, log) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid, pairs = RegionGrid.from_dict(params.grid), list(params.pairs)
    read = block_reader(pairs, grid, files.wrapped, files.coherence)
    first = read_json(files.sidecars[0])
    window = first["coherence_window"] or USUAL_WINDOW
    free_level = first["free_level"]
    found = phase_bias(read, pairs, grid.shape, window + (window + 1) % 2, free_level)
    raster.write(output.phase_bias_flag, found.flag, grid, "phase_bias_flag")
    raster.write(output.phase_bias_rate_rad_per_yr, found.rate_rad_per_yr, grid, "phase_bias_rate_rad_per_yr")
    raster.write(output.phase_bias_std_rad_per_yr, found.std_rad_per_yr, grid, "phase_bias_std_rad_per_yr")
    log.info("%d of %d judged cells flagged", found.flagged, found.judged)
    about = {
        "short_days": found.days, "triplet_count": found.triplets, "window_cells": window, "false_alarm": FALSE_ALARM,
        "against_mean_of_region": free_level,
        "judged_cells": found.judged, "flagged_cells": found.flagged,
        "effective_looks": found.looks and round(found.looks, 1), "nominal_looks": first["coherence_looks"],
    }  # fmt: skip
    write_json(output.about, sidecar("phase_bias", dict(files.items()), dict(params.items()), about))


with job(snakemake) as log:
    main(snakemake, log)

"""isce2_interferogram: ISCE2's coregistered bursts of two dates -> interferogram and coherence.

inputs: markers of the coregistration of the dates, their acquisitions, the reference date's
geometry. outputs: wrapped phase, unfiltered and Goldstein-filtered (rad, earlier x conj(later),
grows when the ground moves away from the satellite); coherence (0..1, from unfiltered samples,
bias-corrected); sidecar with dates, UTC, bperp_m (later - earlier, up and away from the track),
looks, windows.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide import names
from sarslide.grid import RegionGrid
from sarslide.insar.isce2.product import isce_version
from sarslide.insar.isce2.regrid import pair_sums, read_cells
from sarslide.insar.native.acquisition import Acquisition, pair_baseline
from sarslide.insar.pair_files import write_pair
from sarslide.io.sidecar import read_json, sidecar, write_json


def main(snakemake) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    pair, grid = snakemake.wildcards.pair, RegionGrid.from_dict(params.grid)
    earlier, later = (Acquisition.from_dict(read_json(path)) for path in files.acquisitions)
    folders = dict(zip(names.split_pair(pair), (Path(path).parent for path in files.acquisitions), strict=True))
    work = Path(files.topo).parent
    bursts = read_cells(work, work.parent / "cells")
    sums = pair_sums(folders, params.reference, [pair], bursts, grid)[pair]
    bperp_m = pair_baseline(earlier, later).perpendicular_m
    looks = grid.cell_m**2 * earlier.samples_per_m2
    settings = dict(params.items())
    made_by = ("isce2", isce_version(work))
    record = write_pair(sums, earlier, later, bperp_m, looks, made_by, settings, grid, output.wrapped, output.coherence)
    write_json(output.sidecar, sidecar("isce2_interferogram", dict(files.items()), settings) | record.to_dict())


with job(snakemake):
    main(snakemake)

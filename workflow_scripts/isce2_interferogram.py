"""isce2_interferogram: ISCE2's coregistered bursts -> all pairs that end at one date.

inputs: markers of the coregistration of the dates, their acquisitions, the reference date's geometry. outputs, per pair: wrapped
phase, unfiltered and Goldstein-filtered (rad, earlier x conj(later), grows when the ground moves away from the satellite);
coherence (0..1, from unfiltered samples, bias-corrected); sidecar with dates, UTC, bperp_m (later - earlier, up and away from the
track), looks, windows.
"""

from pathlib import Path

from sarslide import names
from sarslide.grid import RegionGrid
from sarslide.insar.isce2.product import isce_version
from sarslide.insar.isce2.regrid import pair_sums, read_cells
from sarslide.insar.native.acquisition import Acquisition, pair_baseline
from sarslide.insar.pair_files import write_pair
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.workflow.job import job


def main(snakemake) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    dated = {one.date: one for one in (Acquisition.from_dict(read_json(path)) for path in files.acquisitions)}
    folders = {date: Path(path).parent for date, path in zip(dated, files.acquisitions, strict=True)}
    work = Path(files.topo).parent
    bursts = read_cells(work, work.parent / "cells")
    sums = pair_sums(folders, params.reference, params.pairs, bursts, grid)
    looks = grid.cell_m**2 * next(iter(dated.values())).samples_per_m2
    settings = dict(params.items())
    about = sidecar("isce2_interferogram", dict(files.items()), settings)
    for pair, wrapped, coherence, json in zip(
        params.pairs, output.wrapped, output.coherence, output.sidecars, strict=True
    ):
        earlier, later = (dated[date] for date in names.split_pair(pair))
        bperp_m = pair_baseline(earlier, later).perpendicular_m
        record = write_pair(
            sums[pair],
            earlier,
            later,
            bperp_m,
            looks,
            ("isce2", isce_version(work)),
            settings,
            grid,
            wrapped,
            coherence,
        )
        write_json(json, about | record.to_dict())


with job(snakemake):
    main(snakemake)

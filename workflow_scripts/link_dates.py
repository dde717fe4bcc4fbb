"""link_dates: geocoded SLCs of a mini-stack -> linked phase of each of its dates.

inputs: geocoded SLCs of the dates, after those of earlier dates that they have pairs with, and the
sidecars of the first date of the stack and of them; compressed SLCs of the mini-stacks before;
layover and shadow. outputs: linked phase (rad, one band
a date; earlier less later is the phase of their pair), Cramer-Rao bound of its standard deviation
(rad), temporal coherence; the compressed SLC of the mini-stack, in the burst parity of the first
date of the stack; sidecar.
"""

from pathlib import Path

import numpy as np

from sarslide.workflow.job import job
from sarslide.device import choose_device
from sarslide.frames import WHOLE
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import Acquisition, bands_swapped
from sarslide.insar.native.geocode_slc import BANDS
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.layers import hidden
from sarslide.linking.estimate import SHRINK
from sarslide.linking.ministack import Source, link


def main(snakemake) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    lattice, device = Lattice.of(grid), choose_device(snakemake.resources.device, "slc.device")
    first, *own = (Acquisition.from_dict(read_json(path)) for path in files.sidecars)
    before = [Source(Path(path).name.split(".")[0], Path(path)) for path in files.get("compressed", [])]
    dates = [Source(one.date, Path(path), bands_swapped(first, one)) for one, path in zip(own, files.gslc, strict=True)]
    names = [date.name for date in dates]
    again = names.index(snakemake.wildcards.ministack)
    phase = np.full((len(dates), *grid.shape), np.nan, np.float32)
    std, agreement = phase.copy(), phase[0].copy()
    shaded = hidden(raster.read(files.layover_shadow, grid))
    tags = {"date": snakemake.wildcards.ministack, "stack": first.stack}
    looks, whole = grid.cell_m**2 * first.samples_per_m2, snakemake.wildcards.frame == WHOLE
    with raster.create(output.compressed, lattice, "gslc", tags, BANDS) as put:
        for block in link(before, dates, lattice, looks, shaded, params.linking, device, whole, again):
            at = (block.rows, block.cols)
            phase[:, *at], std[:, *at], agreement[at] = block.phase_rad, block.std_rad, block.agreement
            for band, samples in block.compressed.items():
                put(*block.samples, samples, band + 1)
    raster.write(output.phase, phase, grid, "linked_rad", bands=names)
    raster.write(output.std, std, grid, "linked_std_rad", bands=names)
    raster.write(output.agreement, agreement, grid, "linking_coherence")
    about = {"dates": names, "compressed": [source.name for source in before], "shrink": SHRINK, "device": device}
    write_json(output.sidecar, sidecar("link_dates", dict(files.items()), dict(params.items()), about))


with job(snakemake):
    main(snakemake)

"""ingest_files: ready interferograms of one stack -> the engine contract on the region grid, all
pairs in one job.

inputs: per pair unwrapped phase (rad) and, where there is one, coherence (GeoTIFF, binary with its
header, or product, any CRS), optionally baseline tables, line of sight, times; DEM (m). outputs:
per pair unwrapped and wrapped phase (rad, grow when the ground moves away), coherence, components,
sidecar; geometry, of the first pair's product where it has one, else constant, with layover_shadow
255 where no pair has data.
"""

from pathlib import Path

import numpy as np

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.contract import write_geometry
from sarslide.insar.external.files import CONSTANT, check_stack, geometry, ingest_pair, sensor_of, with_frame
from sarslide.insar.external.line_of_sight import read_heights, where_acquired
from sarslide.insar.external.sensor import Declared, check_wavelength
from sarslide.io.sidecar import sidecar


def main(snakemake) -> None:
    params, files, out = snakemake.params, snakemake.input, snakemake.output
    grid, naming, stack = RegionGrid.from_dict(params.grid), params.naming, snakemake.wildcards.stack
    heights, vector, frame = read_heights(files.dem, grid), list(files.line_of_sight), next(iter(files.metadata), None)
    declared = Declared(params.wavelength_m, params.incidence_deg, params.heading_deg)
    check_stack(naming, files.unwrapped, stack)
    seen_by = sensor_of(naming, files.unwrapped[0], vector, frame, stack, declared)
    incidence, heading = seen_by.incidence_deg, seen_by.heading_deg
    layers, constant = geometry(naming, files.unwrapped[0], vector, heights, grid, incidence, heading)
    settings = {name: value for name, value in params.items() if name != "pairs"}
    acquired = np.zeros(grid.shape, bool)
    for k, name in enumerate(params.pairs):
        table = next(iter(files.baselines[k : k + 1]), None)
        coherence = next(iter(files.coherence[k : k + 1]), None)
        pair = ingest_pair(files.unwrapped[k], coherence, name, grid, params.positive_phase, naming, params.ionosphere)
        check_wavelength(files.unwrapped[k], pair.metadata.wavelength_m, seen_by)
        pair = with_frame(pair, name, naming, table, frame, incidence).with_metadata(wavelength_m=seen_by.wavelength_m)
        if not constant:
            pair = pair.with_metadata(absent=tuple(text for text in pair.metadata.absent if text != CONSTANT))
        acquired |= np.isfinite(pair.coherence)
        sources = {"sources": sorted({path for path in (files.unwrapped[k], coherence, table) if path})}
        record = pair.record("files", stack, name).to_dict()
        paths = {kind: out[kind][k] for kind in ("unwrapped", "wrapped", "coherence", "conncomp")}
        about = sidecar("ingest_files", sources, settings, record | {"processor": pair.metadata.processor})
        pair.write(paths | {"sidecar": out.sidecars[k]}, grid, about)
    write_geometry({Path(path).stem: path for path in out.geometry}, where_acquired(layers, acquired), grid)


with job(snakemake):
    main(snakemake)

"""ingest_files: ready interferograms of one stack -> the engine contract on the region grid, all
pairs in one job.

inputs: per pair unwrapped phase (rad) and coherence (GeoTIFF or product, any CRS), optionally
baseline tables, line of sight, times; DEM (m). outputs: per pair unwrapped and wrapped phase (rad,
grow when the ground moves away), coherence, components, sidecar; geometry, of the first pair's
product where it has one, else constant.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.contract import write_geometry
from sarslide.insar.external.files import CONSTANT, geometry, ingest_pair, with_frame
from sarslide.insar.external.line_of_sight import read_heights
from sarslide.io.sidecar import sidecar


def main(snakemake) -> None:
    params, files, out = snakemake.params, snakemake.input, snakemake.output
    grid, naming, incidence = RegionGrid.from_dict(params.grid), params.naming, params.incidence_deg
    heights, vector = read_heights(files.dem, grid), list(files.line_of_sight)
    layers, constant = geometry(naming, files.unwrapped[0], vector, heights, grid, incidence, params.heading_deg)
    settings = {name: value for name, value in params.items() if name != "pairs"}
    for k, name in enumerate(params.pairs):
        table, frame = next(iter(files.baselines[k : k + 1]), None), next(iter(files.metadata), None)
        pair = ingest_pair(files.unwrapped[k], files.coherence[k], name, grid, params.positive_phase, naming)
        pair = with_frame(pair, name, naming, table, frame, incidence)
        if not constant:
            pair = pair.with_metadata(absent=tuple(text for text in pair.metadata.absent if text != CONSTANT))
        sources = {"sources": sorted({path for path in (files.unwrapped[k], files.coherence[k], table) if path})}
        record = pair.record("files", snakemake.wildcards.stack, name, params.wavelength_m).to_dict()
        paths = {kind: out[kind][k] for kind in ("unwrapped", "wrapped", "coherence", "conncomp")}
        about = sidecar("ingest_files", sources, settings, record | {"processor": pair.metadata.processor})
        pair.write(paths | {"sidecar": out.sidecars[k]}, grid, about)
    write_geometry({Path(path).stem: path for path in out.geometry}, layers, grid)


with job(snakemake):
    main(snakemake)

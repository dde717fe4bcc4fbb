"""ingest_files: ready interferograms of one stack -> the engine contract on the region grid, all pairs in one job.

inputs: per pair unwrapped phase (rad) and coherence (GeoTIFF or product, any CRS), optionally baseline tables, line of sight,
times; DEM (m). outputs: per pair unwrapped and wrapped phase (rad, grow when the ground moves away), coherence, components,
sidecar; geometry, of the first pair's product where it has one, else constant.
"""

from sarslide.grid import RegionGrid
from sarslide.insar.external.files import CONSTANT, baseline_m, frame_utc, geometry, ingest_pair
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.terrain.dem import check_heights, region_part
from sarslide.workflow.job import job


def main(snakemake) -> None:
    params, files, out = snakemake.params, snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    height = raster.read_block(files.dem, *region_part(files.dem, raster.grid_of(files.dem), grid, 1))
    check_heights(files.dem, height)
    layers, constant = geometry(
        params.naming,
        files.unwrapped[0],
        list(files.line_of_sight),
        height,
        grid,
        params.incidence_deg,
        params.heading_deg,
    )
    baselines = list(files.baselines) or [None] * len(params.pairs)
    rule_params = {name: value for name, value in params.items() if name != "pairs"}
    for k, pair in enumerate(params.pairs):
        sources = [files.unwrapped[k], files.coherence[k]]
        foreign = ingest_pair(*sources, pair, grid, params.positive_phase, params.naming)
        if baselines[k]:
            foreign = foreign.told(bperp_m=baseline_m(baselines[k], pair, params.naming, params.incidence_deg))
        if files.metadata:
            foreign = foreign.told(utc=frame_utc(files.metadata[0], pair))
        if not constant:
            foreign = foreign.told(absent=tuple(text for text in foreign.about.absent if text != CONSTANT))
        raster.write(out.unwrapped[k], foreign.unwrapped_rad, grid, "unw_rad")
        raster.write(out.wrapped[k], foreign.wrapped_rad, grid, "wrapped_rad")
        raster.write(out.coherence[k], foreign.coherence, grid, "cor")
        raster.write(out.conncomp[k], foreign.conncomp, grid, "conncomp")
        record = foreign.record("files", snakemake.wildcards.stack, pair, params.wavelength_m)
        used = {"sources": sorted({path for path in (*sources, baselines[k]) if path})}
        processor = {"processor": foreign.about.processor}
        write_json(out.sidecars[k], sidecar("ingest_files", used, rule_params, record.to_dict() | processor))
    for path in out.geometry:
        layer = path.rpartition("/")[2].removesuffix(".tif")
        raster.write(path, layers[layer], grid, layer)


with job(snakemake):
    main(snakemake)

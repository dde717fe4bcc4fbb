"""ingest_files: ready interferograms of one stack -> the engine contract on the region grid, all pairs in one job.

inputs: per pair unwrapped phase (rad) and coherence (GeoTIFF, any CRS), optionally baseline tables; DEM (m). outputs: per pair
unwrapped and wrapped phase (rad, grow when the ground moves away), coherence, components, sidecar; constant geometry.
"""

from sarslide import __version__, names
from sarslide.grid import RegionGrid
from sarslide.insar.contract import PairRecord, mean_coherence
from sarslide.insar.engines.constant_geometry import geometry, perpendicular_baseline_m
from sarslide.insar.engines.files import ABSENT, ingest_pair, utc
from sarslide.io import raster
from sarslide.provenance import sidecar, write_json
from sarslide.terrain.dem import check_heights, region_part
from sarslide.workflow import job


def main(snakemake) -> None:
    params, files, out = snakemake.params, snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    baselines = list(files.baselines) or [None] * len(params.pairs)
    rule_params = {name: value for name, value in params.items() if name != "pairs"}
    for k, pair in enumerate(params.pairs):
        foreign = ingest_pair(files.unwrapped[k], files.coherence[k], pair, grid, params.positive_phase)
        raster.write(out.unwrapped[k], foreign.unwrapped_rad, grid, "unw_rad")
        raster.write(out.wrapped[k], foreign.wrapped_rad, grid, "wrapped_rad")
        raster.write(out.coherence[k], foreign.coherence, grid, "cor")
        raster.write(out.conncomp[k], foreign.conncomp, grid, "conncomp")
        sources = [path for path in (files.unwrapped[k], files.coherence[k], baselines[k]) if path]
        record = PairRecord(
            engine="files",
            engine_version=__version__,
            stack=snakemake.wildcards.stack,
            dates=names.split_pair(pair),
            utc=(utc(foreign.tags, "FIRST"), utc(foreign.tags, "SECOND")),
            bperp_m=baselines[k] and perpendicular_baseline_m(baselines[k], params.incidence_deg),
            wavelength_m=params.wavelength_m,
            looks=None,
            coherence_window=None,
            coherence_looks=None,
            mean_coherence=mean_coherence(foreign.coherence),
            filter=None,
            absent=ABSENT,
        )
        processor = {"processor": foreign.tags.get("INSAR_PROCESSOR")}
        about = sidecar("ingest_files", {"sources": sources}, rule_params, record.to_dict() | processor)
        write_json(out.sidecars[k], about)
    dem = files.dem
    height = raster.read_block(dem, *region_part(dem, raster.grid_of(dem), grid, 1))
    check_heights(dem, height)
    layers = geometry(height, grid, params.incidence_deg, params.heading_deg)
    for path in out.geometry:
        layer = path.rpartition("/")[2].removesuffix(".tif")
        raster.write(path, layers[layer], grid, layer)


with job(snakemake):
    main(snakemake)

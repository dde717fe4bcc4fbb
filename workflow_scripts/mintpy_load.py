"""mintpy_load: unwrapped pairs of one stack -> MintPy's stack and geometry (HDF5).

inputs: per pair unwrapped phase (rad, grows when the ground moves away), connected components,
coherence and sidecar; geometry layers; elevation (m). outputs: ifgramStack.h5 (rad, referenced to
a reference area, atmosphere left in), geometryGeo.h5; mean coherence; number of pairs; stable
ground; sidecar with the reference area.
"""

from sarslide.workflow.job import job
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    from pathlib import Path

    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io.sidecar import read_json, sidecar, write_json
    from sarslide.layers import hidden
    from sarslide.rates.mintpy.files import StackMetadata
    from sarslide.rates.mintpy.load import load
    from sarslide.rates.preparation import prepare
    from sarslide.rates.rasters import unwrapped_block_reader
    from sarslide.rates.records import baselines_m, common_wavelength_m, median_looks, utc_seconds
    from sarslide.rates.settings import RateSettings

    params, files, out = snakemake.params, snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    about = {pair: read_json(path) for pair, path in zip(params.pairs, files.sidecars, strict=True)}
    elevation = raster.read(files.elevation, grid)
    geometry = {layer: raster.read(files[layer], grid) for layer in params.geometry}
    bperp = {pair: record["bperp_m"] for pair, record in about.items()}
    if not params.dem_error:
        bperp = {pair: baseline or 0.0 for pair, baseline in bperp.items()}
    baselines_m(params.pairs, bperp)
    whole = slice(0, grid.rows), slice(0, grid.cols)
    read = unwrapped_block_reader(dict(params.items()), dict(files.items()), grid)
    prepared = prepare(
        lambda pair: read(pair, *whole),
        params.pairs,
        elevation,
        RateSettings.of(dict(params.items()), grid),
        exclude=hidden(geometry["layover_shadow"]),
        correct=False,
    )
    metadata = StackMetadata(
        snakemake.wildcards.stack,
        common_wavelength_m(about.values()),
        median_looks(about.values()),
        utc_seconds(about.values()),
    )
    layers = load(
        Path(out.sidecar).parent,
        prepared,
        read,
        baselines_m(prepared.pairs, bperp),
        grid,
        metadata,
        elevation,
        geometry,
        snakemake.resources.limit_min * 60,
        params.unwrap_errors,
    )
    for layer, values in (layers | {"stable_ground": prepared.ground.layer}).items():
        raster.write(out[layer], values, grid, layer)
    extra = {
        "pairs": prepared.removed,
        "moving_limit_rad_per_yr": prepared.moving_limit,
        "reference": prepared.ground.reference.to_dict(grid),
    }
    write_json(out.sidecar, sidecar("mintpy_load", dict(files.items()), dict(params.items()), extra))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

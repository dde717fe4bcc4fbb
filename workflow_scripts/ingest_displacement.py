"""ingest_displacement: rates that others have processed, of one track -> the contract from the rate
on.

inputs: files of the product (MintPy, LiCSBAS, dolphin, DISP-S1, EGMS, GeoTIFF); DEM (m). outputs:
LOS rate and its standard error (mm/yr, positive towards the satellite), zero in a reference area
that the sidecar names with the level that was taken off; phase rate (rad/yr, positive away); the
rate with the paper's sign; quality as mean_coherence; pair_count, the steps of the series, 1 of a
rate alone; stable ground; time series (NetCDF, mm since the first date, positive towards the
satellite), unknown where the product has none; geometry; reference.json. The sidecar says what the
product does not hold.
"""

from sarslide.workflow.job import job
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake, log) -> None:
    from pathlib import Path

    from sarslide.displacement import delivered, formats
    from sarslide.displacement.contract import Declared
    from sarslide.grid import RegionGrid
    from sarslide.insar.external.line_of_sight import read_heights
    from sarslide.insar.external.sensor import SENTINEL1_WAVELENGTH_M
    from sarslide.io import raster, series
    from sarslide.io.sidecar import sidecar, write_json
    from sarslide.layers import hidden
    from sarslide.rates.settings import RateSettings

    params, files, output = dict(snakemake.params.items()), snakemake.input, snakemake.output
    grid, stack = RegionGrid.from_dict(params["grid"]), snakemake.wildcards.stack
    stated = dict(params["product"])
    paths = [Path(path) for path in files.product]
    form = formats.form_of(paths, stated.pop("format"))
    declared = Declared(**stated)
    found = formats.read_files(form, paths, grid, declared)
    about = delivered.about(form, found, declared)
    log.info("%s, %s to %s, reference: %s", about["format"], *about["period"], about["reference"])
    for text in about["absent"]:
        log.warning("the product has no %s", text)

    heights = read_heights(files.dem, grid)
    geometry = delivered.geometry_of(found, declared, heights, grid, stack, paths[0])
    rates = delivered.rates_of(
        found, declared, heights[1:-1, 1:-1], RateSettings.of(params, grid), hidden(geometry["layover_shadow"])
    )
    for layer, values in (geometry | rates.layers | {"stable_ground": rates.ground.layer}).items():
        raster.write(output[layer], values, grid, layer)
    attributes = {"title": f"Line-of-sight displacement of stack {stack}", "source": about["format"]}
    with series.create(output.timeseries, grid, params["dates"], attributes) as put:
        if rates.series_mm is not None:
            put(slice(0, grid.rows), slice(0, grid.cols), rates.series_mm)
    write_json(output.reference, rates.ground.reference.to_dict(grid))
    about |= rates.notes
    record = {"product": about, "wavelength_m": SENTINEL1_WAVELENGTH_M}
    write_json(output.sidecar, sidecar("ingest_displacement", dict(files.items()), params, record))


with job(snakemake) as log, unknown_without_ground(snakemake):
    main(snakemake, log)

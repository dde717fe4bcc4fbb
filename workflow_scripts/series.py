"""series: polygons of a stack in a frame -> displacement time series with EGMS-like columns (G14).

inputs: polygons (the pointer to the release of the inventory, or any vector file with a CRS), of
which those are taken whose middle the core of the frame holds; height and line of sight; either the
time series of the frame (mm, positive towards the satellite, methods sbas and mintpy), or unwrapped
pairs (rad, grows away), components, coherence, sidecars, stable ground and errors of closure
(method stacking); reference of the rates. output: CSV, one row a polygon, displacement in mm since
the first date, positive towards the satellite, empty in a frame without rates; sidecar with the
reason.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from functools import partial

    from sarslide.frames import Frame
    from sarslide.grid import RegionGrid
    from sarslide.inventory.series import LINE_OF_SIGHT, objects_of, of_frame, polygons_of, write_csv
    from sarslide.io import raster, series
    from sarslide.io.sidecar import read_json, sidecar, write_json
    from sarslide.network import dates_of
    from sarslide.rates.ground import Ground
    from sarslide.rates.rasters import unwrapped_reader
    from sarslide.rates.records import common_wavelength_m
    from sarslide.rates.series import PolygonSeries, of_pairs, of_region
    from sarslide.rates.settings import RateSettings
    from sarslide.rates.unrated import why_unrated

    params, files = dict(snakemake.params.items()), snakemake.input
    region, frame = RegionGrid.from_dict(params["region"]), Frame.from_dict("", params["frame"])
    grid = frame.grid
    of_source = objects_of if snakemake.wildcards.source == "inventory" else polygons_of
    polygons = of_frame(of_source(files.polygons, region), frame, region)
    cells = {polygon.pid: polygon.cells for polygon in polygons}
    reason = why_unrated(read_json(files.reference))
    if not polygons:
        found = PolygonSeries([], {})
    elif files.get("timeseries"):
        found = of_region(partial(series.read, files.timeseries), cells)
    elif reason:
        found = PolygonSeries.unknown(dates_of(params["pairs"]), cells)
    else:
        found = of_pairs(
            unwrapped_reader(params, dict(files.items()), grid),
            params["pairs"],
            Ground.from_layer(raster.read(files.height_wgs84, grid), raster.read(files.stable_ground, grid)),
            common_wavelength_m(read_json(path) for path in files.sidecars),
            RateSettings.of(params, grid),
            cells,
        )
    ground = {name: raster.read(files[name], grid) for name in ("height_wgs84", *LINE_OF_SIGHT)}
    write_csv(snakemake.output.table, polygons, found.dates, found.displacement_mm, found.motions(), ground, grid)
    empty = [pid for pid, values in found.displacement_mm.items() if not (values == values).any()]
    log.info("%d polygons, %d without a series%s", len(polygons), len(empty), f", {reason}" if reason else "")
    notes = {"polygons": len(polygons), "without_series": empty, "reason": reason}
    write_json(snakemake.output.sidecar, sidecar("series", dict(files.items()), params, notes))


with job(snakemake) as log:
    main(snakemake, log)

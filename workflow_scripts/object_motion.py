"""object_motion: fused objects -> their mean rate and time series in one track, of those whose
middle the core of a frame holds.

inputs: fused candidates; LOS rate and its standard error (mm/yr, positive towards the satellite);
stable ground; LOS unit vector (ground to satellite); of methods with a time series of every cell
that (mm since the first date, positive towards the satellite), height, incidence and heading.
output: JSON, by object mean rate over its outline, standard error of that mean, series, and whether
that speeds up or slows down.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from functools import partial

    import numpy as np

    from sarslide.frames import Frame
    from sarslide.grid import RegionGrid
    from sarslide.inventory.attributes import STABLE_CODES
    from sarslide.inventory.followed import mean_rates, series_records, still_series
    from sarslide.inventory.observability import cells_of
    from sarslide.inventory.series import SeriesPolygon, of_frame
    from sarslide.io import raster, series, vector
    from sarslide.io.sidecar import sidecar, write_json
    from sarslide.layers import LINE_OF_SIGHT
    from sarslide.rates.mean_error import noise_correlation
    from sarslide.rates.series import PolygonSeries, of_region

    params, files = dict(snakemake.params.items()), snakemake.input
    region, frame = RegionGrid.from_dict(params["region"]), Frame.from_dict("", params["frame"])
    grid = frame.grid
    rows = vector.read(files.candidates, "candidates").itertuples()
    objects = [SeriesPolygon(row.candidate_id, cells_of(row.geometry, region)) for row in rows]
    polygons = of_frame([one for one in objects if len(one.cells[0])], frame, region)
    rate, std = raster.read(files.los_rate, grid), raster.read(files.los_rate_std, grid)
    stable = np.isin(raster.read(files.stable_ground, grid), STABLE_CODES)
    noise = noise_correlation(rate, std, stable)
    ground = {name: raster.read(files[name], grid) for name in LINE_OF_SIGHT}
    rates = mean_rates(polygons, rate, std, noise, ground)
    found, still = PolygonSeries([], {}), np.empty((0, 0))
    if files.get("timeseries"):
        still = still_series(partial(series.read, files.timeseries), stable)
        ground |= {name: raster.read(files[name], grid) for name in ("height_wgs84", "incidence_angle", "track_angle")}
        found = of_region(partial(series.read, files.timeseries), {one.pid: one.cells for one in polygons})
    record = {
        "stack": params["stack"],
        "dates": found.dates,
        "rates": rates,
        "series": series_records(polygons, found, still, ground, grid) if found.dates else {},
        "noise": noise and {"single": noise.single, "exponential": noise.exponential, "gaussian": noise.gaussian},
    }
    log.info("%d objects, %d with a rate, %d with a series", len(polygons), len(rates), len(record["series"]))
    write_json(snakemake.output.motion, sidecar("object_motion", dict(files.items()), params, record))


with job(snakemake) as log:
    main(snakemake, log)

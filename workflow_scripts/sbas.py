"""sbas: unwrapped pairs of one stack -> time series and LOS rate by least squares (P3, B13-B16).

inputs: per pair unwrapped phase (rad, grows when the ground moves away), connected components,
coherence and sidecar; layover and shadow; elevation and slant range (m), incidence (degrees).
outputs: time series (NetCDF, mm since the first date, positive towards the satellite); phase rate
(rad/yr, positive away) and LOS rate (mm/yr, positive towards), each with its standard deviation;
the LOS rate with the paper's sign (for comparison only); mean and temporal coherence; residual of
the pairs (rad); number of pairs; stable ground; with sbas.dem_error the DEM error (m);
reference.json (where the zero is, and why).
"""

from sarslide.workflow.job import job
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    from sarslide.grid import RegionGrid
    from sarslide.io import raster, series
    from sarslide.io.sidecar import read_json, sidecar, write_json
    from sarslide.layers import hidden
    from sarslide.network import dates_of
    from sarslide.rates.corrections.unbiased import with_bias_error
    from sarslide.rates.rasters import unwrapped_block_reader
    from sarslide.rates.records import common_wavelength_m, median_looks
    from sarslide.rates.sbas.rates import DemGeometry, SbasSettings, sbas_rates
    from sarslide.rates.settings import RateSettings

    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    about = {pair: read_json(path) for pair, path in zip(params.pairs, files.sidecars, strict=True)}
    read = unwrapped_block_reader(dict(params.items()), dict(files.items()), grid)
    dem = params.dem_error and DemGeometry(
        {pair: record["bperp_m"] for pair, record in about.items()},
        raster.read(files.slant_range, grid),
        raster.read(files.incidence, grid),
    )
    attributes = {
        "title": f"Line-of-sight displacement of stack {snakemake.wildcards.stack}",
        "source": "sarslide, small-baseline least squares",
    }

    with series.create(snakemake.output.timeseries, grid, dates_of(params.pairs), attributes) as put:
        rates = sbas_rates(
            read,
            put,
            params.pairs,
            raster.read(files.elevation, grid),
            common_wavelength_m(about.values()),
            RateSettings.of(dict(params.items()), grid),
            SbasSettings(
                params.weighting,
                median_looks(about.values()),
                params.min_temporal_coherence,
                snakemake.resources.device,
            ),
            exclude=hidden(raster.read(files.layover_shadow, grid)),
            dem=dem or None,
        )
    found = rates.preparation
    layers = with_bias_error(rates.layers, dict(files.items()), common_wavelength_m(about.values()), grid)
    for layer, values in (layers | {"stable_ground": found.ground.layer}).items():
        raster.write(snakemake.output[layer], values, grid, layer)
    write_json(snakemake.output.reference, found.ground.reference.to_dict(grid))
    extra = {
        "removed": found.removed,
        "moving_limit_rad_per_yr": found.moving_limit,
        "unconnected_cells": rates.unconnected,
        "incoherent_cells": rates.incoherent,
        "error_factors": rates.error_factors,
    }
    write_json(snakemake.output.sidecar, sidecar("sbas", dict(files.items()), dict(params.items()), extra))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

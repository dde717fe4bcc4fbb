"""mintpy_read: MintPy's velocity and time series of one stack -> rate layers and series file.

inputs: velocity.h5, the last time series, temporal coherence, number of pairs, with sbas.dem_error
demErr.h5 (m, positive towards the satellite); stable ground; sidecars of a pair and of MintPy's
last step. outputs: time series (NetCDF, mm since the first date, positive towards the satellite);
phase rate (rad/yr, positive away) and LOS rate (mm/yr, positive towards), each with its standard
deviation; the LOS rate with the paper's sign (for comparison only); temporal coherence; DEM error
(m); reference.json (where the zero is, and why).
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster, series
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.rates.corrections.unbiased import with_bias_error
from sarslide.rates.mintpy.files import read_dates
from sarslide.rates.mintpy.read import read_rates, read_series
from sarslide.rates.unrated import unknown_without_ground, why_unrated, write_unknown


def main(snakemake) -> None:
    params, files, out = snakemake.params, snakemake.input, snakemake.output
    zero = read_json(files.before)["reference"]
    if reason := why_unrated(zero):
        write_unknown(snakemake, reason)
        return
    grid = RegionGrid.from_dict(params.grid)
    reference = raster.read(files.stable_ground, grid) == 2
    wavelength_m = read_json(files.about)["wavelength_m"]
    layers = read_rates(Path(files.series), reference, wavelength_m, params.min_temporal_coherence, params.dem_error)
    layers = with_bias_error(layers, dict(files.items()), wavelength_m, grid)
    for layer, values in layers.items():
        raster.write(out[layer], values, grid, layer)
    attributes = {"title": f"Line-of-sight displacement of stack {snakemake.wildcards.stack}", "source": "MintPy"}
    with series.create(out.timeseries, grid, read_dates(Path(files.series)), attributes) as put:
        read_series(Path(files.series), reference, put)
    write_json(out.reference, zero)
    write_json(out.sidecar, sidecar("mintpy_read", dict(files.items()), dict(params.items())))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

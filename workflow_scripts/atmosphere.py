"""atmosphere: unwrapped pairs of one stack -> scatter of the dates by correction (B09, B23).

inputs: per pair unwrapped phase (rad, grows away), connected components, coherence and sidecar;
elevation (m); stable ground and reference of the rates; errors of closure where they are masked.
outputs: scatter over the dates as a map (mm, one band a correction); scatter.csv with one row a
date; sidecar with their root mean squares, and why nothing is known in a frame without rates.
"""

import csv

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.rates.ground import Ground
from sarslide.rates.rasters import unwrapped_reader
from sarslide.rates.records import common_wavelength_m
from sarslide.rates.scatter import STATES, date_scatter
from sarslide.rates.settings import RateSettings
from sarslide.rates.unrated import why_unrated


def main(snakemake) -> None:
    params, files, output = dict(snakemake.params.items()), snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params["grid"])
    ground = Ground.from_layer(raster.read(files.elevation, grid), raster.read(files.stable_ground, grid))
    scatter = date_scatter(
        unwrapped_reader(params, dict(files.items()), grid),
        params["pairs"],
        ground,
        common_wavelength_m(read_json(path) for path in files.sidecars),
        RateSettings.of(params, grid),
    )
    raster.write(output.scatter, scatter.maps(), grid, "date_scatter_mm")
    with atomic_file(output.table) as temporary, open(temporary, "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["date", *(f"{state.replace(' ', '_')}_mm" for state in STATES)])
        columns = [scatter.of_dates(state).round(3) for state in STATES]
        rows.writerows(zip(scatter.dates, *columns, strict=True))
    notes = {"rms_mm": scatter.rms(), "reason": why_unrated(read_json(files.reference))}
    write_json(output.sidecar, sidecar("atmosphere", dict(files.items()), params, notes))


with job(snakemake):
    main(snakemake)

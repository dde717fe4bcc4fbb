"""slant_delay: files of a weather model -> delay of a date along the line of sight.

inputs: files of delays of the date (m, towards the zenith or along the line of sight, at the ground
or on heights above the ellipsoid), of one time or several; of several the record of a pair, which
has the time of the acquisition; incidence (degree); elevation (m). outputs: delay (mm, one way,
positive = longer path); sidecar with the files and their shares.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.rates.delays.folder import epochs_of, weights
from sarslide.rates.delays.slant import slant_delay_mm


def main(snakemake) -> None:
    params, files, output = dict(snakemake.params.items()), snakemake.input, snakemake.output
    grid, date = RegionGrid.from_dict(params["grid"]), snakemake.wildcards.date
    epochs = epochs_of(map(Path, files.files), date)
    about = [read_json(path) for path in files.about]
    times = {day: utc for pair in about for day, utc in zip(pair["dates"], pair["utc"], strict=True)}
    shares = weights(epochs, times.get(date))
    delay = slant_delay_mm(epochs, shares, grid, raster.read(files.elevation, grid), raster.read(files.incidence, grid))
    raster.write(output.delay, delay, grid, "slant_delay_mm")
    notes = {"shares": {epoch.paths[0].name: share for epoch, share in zip(epochs, shares, strict=True)}}
    write_json(output.sidecar, sidecar("slant_delay", dict(files.items()), params, notes))


with job(snakemake):
    main(snakemake)

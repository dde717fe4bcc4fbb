"""average_phase: wrapped pairs of one stack -> averaged phase (P0 3.1).

inputs: per pair wrapped phase (rad, grows when the ground moves away; the unfiltered band is
averaged, because averaging is itself the filter and keeps small landslides) and coherence; layover
and shadow; elevation (m); delays of the dates (mm) and sidecars of the pairs, where they are taken
off. outputs: averaged phase (rad, positive away from the satellite) and its
standard error (rad); mean coherence; number of pairs; stable ground; reference.json (where the zero
is, and why).
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.layers import hidden
from sarslide.rates.pipeline import average_phase
from sarslide.rates.rasters import wrapped_reader
from sarslide.rates.settings import RateSettings
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    params, files = dict(snakemake.params.items()), snakemake.input
    grid = RegionGrid.from_dict(params["grid"])
    rates = average_phase(
        wrapped_reader(params, dict(files.items()), grid),
        params["pairs"],
        raster.read(files.elevation, grid),
        RateSettings.of(params, grid),
        exclude=hidden(raster.read(files.layover_shadow, grid)),
        mean=params["mean"],
    )
    for layer, values in (rates.layers | {"stable_ground": rates.ground.layer}).items():
        raster.write(snakemake.output[layer], values, grid, layer)
    reference = rates.ground.reference.to_dict(grid)
    write_json(snakemake.output.reference, reference)
    notes = rates.notes("rad") | {"reference": reference}
    write_json(snakemake.output.sidecar, sidecar("average_phase", dict(files.items()), params, notes))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

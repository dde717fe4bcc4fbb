"""stack_rates: unwrapped pairs of one stack -> phase rate and LOS rate by stacking (P4 eqs. 1 and 2).

inputs: per pair unwrapped phase (rad, grows when the ground moves away), connected components, coherence and sidecar; layover and
shadow; elevation (m). outputs: phase rate (rad/yr, positive away) and LOS rate (mm/yr, positive towards the satellite), each with
its standard error; the LOS rate with the paper's sign (for comparison only); mean coherence; number of pairs; stable ground;
reference.json (where the zero is, and why).
"""

from sarslide.grid import RegionGrid
from sarslide.provenance import sidecar, write_json
from sarslide.rates.rasters import stack_of, write_layers
from sarslide.workflow import job


def main(snakemake) -> None:
    params, files = dict(snakemake.params.items()), dict(snakemake.input.items())
    grid = RegionGrid.from_dict(params["grid"])
    rates = stack_of(params, files)
    write_layers(snakemake.output, rates, grid)
    write_json(snakemake.output.reference, rates.reference.to_dict(grid))
    write_json(snakemake.output.sidecar, sidecar("stack_rates", files, params, rates.notes("rad_per_yr")))


with job(snakemake):
    main(snakemake)

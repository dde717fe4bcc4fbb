"""stack_rates: unwrapped pairs of one stack -> phase and LOS rate by stacking (P4 eqs. 1, 2).

inputs: per pair unwrapped phase (rad, grows when the ground moves away), connected components,
coherence and sidecar; layover and shadow; elevation (m). outputs: phase rate (rad/yr, positive
away) and LOS rate (mm/yr, positive towards the satellite), each with its standard error; the LOS
rate with the paper's sign (for comparison only); mean coherence; number of pairs; stable ground;
reference.json (where the zero is, and why).
"""

from sarslide.workflow.job import job
from sarslide.rates.rasters import write_stacked
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    write_stacked(snakemake.rule, dict(snakemake.input.items()), dict(snakemake.params.items()), snakemake.output)


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

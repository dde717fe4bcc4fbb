"""hyp3_ingest: HyP3's product of one pair -> the engine contract on the region grid.

inputs: JSON that names the zip. outputs: unwrapped and wrapped phase (rad, grow when the ground
moves away from the satellite), coherence (0..1), connected components (0 = not reliable); sidecar
with dates, UTC, bperp_m (later - earlier, up and away from the track), what is absent.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.external.hyp3 import ingest, open_stored
from sarslide.io.sidecar import sidecar


def main(snakemake) -> None:
    params, wildcards = snakemake.params, snakemake.wildcards
    grid, product = RegionGrid.from_dict(params.grid), open_stored(snakemake.input.product)
    pair = ingest(product, wildcards.pair, grid)
    record = pair.record("hyp3", wildcards.stack, wildcards.pair).to_dict()
    extra = {"product": product.name, "processor": pair.metadata.processor}
    about = sidecar("hyp3_ingest", {"product": snakemake.input.product}, dict(params.items()), record | extra)
    pair.write(snakemake.output, grid, about)


with job(snakemake):
    main(snakemake)

"""hyp3_ingest: HyP3's product of one pair -> the engine contract on the region grid.

inputs: JSON that names the zip. outputs: unwrapped and wrapped phase (rad, grow when the ground moves away from the satellite),
coherence (0..1), connected components (0 = not reliable); sidecar with dates, UTC, bperp_m (later - earlier, up and away from the
track), what is absent.
"""

from pathlib import Path

from sarslide.grid import RegionGrid
from sarslide.insar.external.hyp3 import ingest, open_product
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.workflow.job import job


def main(snakemake) -> None:
    output, wildcards = snakemake.output, snakemake.wildcards
    grid, told = RegionGrid.from_dict(snakemake.params.grid), Path(snakemake.input.product)
    product = open_product(told.parent / read_json(told)["file"])
    foreign = ingest(product, wildcards.pair, grid)
    raster.write(output.unwrapped, foreign.unwrapped_rad, grid, "unw_rad")
    raster.write(output.wrapped, foreign.wrapped_rad, grid, "wrapped_rad")
    raster.write(output.coherence, foreign.coherence, grid, "cor")
    raster.write(output.conncomp, foreign.conncomp, grid, "conncomp")
    record = foreign.record("hyp3", wildcards.stack, wildcards.pair).to_dict()
    extra = {"product": product.name, "processor": foreign.about.processor}
    about = sidecar("hyp3_ingest", {"product": told}, dict(snakemake.params.items()), record | extra)
    write_json(output.sidecar, about)


with job(snakemake):
    main(snakemake)

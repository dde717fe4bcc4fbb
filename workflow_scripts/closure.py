"""closure: unwrapped and wrapped pairs of one stack -> phase closure of every triplet, loop errors
of every pair.

inputs, per pair: unwrapped phase (rad), connected components (0 = not reliable), wrapped phase
(rad; unfiltered band). outputs: RMS of the wrapped closure (rad), number of triplets judged and of
those that do not close, cycles by which each pair is wrong (one band a pair); closure.json with the
statistics of triplets and pairs.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.closure import close_triplets
from sarslide.insar.pair_blocks import block_reader
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake, log) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid, pairs = RegionGrid.from_dict(params.grid), list(params.pairs)
    read = block_reader(pairs, grid, files.unwrapped, files.wrapped, files.conncomp)
    with raster.create(output.loop_error_cycles, grid, "loop_error_cycles", bands=tuple(pairs)) as put:

        def put_all(rows, cols, errors) -> None:
            for band, one in enumerate(errors, start=1):
                put(rows, cols, one, band)

        found = close_triplets(read, pairs, grid.shape, put_all)
    raster.write(output.closure_rms_rad, found.rms_rad, grid, "closure_rms_rad")
    raster.write(output.closure_count, found.count, grid, "closure_count")
    raster.write(output.unwrap_error_count, found.error_count, grid, "unwrap_error_count")
    judged, open_ones = int(found.count.sum(dtype=int)), int(found.error_count.sum(dtype=int))
    log.info("%d triplets, %d of %d closures not zero", len(found.triplets), open_ones, judged)
    about = {
        "triplets": [one.to_dict() for one in found.triplets],
        "nonzero_share": round(open_ones / judged, 6) if judged else None,
        "loop_errors": {
            pair: dict(zip(("judged", "wrong", "ambiguous"), counts, strict=True))
            for pair, counts in found.wrong.items()
        },
    }
    write_json(output.about, sidecar("closure", dict(files.items()), dict(params.items()), about))


with job(snakemake) as log:
    main(snakemake, log)

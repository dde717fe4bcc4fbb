"""fuse: candidates of all stacks -> one object per source (P0 6, G05), with the parents of each.

inputs: candidates of each stack. outputs: GeoPackage layer `candidates` of fused objects, masked
ones included, sidecar.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.inventory.fusion import fuse
    from sarslide.inventory.tables import CANDIDATES, FUSED, rows_of, typed
    from sarslide.io import vector
    from sarslide.io.sidecar import sidecar, write_json

    params, files = snakemake.params, snakemake.input
    frames = {path: vector.read(path, "candidates") for path in files.candidates}
    rows = [row for path, frame in frames.items() for row in rows_of(frame, CANDIDATES, path)]
    fused = fuse(rows, params.overlap)
    log.info("%d candidates of %d stacks are %d objects", len(rows), len(params.stacks), len(fused))
    vector.write(snakemake.output.candidates, typed(fused, FUSED, next(iter(frames.values())).crs), "candidates")
    write_json(snakemake.output.sidecar, sidecar("fuse", dict(files.items()), dict(params.items())))


with job(snakemake) as log:
    main(snakemake, log)

"""fuse: candidates of all stacks and frames -> one object per source (P0 6, G05), with the parents
of each.

inputs: candidates of each stack and frame; levels of the frames of each stack, where it has several
and rates. outputs: GeoPackage with layer `candidates` of fused objects and layer `by_track` of the
objects of each track, joined over the seams of frames, before fusion; masked ones in both; sidecar.
params: seen (frames by stack, in the order of the files), frames (core and view of every frame of
the region).
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.frames import Frame
    from sarslide.inventory.fusion import fuse
    from sarslide.inventory.masks import MaskRules
    from sarslide.inventory.seams import join, with_level
    from sarslide.inventory.tables import CANDIDATES, FUSED, rows_of, typed
    from sarslide.io import vector
    from sarslide.io.sidecar import read_json, sidecar, write_json
    from sarslide.rates.levelling import planes_of

    params, files = snakemake.params, snakemake.input
    frames = [Frame.from_dict(name, grids) for name, grids in params.frames.items()]
    stacks = [stack for stack, names in params.seen.items() if names]
    planes = dict(zip(stacks, map(planes_of, map(read_json, files.levels)), strict=True)) if files.levels else {}
    seen = [(stack, name) for stack in stacks for name in params.seen[stack]]
    tables = {path: vector.read(path, "candidates") for path in files.candidates}
    found: dict[str, dict[str, list[dict]]] = {stack: {} for stack in stacks}
    for (stack, name), (path, table) in zip(seen, tables.items(), strict=True):
        rows = rows_of(table, CANDIDATES, path)
        found[stack][name] = with_level(rows, planes[stack][name], table.crs) if planes else rows
    rules = MaskRules(
        params.min_area_km2,
        params.snowline_m,
        params.min_slope_deg,
        params.min_coherence,
        min_sensitivity=params.min_sensitivity,
    )
    joined = [row for by_frame in found.values() for row in join(by_frame, frames, rules)]
    fused = fuse(joined, params.overlap)
    count = sum(map(len, tables.values()))
    log.info("%d candidates of %d frames and %d stacks are %d objects", count, len(seen), len(stacks), len(fused))
    crs = next(iter(tables.values())).crs
    layers = {"candidates": typed(fused, FUSED, crs), "by_track": typed(joined, CANDIDATES, crs)}
    vector.write_layers(snakemake.output.candidates, layers)
    write_json(snakemake.output.sidecar, sidecar("fuse", dict(files.items()), dict(params.items())))


with job(snakemake) as log:
    main(snakemake, log)

"""coco_export: whole labelled scenes of a region -> images, masks and COCO annotations with CRS and
transform (D06, D07).

inputs: scenes (npz of `label_scene`, one a track). outputs: folder (`image`, `mask`, `json` as in
`dataset.coco_write`), sidecar with the counts of each part. params: channels (set of three), patch
(cells), overlap, negatives, split, block (cells), fractions, annotations (rle, polygon), seed.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.dataset import coco_write, features, scenes
    from sarslide.io.sidecar import sidecar, write_json

    params = dict(snakemake.params.items())
    settings = {word: value for word, value in params.items() if word not in ("channels", "code")}
    design = coco_write.Design(**settings | {"fractions": tuple(params["fractions"])})
    channels = features.channel_set(params["channels"])
    paths = [str(path) for path in snakemake.input.scenes]
    tracks = [scenes.load(path, channels) for path in paths]
    counts = coco_write.write_dataset(snakemake.output.folder, tracks, channels, design)
    log.info("%s", counts)
    write_json(snakemake.output.sidecar, sidecar("coco_export", {"scenes": paths}, params, {"counts": counts}))


with job(snakemake) as log:
    main(snakemake, log)

"""label_scene: stored layers of one finished track + labelled polygons -> a training scene.

inputs: layers under their registered names, units and signs (LOS rate mm/yr, positive towards the
satellite), on the region grid; labels (vector file, any CRS); area (vector file of what was looked
at, or none). outputs: scene (npz of `dataset.scenes`: the layers, label, objects, meta), label (1
landslide, 0 background, 255 not counted), sidecar. The part `whole` holds every cell; `train`,
`validation` and `test` hold the cells of their blocks and nothing of the others', or those of their
patches of the papers' random split, which overlap. No part holds the cells of a test area. params:
grid; region; exclude (grids of test areas by region); how attributes are read (layer ...
min_confidence); split (blocks, random), block (cells), patch (cells), overlap, fractions, seed.
"""

from sarslide.workflow.job import job

NO_LAYERS = ("labels", "area")


def main(snakemake, log) -> None:
    from itertools import islice

    from sarslide.dataset import labels, scenes, splits
    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io.arrays import write_npz
    from sarslide.io.sidecar import sidecar, write_json

    params, files, part = snakemake.params, snakemake.input, snakemake.wildcards.part
    grid = RegionGrid.from_dict(params.grid)
    reading = labels.Reading(
        params.layer, params.class_column, params.classes, params.confidence_column, params.min_confidence
    )
    area = files.area[0] if files.area else None
    labelled = labels.read_labels(files.labels, grid, reading, area)
    paths = {name: str(path) for name, path in files.items() if name not in NO_LAYERS}
    stored = {name: raster.read(path, grid) for name, path in paths.items()}
    scene = scenes.arrays_of(stored, labelled.label, labelled.objects, grid, params.region, snakemake.wildcards.stack)
    if tested := [RegionGrid.from_dict(about) for about in params.exclude.values()]:
        scene = splits.without_test_areas(scene, splits.cells_of_areas(grid, tested))
    if part != "whole":
        if params.split == "random":
            parts = splits.scene_parts_of_patches(scene, params.patch, params.overlap, params.fractions, params.seed)
        else:
            parts = splits.scene_parts(scene, params.block, params.fractions, params.seed)
        scene = next(islice(parts, splits.PARTS.index(part), None))
    write_npz(snakemake.output.scene, scene)
    raster.write(snakemake.output.label, scene["label"], grid, "label", {"part": part})
    counts = {str(value): int((scene["label"] == value).sum()) for value in (0, 1, scenes.IGNORE)}
    log.info("cells by label: %s", counts)
    inputs = paths | {"labels": str(files.labels)} | ({"area": str(area)} if area else {})
    write_json(snakemake.output.sidecar, sidecar("label_scene", inputs, dict(params.items()), {"cells": counts}))


with job(snakemake) as log:
    main(snakemake, log)

"""score_external: the release against an inventory of others and against field checks.

inputs: the pointer to the release; the external inventory, the area in which it is complete, and
the field checks, a list of one file each, or an empty one; per stack what each cell hides
(observable_class). outputs: external_scores.json; external_matches.csv, a row for each object of
both sides; external.gpkg with the layers external, released and points, for the report. The release
does not follow from any of it.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from pathlib import Path

    from sarslide.evaluate import external
    from sarslide.evaluate import external_files as files_of
    from sarslide.evaluate.external_tables import layers_of, matches_csv, plain, table
    from sarslide.evaluate.windows import RasterCells
    from sarslide.grid import RegionGrid
    from sarslide.inventory import records
    from sarslide.inventory.changes import LANDSLIDES, LAYERS
    from sarslide.io import raster, vector
    from sarslide.io.atomic import atomic_file
    from sarslide.io.sidecar import write_json

    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    folder = records.folder_of(files.current)
    layers = {name: vector.read(folder / records.PACKAGE, name).to_dict("records") for name in LAYERS}
    observable = {}
    for stack, path in zip(params.stacks, files.observable, strict=True):
        raster.check_grid(path, grid)
        observable[stack] = RasterCells(Path(path), lambda classes: classes == 0)
    scores = {"release": folder.name, "inventory": None, "points": None}
    comparison, points = external.Comparison([], []), []
    for path in files.inventory:
        reading = (params.layer, params.name_column, params.class_column)
        outlines = files_of.read_inventory(path, grid, *reading)
        area = files_of.read_area(files.area[0], grid) if files.area else None
        rules = external.MatchRules(params.match_iou, params.min_area_km2, params.complete, area)
        comparison = external.compare(outlines.to_dict("records"), layers, observable, grid, rules)
        about = {"match_iou": rules.match_iou, "min_area_km2": rules.min_area_km2, "complete": rules.complete}
        scores["inventory"] = about | external.scores(comparison, params.stacks, rules)
    for path in files.points:
        checks = files_of.read_points(path, grid, params.seen_column).to_dict("records")
        points = external.check_points(checks, layers[LANDSLIDES], observable, grid)
        scores["points"] = external.point_scores(points)
    with atomic_file(snakemake.output.matches) as temporary:
        temporary.write_text(matches_csv([*comparison.external, *comparison.released]))
    vector.write_layers(snakemake.output.objects, layers_of(comparison, points, grid.epsg))
    write_json(snakemake.output.scores, plain(scores))
    log.info("scores\n%s", table(scores))


with job(snakemake) as log:
    main(snakemake, log)

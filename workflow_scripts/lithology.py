"""lithology: polygons of a geological map -> rock classes on the region grid.

inputs: map (vector file in any CRS). outputs: lithology (uint8, codes of sarslide.layers.LITHOLOGY,
0 unknown), legend (CSV: the map's value, class, rock, code, cells), sidecar. params: grid; layer,
attribute, classes (value -> class).
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import sidecar, write_json
from sarslide.io.spreadsheet import neutral


def main(snakemake, log) -> None:
    import csv

    from sarslide.retrieve.lithology import rock_classes

    params = snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    codes, legend = rock_classes(snakemake.input.map[0], params.layer, params.attribute, params.classes, grid)
    known = float((codes > 0).mean())
    log.info("%d kinds of rock; known in %.1f %% of the region", len(legend), 100 * known)
    raster.write(snakemake.output.lithology, codes, grid, "lithology")
    with atomic_file(snakemake.output.legend) as temporary, open(temporary, "w", newline="") as stream:
        table = csv.DictWriter(stream, ["value", "class", "rock", "code", "cells"], lineterminator="\n")
        table.writeheader()
        table.writerows(row | {"value": neutral(row["value"])} for row in legend)
    extra = {"known_share": round(known, 6)}
    write_json(
        snakemake.output.sidecar, sidecar("lithology", dict(snakemake.input.items()), dict(params.items()), extra)
    )


with job(snakemake) as log:
    main(snakemake, log)

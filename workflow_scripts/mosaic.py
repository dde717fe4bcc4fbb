"""mosaic: one layer of all frames -> one raster of the region.

inputs: the layer of each frame; for rates also the levels of rule `level_frames` and elevation (m)
of each frame, of the same cells; for phase rates the record of a pair (wavelength). outputs: the
layer, each cell from the frame whose core holds it, unknown where none does; sidecar. params: grid
of the region, frames (name and grids, in the order of the files).
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.frames import Frame
    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io.mosaic import Piece, as_it_is, write_mosaic
    from sarslide.io.sidecar import read_json, sidecar, write_json
    from sarslide.rates.levelling import levelled, planes_of
    from sarslide.rates.los import mm_per_rad
    from sarslide.rates.records import common_wavelength_m

    files, params = snakemake.input, snakemake.params
    cores = {name: Frame.from_dict(name, grids).core for name, grids in params.frames.items()}
    pieces = [Piece.of(path, core) for path, core in zip(files.layer, cores.values(), strict=True)]
    # What all frames state, such as the threshold of a probability.
    first, *others = (raster.tags_of(path) for path in files.layer)
    common = {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
    tags = {name: value for name, value in common.items() if name not in raster.OF_LAYER} | {"frames": " ".join(cores)}
    layer, change = first["layer"], as_it_is
    if files.levels:
        planes = planes_of(read_json(files.levels[0]))
        of_piece = dict(zip(pieces, zip(cores, files.elevation, strict=True), strict=True))
        unit_mm = mm_per_rad(common_wavelength_m(map(read_json, files.records))) if files.records else 1.0
        tags |= {"levelled": "yes"}

        def change(piece: Piece, part: RegionGrid, values):
            name, path = of_piece[piece]
            heights = Piece(path, piece.grid, piece.core).read(part, 1)
            return levelled(values * unit_mm, part, planes[name], heights) / unit_mm

        for piece, (_, path) in of_piece.items():
            raster.check_grid(path, piece.grid)
    held = write_mosaic(snakemake.output.map, RegionGrid.from_dict(params.grid), layer, pieces, tags, change)
    log.info("%s: %d cells of %d frames", layer, held, len(pieces))
    write_json(
        snakemake.output.sidecar,
        sidecar("mosaic", dict(files.items()), dict(params.items()), {"layer": layer, "cells": held}),
    )


with job(snakemake) as log:
    main(snakemake, log)

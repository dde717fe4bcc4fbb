"""level_frames: rates of all frames of one stack -> offset, tilt and height slope of each.

inputs: per frame LOS rate (mm/yr, positive towards the satellite), stable ground and elevation (m).
output: JSON with what levelling takes off the rates of each frame (mm/yr at the origin, mm/yr per
km) and its standard error, of each overlap the difference of its two frames before and after, and
the named reference area on which levelled rates are zero. params: frames (name and grids, in the
order of the files); plane, height_correlated (what the frames have taken off beside an offset);
reference (frames whose reference area is the named one).
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.frames import Frame
    from sarslide.io import raster
    from sarslide.io.sidecar import sidecar, write_json
    from sarslide.rates.level_samples import HEIGHT, RATE, STABLE
    from sarslide.rates.levelling import level

    files, params = snakemake.input, snakemake.params
    frames = [Frame.from_dict(name, grids) for name, grids in params.frames.items()]
    paths = {}
    for layer, of_layer in ((RATE, files.los_rate), (STABLE, files.stable_ground), (HEIGHT, files.elevation)):
        for frame, path in zip(frames, of_layer, strict=True):
            raster.check_grid(path, frame.grid)
            paths[frame.name, layer] = path

    def read(frame: str, layer: str, rows: slice, cols: slice):
        return raster.read_block(paths[frame, layer], rows, cols)

    found = level(frames, read, params.plane, params.height_correlated, params.reference)
    for name, one in found.levels.items():
        log.info("%s: %+.2f mm/yr, %s", name, one.plane.offset_mm_per_yr, one.reason or "levelled")
    for zero in found.zeros:
        log.info("zero in %d cells of rates.reference, frames %s", zero.cells, ", ".join(zero.frames))
    if params.reference and not found.zeros:
        log.warning("no frame that is levelled has a cell of rates.reference: rates are relative to all stable ground")
    write_json(
        snakemake.output.levels, sidecar("level_frames", dict(files.items()), dict(params.items()), found.to_dict())
    )


with job(snakemake) as log:
    main(snakemake, log)

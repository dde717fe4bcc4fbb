"""level_figure: levelled LOS rate and levels of the frames of one stack -> picture.

inputs: mosaic of the LOS rate (mm/yr, positive towards the satellite); levels of rule
`level_frames`. output: PNG of the rate and of the offset and tilt taken off, with the edges of the
frames. params: grid of the region, frames (name and grids).
"""

from sarslide.workflow.job import job

MAX_SIDE = 600  # cells of a map


def main(snakemake) -> None:
    from dataclasses import replace

    from sarslide.frames import Frame
    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io.sidecar import read_json
    from sarslide.rates.levelling import planes_of
    from sarslide.report.quicklooks import levelling_figure, save

    files, params = snakemake.input, snakemake.params
    region = RegionGrid.from_dict(params.grid)
    cores = {name: Frame.from_dict(name, grids).core for name, grids in params.frames.items()}
    raster.check_grid(files.los_rate, region)
    step = max(1, -(-max(region.shape) // MAX_SIDE))
    rows, cols = (-(-side // step) for side in region.shape)
    coarse = replace(region, cell_m=step * region.cell_m, rows=rows, cols=cols)
    rate = raster.read_mean(files.los_rate, coarse.shape)
    title = f"{snakemake.wildcards.stack}: levels of {len(cores)} frames"
    planes = planes_of(read_json(files.levels))
    save(levelling_figure(title, rate, coarse, cores, planes), snakemake.output.figure)


with job(snakemake):
    main(snakemake)

"""atmosphere_figure: scatter of the dates of one stack before and after each correction -> picture.

inputs: scatter over the dates as a map (mm, one band a correction); table with one row a date.
output: PNG.
"""

from sarslide.workflow.job import job


def main(snakemake) -> None:
    import csv

    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.report.quicklooks import atmosphere_figure, save

    files, grid = snakemake.input, RegionGrid.from_dict(snakemake.params.grid)
    with open(files.table, newline="") as stream:
        _, *rows = csv.reader(stream)
    dates, *columns = zip(*rows, strict=True)
    states = raster.band_names(files.scatter)
    scatter = {state: [float(value) for value in column] for state, column in zip(states, columns, strict=True)}
    title = f"{snakemake.wildcards.stack}: atmosphere before and after the corrections"
    save(atmosphere_figure(title, dates, scatter, raster.read_all(files.scatter, grid), grid), snakemake.output.figure)


with job(snakemake):
    main(snakemake)

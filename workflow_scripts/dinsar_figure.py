"""dinsar_figure: one pair -> picture of wrapped phase (as P2, B12), LOS displacement and error.

inputs: wrapped phase (rad; the filtered band), coherence, LOS displacement (mm, positive towards
the satellite) and its standard deviation (mm). output: PNG.
"""

from sarslide.workflow.job import job

FILTERED = 2


def main(snakemake) -> None:
    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.report.quicklooks import dinsar_figure, save

    files, grid = snakemake.input, RegionGrid.from_dict(snakemake.params.grid)
    figure = dinsar_figure(
        f"{snakemake.wildcards.stack} {snakemake.wildcards.pair}",
        raster.read(files.wrapped, grid, FILTERED),
        *(raster.read(path, grid) for path in (files.coherence, files.displacement, files.std)),
        grid,
    )
    save(figure, snakemake.output.figure)


with job(snakemake):
    main(snakemake)

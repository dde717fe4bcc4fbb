"""east_up: LOS rates of all tracks of a frame -> east and up.

inputs: of each track LOS rate and its standard error (mm/yr, positive towards the satellite), east
and up component of the LOS unit vector (ground to satellite). outputs: east and up rate and their
standard errors (mm/yr, positive eastward and upward), north taken as 0; NaN where the tracks do not
look from both sides.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    import numpy as np

    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io.blocks import strips
    from sarslide.io.sidecar import sidecar, write_json
    from sarslide.layers import EAST_UP
    from sarslide.rates.decomposition import east_and_up

    files, params = snakemake.input, snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    tracks = [
        np.array([raster.read(path, grid) for path in files[name]])
        for name in ("los_rate", "los_rate_std", "los_east", "los_up")
    ]
    found = {layer: np.empty(grid.shape, np.float32) for layer in EAST_UP}
    for rows in strips(grid.rows, 256):
        for layer, values in zip(EAST_UP, east_and_up(*(part[:, rows] for part in tracks)), strict=True):
            found[layer][rows] = values
    for layer, values in found.items():
        raster.write(snakemake.output[layer], values, grid, layer)
    log.info("%d cells seen from both sides by %s", np.isfinite(values).sum(), ", ".join(params.stacks))
    write_json(snakemake.output.sidecar, sidecar("east_up", dict(files.items()), dict(params.items())))


with job(snakemake) as log:
    main(snakemake, log)

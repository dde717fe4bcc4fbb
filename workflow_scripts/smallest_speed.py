"""smallest_speed: rates of all tracks of a frame -> how slow a landslide may be and still be seen.

inputs: of each track LOS rate (mm/yr, positive towards the satellite), mean coherence, number of
pairs, stable ground, class of observability, sensitivity to downslope motion; slope (degree).
outputs: by area of the landslide the smallest speed down the slope (mm/yr) that the better track
sees; NaN where no track observes, and on ground too flat for landslides. The sidecar has the noise
of each track.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    import numpy as np

    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io.sidecar import sidecar, write_json
    from sarslide.layers import SMALLEST_SPEED
    from sarslide.rates.observability import is_observed
    from sarslide.rates.smallest_speed import Body, Rates, best_of, cell_variance, rounded, smallest_speed

    files, params = snakemake.input, snakemake.params
    grid = RegionGrid.from_dict(params.grid)
    steep = raster.read(files.slope, grid) >= params.min_slope_deg
    speeds = {layer: np.full(grid.shape, np.nan) for layer in SMALLEST_SPEED}
    noise = {}
    for number, stack in enumerate(params.stacks):
        track = Rates(
            rate=raster.read(files.los_rate[number], grid),
            variance=cell_variance(
                *(raster.read(files[name][number], grid) for name in ("mean_coherence", "pair_count"))
            ),
            observed=is_observed(raster.read(files.observable_class[number], grid)),
            stable=np.isin(raster.read(files.stable_ground[number], grid), (1, 2)),
            sensitivity=raster.read(files.sensitivity[number], grid),
        )
        for layer, area_ha in SMALLEST_SPEED.items():
            speed, about = smallest_speed(track, Body.of(area_ha, grid.cell_m), params.min_sensitivity)
            speeds[layer] = best_of([speeds[layer], speed])
            noise.setdefault(stack, {})[layer] = about
            log.info("%s %s: %s", stack, layer, about)
    for layer, speed in speeds.items():
        raster.write(snakemake.output[layer], rounded(np.where(steep, speed, np.nan)), grid, layer)
    write_json(
        snakemake.output.sidecar,
        sidecar("smallest_speed", dict(files.items()), dict(params.items()), {"noise": noise}),
    )


with job(snakemake) as log:
    main(snakemake, log)

"""average_phase: wrapped pairs of one stack -> averaged phase (P0 3.1).

inputs: per pair wrapped phase (rad, grows when the ground moves away; the unfiltered band is averaged, because averaging is
itself the filter and keeps small landslides) and coherence; layover and shadow; elevation (m). outputs: averaged phase (rad,
positive away from the satellite) and its standard error (rad).
"""

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.provenance import sidecar, write_json
from sarslide.rates.passes import RateSettings
from sarslide.rates.pipeline import average_phase
from sarslide.rates.reference import disc_in_cells
from sarslide.workflow import job


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    paths = dict(zip(params.pairs, zip(files.wrapped, files.coherence, strict=True), strict=True))
    rates = average_phase(
        lambda pair: tuple(raster.read(path, grid) for path in paths[pair]),
        params.pairs,
        raster.read(files.elevation, grid),
        RateSettings(
            height_correlated=params.height_correlated,
            plane=params.plane,
            moving_sigma=params.moving_sigma,
            min_coherence=params.min_coherence,
            pair_coherence=params.pair_coherence,
            reference=disc_in_cells(grid, params.reference),
        ),
        exclude=raster.read(files.layover_shadow, grid) > 0,
        mean=params.mean,
    )
    for layer in ("avg_phase_rad", "avg_phase_std_rad"):
        raster.write(snakemake.output[layer], rates.layers[layer], grid, layer)
    write_json(
        snakemake.output.sidecar,
        sidecar(
            "average_phase",
            dict(files.items()),
            dict(params.items()),
            {
                "removed": rates.pairs,
                "reference": rates.reference.to_dict(grid),
                "moving_limit_rad": rates.moving_limit,
            },
        ),
    )


with job(snakemake):
    main(snakemake)

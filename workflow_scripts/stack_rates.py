"""stack_rates: unwrapped pairs of one stack -> phase rate and LOS rate by stacking (P4 eqs. 1 and 2).

inputs: per pair unwrapped phase (rad, grows when the ground moves away), connected components, coherence and sidecar; layover and
shadow; elevation (m). outputs: phase rate (rad/yr, positive away) and LOS rate (mm/yr, positive towards the satellite), each with
its standard error; the LOS rate with the paper's sign (for comparison only); mean coherence; number of pairs; stable ground;
reference.json (where the zero is, and why).
"""

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.provenance import read_json, sidecar, write_json
from sarslide.rates.passes import RateSettings
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.reference import disc_in_cells
from sarslide.workflow import job


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    paths = dict(zip(params.pairs, zip(files.unwrapped, files.coherence, files.conncomp, strict=True), strict=True))
    wavelengths = {read_json(path)["wavelength_m"] for path in files.sidecars}
    if len(wavelengths) != 1:
        raise RateError(f"pairs of several wavelengths: {sorted(wavelengths)} m", "stack one sensor at a time")
    rates = stack_rates(
        lambda pair: tuple(raster.read(path, grid) for path in paths[pair]),
        params.pairs,
        raster.read(files.elevation, grid),
        wavelengths.pop(),
        RateSettings(
            height_correlated=params.height_correlated,
            plane=params.plane,
            moving_sigma=params.moving_sigma,
            min_coherence=params.min_coherence,
            pair_coherence=params.pair_coherence,
            weighting=params.weighting,
            reference=disc_in_cells(grid, params.reference),
        ),
        exclude=raster.read(files.layover_shadow, grid) > 0,
    )
    for layer, values in (rates.layers | {"stable_ground": rates.ground}).items():
        raster.write(snakemake.output[layer], values, grid, layer)
    write_json(snakemake.output.reference, rates.reference.to_dict(grid))
    write_json(
        snakemake.output.sidecar,
        sidecar(
            "stack_rates",
            dict(files.items()),
            dict(params.items()),
            {"removed": rates.pairs, "moving_limit_rad_per_yr": rates.moving_limit},
        ),
    )


with job(snakemake):
    main(snakemake)

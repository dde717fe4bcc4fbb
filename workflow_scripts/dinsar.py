"""dinsar: one unwrapped pair -> LOS displacement between its dates (D-InSAR, P0 3.1).

inputs: unwrapped phase (rad, grows away), connected components, coherence, sidecar; layover and
shadow; elevation (m). outputs: LOS displacement (mm, positive towards the satellite, relative to
the reference; masked where incoherent) and the standard deviation that the coherence predicts (mm);
sidecar with what was removed and where the zero is.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.layers import hidden
from sarslide.rates.dinsar import displacement
from sarslide.rates.rasters import unwrapped_reader
from sarslide.rates.settings import RateSettings
from sarslide.rates.unrated import unknown_without_ground


def main(snakemake) -> None:
    params, files, output = dict(snakemake.params.items()), snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params["grid"])
    about, pair = read_json(files.about), snakemake.wildcards.pair
    one = {name: [files[name]] for name in ("unwrapped", "coherence", "conncomp")}
    one |= {"sidecars": [files.about], "delays": files.get("delays", [])}
    found = displacement(
        pair,
        *unwrapped_reader({"pairs": [pair]}, one, grid)(pair),
        raster.read(files.elevation, grid),
        about["wavelength_m"],
        about["looks"],
        RateSettings.of(params, grid),
        exclude=hidden(raster.read(files.layover_shadow, grid)),
    )
    raster.write(output.displacement, found.displacement_mm, grid, "los_displacement_mm")
    raster.write(output.std, found.std_mm, grid, "los_displacement_std_mm")
    notes = {
        "pair": pair,
        "removed": found.removed,
        "reference": found.ground.reference.to_dict(grid),
        "stable_ground_changes": found.changes,
    }
    write_json(output.sidecar, sidecar("dinsar", dict(files.items()), params, notes))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

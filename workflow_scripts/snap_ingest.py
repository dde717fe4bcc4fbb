"""snap_ingest: SNAP's geocoded pair -> the engine contract on the region grid.

inputs: sidecars of the geocoding and of the interferogram, beside which the products lie. outputs: wrapped phase, unfiltered
and filtered, and unwrapped phase (rad, earlier x conj(later), grow when the ground moves away from the satellite); coherence
(0..1); components; sidecar with dates, UTC, bperp_m (later - earlier, up and away from the track), looks.
"""

from dataclasses import replace
from pathlib import Path

from sarslide.grid import RegionGrid
from sarslide.insar.external.pair import About
from sarslide.insar.snap.product import ingest, looks
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.workflow.job import job


def main(snakemake) -> None:
    params, output, wildcards = snakemake.params, snakemake.output, snakemake.wildcards
    grid, folder = RegionGrid.from_dict(params.grid), Path(snakemake.input.geocoded).parent
    made = read_json(snakemake.input.interferogram)
    filtered = {"name": "goldstein", "alpha": params.goldstein_alpha, "window": params.goldstein_window}
    known = About(wavelength_m=made["wavelength_m"], filter=filtered if params.goldstein_alpha else None)
    foreign = ingest(folder / "geocoded.dim", folder / "unfiltered.dim", wildcards.pair, grid, known)
    raster.write(output.unwrapped, foreign.unwrapped_rad, grid, "unw_rad")
    raster.write(output.wrapped, foreign.wrapped_rad, grid, "wrapped_rad")
    raster.write(output.coherence, foreign.coherence, grid, "cor")
    raster.write(output.conncomp, foreign.conncomp, grid, "conncomp")
    told = made["params"]
    record = replace(
        foreign.record("snap", wildcards.stack, wildcards.pair),
        engine_version=made["snap"],
        looks=looks(told["range_looks"], told["azimuth_looks"]),
        coherence_looks=looks(told["coherence_range"], told["coherence_azimuth"]),
    )
    about = sidecar("snap_ingest", dict(snakemake.input.items()), dict(params.items()), record.to_dict())
    write_json(output.sidecar, about)


with job(snakemake):
    main(snakemake)

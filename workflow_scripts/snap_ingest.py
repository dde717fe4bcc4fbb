"""snap_ingest: SNAP's geocoded pair -> the engine contract on the region grid.

inputs: sidecars of the geocoding and of the interferogram, beside which the products lie. outputs:
wrapped phase, unfiltered and filtered, and unwrapped phase (rad, earlier x conj(later), grow when
the ground moves away from the satellite); coherence (0..1); components; sidecar with dates, UTC,
bperp_m (later - earlier, up and away from the track), looks.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.external.pair import PairMetadata
from sarslide.insar.snap.product import ingest, looks, read_made
from sarslide.io.sidecar import sidecar


def main(snakemake) -> None:
    params, files, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
    grid, folder = RegionGrid.from_dict(params.grid), Path(files.geocoded).parent
    made, alpha = read_made(files.interferogram), params.goldstein_alpha
    known = PairMetadata(
        wavelength_m=made.wavelength_m,
        version=made.snap,
        looks=looks(made.params.range_looks, made.params.azimuth_looks),
        coherence_looks=looks(made.params.coherence_range, made.params.coherence_azimuth),
        filter={"name": "goldstein", "alpha": alpha, "window": params.goldstein_window} if alpha else None,
    )
    pair = ingest(folder / "geocoded.dim", folder / "unfiltered.dim", wildcards.pair, grid, known)
    record = pair.record("snap", wildcards.stack, wildcards.pair).to_dict()
    pair.write(snakemake.output, grid, sidecar("snap_ingest", dict(files.items()), dict(params.items()), record))


with job(snakemake):
    main(snakemake)

"""interferogram: geocoded SLCs -> all pairs that end at one date.

inputs: geocoded SLCs and their sidecars. outputs, per pair: wrapped phase, unfiltered and Goldstein-filtered (rad, earlier x
conj(later), grows when the ground moves away from the satellite); coherence (0..1, from unfiltered samples, bias-corrected);
sidecar with dates, UTC, bperp_m (later - earlier, up and away from the track), looks, windows, coverage, the phase steps between
bursts and swaths, and, where it is asked for, the azimuth misregistration by spectral diversity (reported, not applied).
"""

from dataclasses import asdict

from sarslide import __version__, names
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import Acquisition, bands_swapped, pair_baseline
from sarslide.insar.native.interferogram import multilook
from sarslide.insar.pair_files import write_pair
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.workflow.job import job


def main(snakemake) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    acquisitions = [Acquisition.from_dict(read_json(path)) for path in files.sidecars]
    dated = {one.date: one for one in acquisitions}
    slcs = {one.date: path for one, path in zip(acquisitions, files.gslc, strict=True)}
    dates = {pair: [dated[date] for date in names.split_pair(pair)] for pair in params.pairs}
    baselines = {pair: pair_baseline(*both) for pair, both in dates.items()}
    swapped = frozenset(pair for pair, both in dates.items() if bands_swapped(*both))
    sums = multilook(slcs, params.pairs, Lattice.of(grid), swapped)
    looks = grid.cell_m**2 * acquisitions[0].samples_per_m2
    diversity = _diversity(files, grid) if params.spectral_diversity else None
    settings = dict(params.items())
    about = sidecar("interferogram", dict(files.items()), settings)
    for pair, wrapped, coherence, json in zip(
        params.pairs, output.wrapped, output.coherence, output.sidecars, strict=True
    ):
        earlier, later = dates[pair]
        bperp_m = baselines[pair].perpendicular_m
        record = write_pair(
            sums[pair], earlier, later, bperp_m, looks, ("native", __version__), settings, grid, wrapped, coherence
        )
        checks = {"coverage": asdict(sums[pair].coverage), "overlap": sums[pair].overlaps.to_dict()}
        if diversity:
            checks["azimuth_misregistration"] = diversity(earlier, sums[pair].overlaps)
        write_json(json, about | record.to_dict() | checks)


def _diversity(files, grid):
    """What tells the misregistration of a pair from its earlier date and its overlaps."""
    from sarslide.insar.native.spectral_diversity import misregistration

    doppler = raster.read_all(files.doppler, grid)
    about = read_json(files.overlap)
    reference = Acquisition.from_dict(about)

    def estimate(earlier, overlaps):
        swapped = bands_swapped(reference, earlier)
        found = misregistration(overlaps, doppler, about["line_interval_s"], about["ground_speed_m_s"], swapped)
        return found and found.to_dict()

    return estimate


with job(snakemake):
    main(snakemake)

"""interferogram: geocoded SLCs of two dates -> their interferogram and coherence.

inputs: geocoded SLCs and their sidecars; with `interferogram.linking` the linked phases of both
dates. outputs: wrapped phase, unfiltered and Goldstein-filtered, or linked in its place (rad,
earlier x conj(later), grows when the ground moves away from the satellite); coherence (0..1,
from unfiltered samples, bias-corrected); sidecar with dates, UTC, bperp_m (later - earlier, up and
away from the track), looks, windows, coverage, the phase steps between bursts and swaths, and,
where it is asked for, the azimuth misregistration by spectral diversity (reported, not applied).
"""

from dataclasses import asdict

from sarslide.workflow.job import job
from sarslide import __version__, names
from sarslide.frames import WHOLE
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import Acquisition, bands_swapped, pair_baseline
from sarslide.insar.native.interferogram import multilook
from sarslide.insar.pair_files import write_pair
from sarslide.io import raster
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.linking.pair import linked_pair


def main(snakemake) -> None:
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    pair, grid = snakemake.wildcards.pair, RegionGrid.from_dict(params.grid)
    earlier, later = (Acquisition.from_dict(read_json(path)) for path in files.sidecars)
    slcs = dict(zip(names.split_pair(pair), files.gslc, strict=True))
    swapped = frozenset([pair] if bands_swapped(earlier, later) else [])
    whole = snakemake.wildcards.frame == WHOLE
    sums = multilook(slcs, [pair], Lattice.of(grid), swapped, whole)[pair]
    bperp_m = pair_baseline(earlier, later).perpendicular_m
    looks = grid.cell_m**2 * earlier.samples_per_m2
    settings = {key: value for key, value in params.items() if key != "filter"} | params.filter
    about = sidecar("interferogram", dict(files.items()), settings)
    made_by = ("native", __version__)
    linked = linked_pair(files.linked, pair, grid) if files.get("linked") else None
    written = (output.wrapped, output.coherence)
    record = write_pair(sums, earlier, later, bperp_m, looks, made_by, settings, grid, *written, linked)
    checks = {"coverage": asdict(sums.coverage), "overlap": sums.overlaps.to_dict()}
    if params.spectral_diversity:
        checks["azimuth_misregistration"] = _diversity(files, grid)(earlier, sums.overlaps)
    write_json(output.sidecar, about | record.to_dict() | checks)


def _diversity(files, grid):
    """What estimates the misregistration of a pair from its earlier date and its overlaps."""
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

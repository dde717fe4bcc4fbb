"""Whole scenes from delivered products to pairs: swaths and bursts mosaicked, slices, zips, polarisations, satellites, orbits.

A region of 4 x 8 km in which IW1 ends, IW2 begins, and both change from one burst to the next, sinks in one place and has an
atmosphere of its own on each date; rock all over, so that 12 days keep a coherence of 0.85 before noise.
"""

from copy import copy
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from sarsim import acquisition as radar
from sarsim import landcover, safe
from sarsim.acquisition import ProductLabel
from sarsim.stack import StackSimulator
from sarsim.swaths import SWATHS
from sarsim.world import World
from sarslide.errors import SafeError
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import acquisition_of, bands_swapped, pair_baseline
from sarslide.insar.native.geocode_slc import BANDS, geocode
from sarslide.insar.native.interferogram import form_pair, multilook
from sarslide.insar.native.surface import Surface
from sarslide.io import raster
from sarslide.sentinel1.safe import open_scene
from tests.support import product_faults
from tests.support.interferograms import cell_sum

DATES = ("20250406", "20250418")
PAIR = "_".join(DATES)
CORNER = RegionGrid(32647, 518000, 3212000, 30, 260, 134)
AT_THE_CORNER = {"incidence_deg": 37.2, "overlap_s": 0.4765}  # IW1 changes burst as long before as IW2 after the centre
PER_MM = 4e-3 * np.pi / radar.WAVELENGTH  # rad a mm of path
OUTER_EVEN, OUTER_ODD, INNER_EVEN, INNER_ODD = range(4)


def world_of(region: RegionGrid, seed: int = 5) -> World:
    """Hills of 150 m, a bowl that sinks by up to 300 mm a year around the region's middle, rock."""
    grid = region.pad(300)
    x, y = np.meshgrid(grid.x() - np.mean(region.x()), grid.y() - np.mean(region.y()))
    velocity = np.zeros((3, *grid.shape), np.float32)
    velocity[2] = -300 * np.exp(-(x**2 + y**2) / 2 / 900**2)
    height = 3000 + 150 * np.sin(x / 900) * np.cos(y / 800)
    cover = np.full(grid.shape, landcover.ROCK, np.uint8)
    return World(region, grid, height.astype(np.float32), cover, velocity, None, None, 4100.0, seed)


class Passes:
    """The two dates of a stack over a world, as engine and truth see them."""

    def __init__(self, world: World, tmp, name: str = "A128", **stack):
        self.world, self.region, self.lattice = world, world.region, Lattice.of(world.region)
        self.surface = Surface(world.elevation_m, world.grid)
        self.stack = StackSimulator(world, name, **stack)
        self.tmp = tmp
        self.images: dict[str, list[safe.Image]] = {}

    def imaged(self, date: str, swaths: tuple[str, ...] | None = None, **options) -> list[safe.Image]:
        """Images of a date; those without options are made once, the others in VV only."""
        if options:
            stack = copy(self.stack)
            stack.polarisations, stack.swaths = ("VV",), swaths or stack.swaths
            return stack.images(date, **options)
        if date not in self.images:
            self.images[date] = self.stack.images(date)
        return self.images[date]

    def deliver(self, name: str, date: str, label: ProductLabel | None = None, images=None, **how):
        """Folder of a date."""
        folder = self.tmp / name / date
        safe.deliver(folder, images or self.imaged(date), label, **how)
        return folder

    def geocoded(self, folder, polarisation: str = "co", orbits: str = "restituted"):
        """Scene of a folder and the file of its geocoded SLC."""
        scene = open_scene(folder, self.stack.stack, polarisation, orbits)
        path = folder / f"{polarisation}_{orbits}.tif"
        with raster.create(path, self.lattice, "gslc", {}, BANDS) as put:
            for block in geocode(scene, self.surface, self.lattice):
                for band, samples in block.samples.items():
                    put(block.rows, block.cols, samples, band + 1)
        return scene, path

    def formed(self, *dates):
        """Pair of two geocoded dates, each (scene, path)."""
        seen = [acquisition_of(scene, self.surface, self.region) for scene, _ in dates]
        swapped = frozenset([PAIR] if bands_swapped(*seen) else [])
        files = dict(zip(DATES, (path for _, path in dates), strict=True))
        sums = multilook(files, [PAIR], self.lattice, swapped)[PAIR]
        return form_pair(sums, self.region.cell_m**2 * seen[0].samples_per_m2, 5, 0.5, 16)

    def truth(self) -> np.ndarray:
        """Planted phase of the pair, rad: longer paths of the later date."""
        earlier, later = (self.stack.path_delay_mm(date)[self.world.window] for date in DATES)
        return PER_MM * (later - earlier - self.stack.los_rate_mm_per_yr * 12 / 365.25)

    def bands(self, path) -> np.ndarray:
        """(bands, rows, cols) of a geocoded SLC."""
        return np.stack([raster.read(path, band=band + 1) for band in range(len(BANDS))])


@pytest.fixture(scope="module")
def corner(tmp_path_factory):
    """Both dates at the corner, geocoded from one product each."""
    tmp = tmp_path_factory.mktemp("corner")
    passes = Passes(world_of(CORNER), tmp, swaths=("IW1", "IW2"), polarisations=("VV", "VH"), **AT_THE_CORNER)
    passes.whole = [passes.geocoded(passes.deliver("whole", date)) for date in DATES]
    passes.pair = passes.formed(*passes.whole)
    return passes


def wrapped(phase):
    return np.angle(np.exp(1j * phase))


def mean_phase(values) -> float:
    """Mean of wrapped phases that lie close together."""
    return float(np.angle(np.exp(1j * values).mean()))


def test_phase_is_that_of_motion_and_atmosphere(corner):
    residual = wrapped(corner.pair.unfiltered_rad - corner.truth())
    assert np.isfinite(residual).all()  # no gap between swaths and bursts
    spread = residual.std()
    # A cell of 30 m has 12 to 24 looks at coherence 0.75: 0.13 to 0.18 rad by Rodriguez and Martin 1992, eq. 2.
    print(f"mean {residual.mean():.4f} rad, spread {spread:.3f} rad, truth {np.ptp(corner.truth()):.1f} rad")
    assert np.ptp(corner.truth()) > 2 and abs(residual.mean()) < 0.02 and spread < 0.25
    smooth = residual[:260, :130].reshape(26, 10, 13, 10).mean((1, 3))  # 300 m cells: noise 0.02 rad
    print(f"300 m cells: rms {smooth.std():.4f}, largest {np.abs(smooth).max():.3f} rad")
    assert np.abs(smooth).max() < 0.1


def test_all_four_bursts_are_used_and_their_borders_cross_the_region(corner):
    for _, path in corner.whole:
        shares = [(band != 0).mean() for band in corner.bands(path)]
        assert all(0.1 < share < 0.97 for share in shares), shares
        assert sum(shares) > 1.3


@pytest.mark.parametrize(
    ("one", "other"), [("burst of IW1", (OUTER_EVEN, OUTER_ODD)), ("burst of IW2", (INNER_EVEN, INNER_ODD)), ("swath", None)]
)  # fmt: skip
def test_no_step_at_a_border(corner, one, other):
    """In the overlap both sides have the planted phase, each within its noise."""
    (_, first), (_, second) = corner.whole
    cells = [
        cell_sum(a * b.conj(), corner.lattice.per_y, corner.lattice.per_x)
        for a, b in zip(corner.bands(first), corner.bands(second), strict=True)
    ]
    near, far = (cells[k] for k in other) if other else (cells[0] + cells[1], cells[2] + cells[3])
    both = (near != 0) & (far != 0)
    steps = [np.angle((side[both] * np.exp(-1j * corner.truth()[both])).sum()) for side in (near, far)]
    # 12 looks a cell at coherence 0.75: one cell 0.18 rad, n cells 0.18 / sqrt(n); kernel and rounding leave 0.01 rad.
    bound = 4 * np.sqrt(2) * 0.18 / np.sqrt(both.sum()) + 0.01
    print(f"{one}: {both.sum()} cells, sides {steps[0]:.4f}, {steps[1]:.4f} rad, bound {bound:.4f}")
    assert both.sum() > 1000 and abs(steps[0] - steps[1]) < bound and max(map(abs, steps)) < bound
    # Across the border, where one side ends: means over 5 cells on each side of it.
    residual = wrapped(corner.pair.unfiltered_rad - corner.truth())
    for side in (near, far):
        edge = (side != 0)[:, :-5] & (side == 0)[:, 5:] if other is None else (side != 0)[:-5] & (side == 0)[5:]
        rows, cols = np.nonzero(edge)
        if rows.size:
            ahead = residual[rows, cols + 5] if other is None else residual[rows + 5, cols]
            step = mean_phase(ahead) - mean_phase(residual[rows, cols])
            assert abs(step) < 4 * np.sqrt(2) * 0.25 / np.sqrt(rows.size / 5) + 0.02


@pytest.mark.parametrize("slices", [((0,), (1,)), ((0, 1), (1,))])
def test_slices_are_one_scene(corner, slices):
    """Two adjacent products, the burst at the border in one or in both, give the samples of the whole, bit for bit."""
    folder = corner.deliver(f"slices{len(slices[0])}", DATES[0], slices=slices)
    assert len(list(folder.glob("*.SAFE"))) == 2
    scene, path = corner.geocoded(folder)
    assert len(scene.bursts) == 4 and len(scene.left_out) == 2 * (len(slices[0]) - 1)
    assert np.array_equal(corner.bands(path), corner.bands(corner.whole[0][1]))


def test_single_bursts_as_products_of_their_own(corner):
    """One SAFE for each burst and swath, as burst2safe makes them, among them a swath that the other lacks."""
    folder, images = corner.tmp / "bursts" / DATES[0], corner.imaged(DATES[0])
    products = [
        [safe.Image(image.acquisition.part([k], image.acquisition.label), [image.bursts[k]], image.noise_power)]
        for image in images
        if image.acquisition.label.polarisation == "VV"
        for k in range(2)
    ]
    safe.write_products(folder, products)
    assert len(list(folder.glob("*.SAFE"))) == 4
    _, path = corner.geocoded(folder)
    assert np.array_equal(corner.bands(path), corner.bands(corner.whole[0][1]))


def test_a_zip_is_its_folder(corner):
    folder = corner.deliver("zip", DATES[0], ProductLabel(zipped=True))
    assert [p.suffix for p in sorted(folder.iterdir()) if p.suffix != ".EOF"] == [".zip"]
    _, path = corner.geocoded(folder)
    assert np.array_equal(corner.bands(path), corner.bands(corner.whole[0][1]))


def test_old_processor(corner):
    """The annotation of 2014 states the same in other words."""
    folder = corner.deliver("old", DATES[0], ProductLabel(ipf_version="002.36"))
    text = next(folder.glob("*.SAFE/annotation/*iw2-slc-vv*.xml")).read_text()
    assert "burstId" not in text and "azimuthFmRatePolynomial" not in text
    scene, path = corner.geocoded(folder)
    assert scene.ipf_version == "002.36"
    assert np.allclose(corner.bands(path), corner.bands(corner.whole[0][1]), atol=1e-3)


def test_cross_polarised(corner):
    """VH has the same phase with other speckle, and less coherence: 7 dB less signal over the same noise."""
    dates = [corner.geocoded(corner.tmp / "whole" / date, "VH") for date in DATES]
    pair = corner.formed(*dates)
    residual = wrapped(pair.unfiltered_rad - corner.truth())
    assert abs(mean_phase(residual)) < 0.02
    angle, cover = np.radians(37.2), landcover.CLASSES[landcover.ROCK]
    signal = 10 ** (cover.gamma0_db / 10) * np.cos(angle)
    noise = 10**-2.4

    def kept(power):
        return power / (power + noise)

    ratio = pair.coherence.mean() / corner.pair.coherence.mean()
    expected = kept(signal * 10**-0.7) / kept(signal)
    print(
        f"coherence VV {corner.pair.coherence.mean():.3f}, VH {pair.coherence.mean():.3f}, ratio {ratio:.3f} ({expected:.3f})"
    )
    assert ratio == pytest.approx(expected, abs=0.03) and expected < 0.9
    one, other = (corner.bands(path)[INNER_EVEN] for path in (corner.whole[0][1], dates[0][1]))
    both = (one != 0) & (other != 0)
    assert abs((one[both] * other[both].conj()).sum()) < 0.05 * (abs(one[both]) * abs(other[both])).sum()


def test_restituted_and_annotated_orbits(corner):
    """A restituted orbit is off by centimetres: a constant and a ramp of less than 0.1 rad; the annotation's is the true one."""
    near = []
    for date in DATES:
        folder = corner.deliver("restituted", date, ProductLabel(orbit="RESORB"))
        near.append(corner.geocoded(folder))
        assert near[-1][0].orbit_kind == "restituted" and "RESORB" in near[-1][0].orbit.source
    off = wrapped(corner.formed(*near).unfiltered_rad - corner.pair.unfiltered_rad)
    off = wrapped(off - mean_phase(off))
    print(f"restituted: residual phase {off.std():.4f} rad")
    assert 1e-4 < off.std() < 0.1
    folder = corner.deliver("annotated", DATES[0], ProductLabel(orbit=None))
    assert not list(folder.glob("*.EOF"))
    scene, path = corner.geocoded(folder, orbits="annotation")
    assert scene.orbit_kind == "annotation"
    same, whole = corner.bands(path), corner.bands(corner.whole[0][1])
    assert abs(np.angle((same * whole.conj()).sum())) < 1e-3


def test_a_burst_that_one_date_lacks(corner):
    """Where only that burst sees the ground the pair has no data; where it does not see it nothing changes."""
    folder = corner.deliver("missing", DATES[1], omit=frozenset({("IW1", 1)}))
    with_gap = corner.formed(corner.whole[0], corner.geocoded(folder))
    samples = corner.bands(corner.whole[1][1])
    lost = [k for k in (OUTER_EVEN, OUTER_ODD) if not raster.read(folder / "co_restituted.tif", band=k + 1).any()]
    assert len(lost) == 1
    touched, others = (
        cell_sum((part != 0).any(axis=0).astype(np.float32), corner.lattice.per_y, corner.lattice.per_x)
        for part in (samples[lost], np.delete(samples, lost, axis=0))
    )
    alone = (touched > 0) & (others == 0)
    assert 0.03 < alone.mean() < 0.9
    assert np.isnan(with_gap.unfiltered_rad[alone]).all() and np.isnan(with_gap.coherence[alone]).all()
    same = touched == 0
    assert same.mean() > 0.1
    assert np.array_equal(with_gap.unfiltered_rad[same], corner.pair.unfiltered_rad[same])
    rest = ~alone & ~same
    assert np.isfinite(with_gap.unfiltered_rad[rest]).all()
    assert abs(mean_phase(with_gap.unfiltered_rad[rest] - corner.truth()[rest])) < 0.03


def test_a_date_with_more_bursts(corner):
    """Three bursts on one date, two on the other: the pair is that of the two."""
    images = corner.imaged(DATES[1], swaths=("IW2",), bursts=3)
    scene, path = corner.geocoded(corner.deliver("three", DATES[1], images=images))
    assert len(scene.bursts) == 3
    residual = corner.formed(corner.whole[0], (scene, path)).unfiltered_rad - corner.truth()
    inner = (corner.bands(corner.whole[1][1])[2:] != 0).any(axis=0).astype(np.float32)
    seen = cell_sum(inner, corner.lattice.per_y, corner.lattice.per_x) > 0
    assert np.array_equal(np.isfinite(residual), seen)
    # The Doppler estimates around the bursts were drawn anew: the pixels differ by their noise, not by their phase.
    assert abs(mean_phase(residual[seen])) < 0.02


def test_an_azimuth_timing_error_shows_between_bursts(corner):
    """A shift of the later date by dt leaves 2 pi (f1 - f2) dt between two bursts (Prats-Iraola et al. 2012, eq. 3)."""
    shift = 1e-5
    images = corner.imaged(DATES[1], swaths=("IW2",), azimuth_shift_s=shift)
    _, path = corner.geocoded(corner.deliver("shifted", DATES[1], images=images))
    first, second = corner.bands(corner.whole[0][1])[2:], corner.bands(path)[2:]
    products = [a * b.conj() for a, b in zip(first, second, strict=True)]
    cells = [cell_sum(product, corner.lattice.per_y, corner.lattice.per_x) for product in products]
    both = (cells[0] != 0) & (cells[1] != 0)
    scene = corner.whole[0][0]
    earlier, later = (burst for burst in scene.bursts if burst.swath == "IW2")
    # The Doppler centroid falls by |kt| a second of a burst: over a burst cycle it differs between the two bursts.
    acq = images[0].acquisition
    speed = np.linalg.norm(acq.arc.state(0.0)[1])
    steering = 2 * speed / radar.WAVELENGTH * np.radians(SWATHS["IW2"].steering_rate)
    rate = acq.fm_rates[1].at(acq.slant_time(acq.samples / 2))
    kt = rate * steering / (rate - steering)
    expected = 2 * np.pi * abs(kt) * (later.start_s - earlier.start_s) * shift
    # Ascending: the earlier burst lies in the south, in the later rows.
    order = (0, 1) if np.argwhere(first[0] != 0)[:, 0].mean() > np.argwhere(first[1] != 0)[:, 0].mean() else (1, 0)
    step = np.angle((cells[order[0]] * cells[order[1]].conj())[both].sum())
    print(f"step {step:.4f} rad, expected {expected:.4f}")
    assert expected > 0.2 and step == pytest.approx(
        expected, abs=0.02
    )  # 6000 cells of 0.18 rad on either side: 0.003 rad


def test_two_satellites(corner):
    """S1A and S1C on the same track form a pair like any other."""
    images = [
        replace(image, acquisition=corner.stack.acquisition(DATES[1], swath, mission="S1C"))
        for swath, image in zip(("IW1", "IW2"), corner.imaged(DATES[1]), strict=False)
    ]
    folder = corner.deliver("s1c", DATES[1], images=images)
    (product,) = folder.glob("*.SAFE")
    assert product.name.startswith("S1C_IW_SLC") and list(folder.glob("S1C_OPER_AUX_POEORB*.EOF"))
    absolute = int(product.name.split("_")[7])
    assert (absolute - 172) % 175 + 1 == 128
    scene, path = corner.geocoded(folder)
    assert scene.mission == "S1C" and scene.stack == "A128"
    pair = corner.formed(corner.whole[0], (scene, path))
    assert np.array_equal(pair.unfiltered_rad, corner.pair.unfiltered_rad)


def test_blank_and_truncated_measurements(corner):
    """Samples that are all zero are no data: the pair lives from the other swath. A file that is cut short is named."""
    folder = corner.deliver("blank", DATES[1])
    product_faults.blank_measurement(next(folder.glob("*.SAFE/measurement/*iw1-slc-vv*.tiff")))
    pair = corner.formed(corner.whole[0], corner.geocoded(folder))
    inner = (corner.bands(corner.whole[1][1])[2:] != 0).any(axis=0).astype(np.float32)
    seen = cell_sum(inner, corner.lattice.per_y, corner.lattice.per_x) > 0
    assert np.array_equal(np.isfinite(pair.unfiltered_rad), seen)
    half = next(folder.glob("*.SAFE/measurement/*iw2-slc-vv*.tiff"))
    product_faults.truncate_measurement(half)
    with pytest.raises(SafeError, match=half.name):
        corner.geocoded(folder)


# Small regions in one burst and swath for what does not need a border.
SMALL = RegionGrid(32647, 519000, 3209000, 30, 60, 60)


def check_pair(passes: Passes) -> None:
    dates = [passes.geocoded(passes.deliver("one", date)) for date in DATES]
    residual = wrapped(passes.formed(*dates).unfiltered_rad - passes.truth())
    assert np.isfinite(residual).all() and abs(mean_phase(residual)) < 0.03 and residual.std() < 0.3


def test_a_pass_across_midnight(tmp_path):
    passes = Passes(world_of(SMALL), tmp_path, abeam_utc=timedelta(hours=23, minutes=59, seconds=59.5))
    check_pair(passes)
    scene = open_scene(tmp_path / "one" / DATES[0])
    first, last = (np.datetime64(scene.utc(burst.start_s)) for burst in (scene.bursts[0], scene.bursts[-1]))
    assert str(first)[:10] == "2025-04-06" and scene.date == DATES[0]
    assert str(last + np.timedelta64(3, "s"))[:10] == "2025-04-07"


def test_a_region_at_the_edge_of_its_zone(tmp_path):
    """102 degrees east, where zone 47 ends: the region reaches into zone 48 and keeps its own coordinates."""
    check_pair(Passes(world_of(replace(SMALL, west=790900.0)), tmp_path))


def test_a_region_across_the_antimeridian(tmp_path):
    """180 degrees, in the coordinates of zone 60."""
    check_pair(Passes(world_of(replace(SMALL, epsg=32660, west=790900.0)), tmp_path))


def test_baselines_on_request(tmp_path):
    """Orbits 130 m apart, as real pairs are: topography of 300 m leaves no phase."""
    passes = Passes(world_of(SMALL), tmp_path)
    offsets = {DATES[0]: (-20.0, 5.0), DATES[1]: (110.0, -3.0)}
    dates = [
        passes.geocoded(passes.deliver("tube", date, images=passes.imaged(date, offset_m=offset)))
        for date, offset in offsets.items()
    ]
    seen = [acquisition_of(scene, passes.surface, passes.region) for scene, _ in dates]
    assert pair_baseline(*seen).perpendicular_m == pytest.approx(130, abs=0.1)
    residual = wrapped(passes.formed(*dates).unfiltered_rad - passes.truth())
    assert abs(mean_phase(residual)) < 0.03 and residual.std() < 0.3


def test_bursts_that_count_from_another_cycle(tmp_path):
    """Next to a whole burst cycle since the node, even bursts of one date are odd ones of the other, in both swaths."""
    world, cycle, incidence = world_of(SMALL), 2.758273, 42.33  # IW2 meets IW3
    dates = [StackSimulator(world, "D062", ("IW2",), incidence_deg=incidence).acquisition(date) for date in DATES]
    phases = [(one.burst_middle(0) - one.ascending_node) / cycle % 1 for one in dates]
    assert 0.02 < abs(phases[0] - phases[1]) < 0.5
    overlap_s = (1 - np.mean(phases)) * cycle
    passes = Passes(world, tmp_path, "D062", swaths=("IW2", "IW3"), incidence_deg=incidence, overlap_s=overlap_s)
    check_pair(passes)
    seen = [acquisition_of(open_scene(tmp_path / "one" / date), passes.surface, passes.region) for date in DATES]
    assert bands_swapped(*seen)

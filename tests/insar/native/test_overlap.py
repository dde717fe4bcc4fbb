"""What a pair states of its coverage, and the check of cells that two bursts or swaths see; dates that lack bursts."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from sarslide.errors import CoverageError
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import Acquisition, bands_swapped
from sarslide.insar.native.cells import add_pair, add_power
from sarslide.insar.native.geocode_slc import BANDS, band_of, missing_bursts
from sarslide.insar.native.interferogram import form_pair, multilook
from sarslide.io import raster
from tests.support.interferograms import MID_S, cell_sum, make_burst, orbit_over, scene_of

LATTICE = Lattice(RegionGrid(32647, 519000, 3208500, 30, 100, 90))
PAIR = "20190306_20190318"


def speckle(rng, shape=LATTICE.shape):
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def write(path, bands):
    with raster.create(path, LATTICE, "gslc", bands=BANDS) as put:
        for band, samples in bands.items():
            put(slice(0, LATTICE.rows), slice(0, LATTICE.cols), samples, band + 1)
    return path


def cut(samples, rows=slice(None), cols=slice(None)):
    """Only a part of the samples, by cells."""
    out = np.zeros_like(samples)
    at = (
        slice(*(None if n is None else n * LATTICE.per_y for n in (rows.start, rows.stop))),
        slice(*(None if n is None else n * LATTICE.per_x for n in (cols.start, cols.stop))),
    )
    out[at] = samples[at]
    return out


def test_compiled_sums_equal_numpy():
    rng = np.random.default_rng(2)
    first, second = speckle(rng), speckle(rng)
    first[:40, 50:], second[30:60] = 0, 0
    shape = LATTICE.region.shape
    product, one, other = np.zeros(shape, np.complex64), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    add_pair(first, second, 3, 6, product, one, other)
    assert np.allclose(product, cell_sum(first * second.conj(), 3, 6), atol=1e-4)
    assert np.allclose(one, cell_sum(np.abs(first) ** 2 * (second != 0), 3, 6), rtol=1e-5)
    assert np.allclose(other, cell_sum(np.abs(second) ** 2 * (first != 0), 3, 6), rtol=1e-5)
    total, count = np.zeros(shape), np.zeros(shape, int)
    add_power(first, 3, 6, total, count)
    assert np.allclose(total, cell_sum(np.abs(first) ** 2, 3, 6), rtol=1e-5)
    assert np.array_equal(count, cell_sum((first != 0).astype(int), 3, 6))


@pytest.fixture
def files(tmp_path):
    """Coherent speckle in four bands; the phase of the odd outer band is off by 0.2 rad, that of the inner ring by -0.3 rad."""
    rng = np.random.default_rng(6)
    parts = {
        0: (slice(0, 60), slice(0, 50)),
        1: (slice(40, 100), slice(0, 50)),
        2: (slice(0, 55), slice(40, 90)),
        3: (slice(45, 100), slice(40, 90)),
    }
    off = {0: 0.0, 1: -0.2, 2: 0.3, 3: 0.3}
    ground = {band: speckle(rng) for band in parts}
    noise = {band: 0.3 * speckle(rng) for band in parts}
    first = {band: cut(ground[band], *parts[band]) for band in parts}
    # earlier x conj(later): a phase that is taken from the later date is added to the pair's.
    second = {
        band: cut((ground[band] + noise[band]) * np.exp(1j * off[band]).astype(np.complex64), *parts[band])
        for band in parts
    }
    return {"20190306": write(tmp_path / "a.tif", first), "20190318": write(tmp_path / "b.tif", second)}, parts, second


def test_overlaps_show_planted_steps(files, tmp_path):
    paths, _, _ = files
    sums = multilook(paths, [PAIR], LATTICE)[PAIR]
    found = sums.overlaps.to_dict()
    # Coherence 0.96, 18 looks: each phase is known to 0.05 rad, a difference to 0.07.
    outer, inner, swaths = (np.angle(sums.overlaps.cells(kind)[2]) for kind in ("outer", "inner", "swaths"))
    assert (outer.size, inner.size) == (20 * 50, 10 * 50) and swaths.size == 100 * 10
    assert np.median(outer) == pytest.approx(-0.2, abs=0.01) and np.median(inner) == pytest.approx(0, abs=0.015)
    # The outer product is between its two bands where both are; elsewhere it is one of them.
    assert np.median(swaths) == pytest.approx(0.4, abs=0.05)
    assert found["bursts"]["cells"] == 1500 and 0.03 < found["bursts"]["spread_rad"] < 0.2
    rows, cols, _ = sums.overlaps.cells("outer")
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (40, 59, 0, 49)
    assert sums.coverage.common == sums.coverage.earlier == 1.0


def test_pair_without_overlap_says_none(tmp_path):
    rng = np.random.default_rng(1)
    one = speckle(rng)
    paths = {"20190306": write(tmp_path / "a.tif", {0: one}), "20190318": write(tmp_path / "b.tif", {0: one})}
    assert multilook(paths, [PAIR], LATTICE)[PAIR].overlaps.to_dict() == {"bursts": None, "swaths": None}


def test_missing_burst_is_a_hole_and_a_warning(files, tmp_path, caplog):
    """The later date lacks the odd inner burst: NaN there, its share recorded, a warning that names the date."""
    paths, parts, second = files
    del second[3]
    paths["20190318"] = write(tmp_path / "c.tif", second)
    with caplog.at_level(logging.WARNING):
        sums = multilook(paths, [PAIR], LATTICE)[PAIR]
    phase = form_pair(sums, 9, 3, 0, 32).unfiltered_rad
    hole = np.zeros(phase.shape, bool)
    hole[55:, 50:] = True  # beyond what the even inner and the outer bursts see
    assert np.isnan(phase[hole]).all() and np.isfinite(phase[~hole]).all()
    assert sums.coverage.later == sums.coverage.common == pytest.approx(1 - hole.mean()) and sums.coverage.earlier == 1
    assert "20190318 lacks 20.0 % of the region that the other date covers" in caplog.text


def test_dates_without_common_samples(tmp_path):
    rng = np.random.default_rng(1)
    one = speckle(rng)
    paths = {
        "20190306": write(tmp_path / "a.tif", {0: cut(one, slice(0, 50))}),
        "20190318": write(tmp_path / "b.tif", {0: cut(one, slice(50, 100))}),
    }
    message = r"E3004 pair 20190306_20190318: 20190306 and 20190318 have no common samples \(they cover 50.0% and 50.0%"
    with pytest.raises(CoverageError, match=message):
        multilook(paths, [PAIR], LATTICE)


def test_missing_bursts_are_named():
    assert missing_bursts(["000012_IW2", "000015_IW2", "000013_IW1", "000012_IW1"]) == ["000013_IW2", "000014_IW2"]
    assert missing_bursts([]) == []


def scene_at(cycles):
    """A scene whose IW1, IW2 and IW3 bursts have their middles `cycles` burst cycles after the node, up to the swaths' offset."""
    orbit = orbit_over(99.2, 29.0)
    bursts = []
    for k, swath in enumerate(("IW1", "IW2", "IW3")):
        one = make_burst(orbit, "none", MID_S, 880e3)
        half = (one.lines - 1) / 2 * one.line_interval_s
        bursts.append(replace(one, swath=swath, anx_time_s=(cycles[k] + 0.347 * (k - 1)) * 2.758273 - half))
    return scene_of(orbit, bursts)


def test_bands_of_swaths_that_lie_about_a_whole_cycle():
    """Neighbouring swaths of one cycle get one parity, and pairs exchange the bands of all swaths together."""
    before, after = scene_at((40.996, 41.002, 40.998)), scene_at((41.004, 41.008, 41.003))
    for scene in (before, after):
        parities = [band_of(burst, scene.cycle_phase) % 2 for burst in scene.bursts]
        assert len(set(parities)) == 1
    even = [band_of(scene.bursts[0], scene.cycle_phase) % 2 for scene in (before, after)]
    phases = [scene.cycle_phase for scene in (before, after)]
    assert (abs(phases[0] - phases[1]) > 0.5) == (even[0] != even[1])
    blank = Acquisition("A128", "20190306", "S1A", "", 0.055, np.zeros(3), 0.01, phases[0], None)
    assert bands_swapped(blank, replace(blank, cycle_phase=phases[1])) == (even[0] != even[1])

"""Multilooking, phase and coherence against brute force and against fields of known coherence."""

import numpy as np
import pytest

from sarslide.errors import GridError, StackError
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.coherence import box_sum, coherence, expected_coherence
from sarslide.insar.native.acquisition import noise_bandwidth
from sarslide.insar.native.interferogram import coherence_window, form_pair, mean_power, multilook
from sarslide.io import raster
from sarslide.io.bfloat16 import PACKING, packed, unpacked
from tests.support.interferograms import cell_sum

REGION = RegionGrid(32647, 519000, 3208500, 30, 260, 20)
PAIR = "20190306_20190318"


def speckle(rng, shape):
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def test_cell_and_box_sums():
    a = np.arange(12 * 12, dtype=float).reshape(12, 12)
    cells = cell_sum(a, 3, 6)
    assert cells.shape == (4, 2) and cells[1, 1] == a[3:6, 6:12].sum()
    box = box_sum(a, 3)
    assert box[5, 7] == a[4:7, 6:9].sum() and box[0, 0] == a[:2, :2].sum() and box[11, 3] == a[10:, 2:5].sum()
    assert np.array_equal(box_sum(a, 1), a)


def test_noise_bandwidth_counts_independent_samples():
    # A band without window has as many independent samples as its width gives; a window leaves fewer.
    assert noise_bandwidth(1e6, 1.0) == pytest.approx(1e6)
    assert 0.7e6 < noise_bandwidth(1e6, 0.75) < 0.95e6


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.3, 0.6, 0.9])
def test_coherence_is_not_biased(gamma):
    rng = np.random.default_rng(int(gamma * 10))
    per_cell, shape = 6, (150, 150)
    common, own = speckle(rng, (*shape, per_cell)), speckle(rng, (*shape, per_cell))
    second = gamma * common + np.sqrt(1 - gamma**2) * own
    product, powers = (common * second.conj()).sum(-1), [(abs(s) ** 2).sum(-1) for s in (common, second)]
    found = coherence(product, *powers, 3, 9 * per_cell)[1:-1, 1:-1]
    # Nothing is below zero, so incoherent ground keeps a small mean; from 0.3 on the mean is met.
    assert abs(found.mean() - gamma) < (0.06 if gamma < 0.3 else 0.01)
    # Uncorrected means by the same 54 looks, against the closed form: the standard error is below 0.001.
    raw = np.abs(box_sum(product, 3)) / np.sqrt(box_sum(powers[0], 3) * box_sum(powers[1], 3))
    assert raw[1:-1, 1:-1].mean() == pytest.approx(expected_coherence(np.array([gamma]), 54)[0], abs=0.004)


def test_no_data_has_no_coherence():
    power = np.ones((5, 5))
    power[2, 2] = 0
    found = coherence(np.ones((5, 5), complex), power, np.ones((5, 5)), 3, 50)
    assert np.isnan(found[2, 2]) and np.isfinite(found).sum() == 24


def test_window_holds_the_looks_of_the_contract():
    assert coherence_window(3, 5.7) == 3 and coherence_window(3, 2.0) == 5 and coherence_window(4, 10) == 5


@pytest.fixture
def stack(tmp_path):
    rng = np.random.default_rng(5)
    lattice = Lattice(REGION)
    first = speckle(rng, lattice.shape)
    ramp = np.repeat(np.repeat(np.linspace(0, 2.4, REGION.cols), 6)[None], lattice.rows, 0)
    # The second date is farther away to the east: its phase -4 pi R / wavelength is smaller.
    images = {"20190306": first, "20190318": first * np.exp(-1j * ramp)}
    images["20190318"][:30] = 0
    images = {date: unpacked(packed(image)) for date, image in images.items()}  # as a file holds them
    files = {}
    for date, image in images.items():
        files[date] = tmp_path / f"{date}.tif"
        with raster.create(files[date], lattice, "gslc") as put:
            for start in range(0, lattice.rows, 256):
                rows = slice(start, min(start + 256, lattice.rows))
                put(rows, slice(0, lattice.cols), image[rows])
    return files, images, lattice


def test_product_and_phase(stack):
    files, images, lattice = stack
    sums = multilook(files, [PAIR], lattice)[PAIR]
    whole = images["20190306"] * images["20190318"].conj()
    assert np.allclose(sums.product, cell_sum(whole, 3, 6), rtol=1e-4, atol=1e-3)
    pair = form_pair(sums, 6, 3, 0.5, 32)
    assert np.isnan(pair.unfiltered_rad[:10]).all() and np.isnan(pair.coherence[:10]).all()
    # Earlier x conj(later): phase grows where the later date is farther.
    # Rounded samples are off by 2^-8 rad at most where both parts are as large: 18 of them by a fifth of it, 3 sigma.
    assert np.allclose(pair.unfiltered_rad[10:], np.linspace(0, 2.4, REGION.cols), atol=4e-3)
    assert np.abs(pair.filtered_rad - pair.unfiltered_rad)[20:-20, 5:-5].max() < 0.1
    assert np.nanmin(pair.coherence) > 0.95


def test_bands_combine_like_with_like(tmp_path):
    """Two bands that overlap in the middle; on the later date they have changed places and begin elsewhere."""
    rng = np.random.default_rng(8)
    lattice = Lattice(RegionGrid(32647, 519000, 3208500, 30, 20, 10))
    bursts = [speckle(rng, lattice.shape), speckle(rng, lattice.shape)]
    files = {}
    for date, (stop, start), order in (("20190306", (36, 24), (0, 1)), ("20190318", (33, 21), (1, 0))):
        files[date] = tmp_path / f"{date}.tif"
        with raster.create(files[date], lattice, "gslc", bands=("even", "odd")) as put:
            for burst, band, lines in zip(bursts, order, (slice(0, stop), slice(start, lattice.rows)), strict=True):
                samples = np.zeros(lattice.shape, np.complex64)
                samples[lines] = burst[lines]
                put(slice(0, lattice.rows), slice(0, lattice.cols), samples, band + 1)
    sums = multilook(files, [PAIR], lattice, frozenset([PAIR]))[PAIR]
    # The same samples on both dates: wherever bursts begin and end, nothing is compared with another burst.
    assert form_pair(sums, 6, 3, 0, 32).coherence.min() > 0.999
    crossed = form_pair(multilook(files, [PAIR], lattice)[PAIR], 6, 3, 0, 32).coherence
    assert np.nanmax(crossed) < 0.5


def test_mean_power_ignores_no_data(stack):
    files, images, lattice = stack
    power = mean_power(files.values(), lattice)
    expected = np.abs(images["20190306"][:30]) ** 2
    assert np.allclose(power[:10], cell_sum(expected, 3, 6) / 18, rtol=1e-4)
    assert 1.9 < power.mean() < 2.1


def test_geocoded_slc_files(stack):
    files, *_ = stack
    import rasterio
    from rio_cogeo import cog_validate

    with rasterio.open(files["20190306"]) as source:
        assert source.overviews(1) == [] and source.block_shapes == [(256, 256)] and source.dtypes == ("uint32",)
    tags = raster.tags_of(files["20190306"])
    assert tags["layer"] == "gslc" and tags["packing"] == PACKING
    assert cog_validate(files["20190306"], strict=False)[0]


def test_dates_that_do_not_belong(stack):
    files, _, lattice = stack
    with pytest.raises(StackError, match="E3005 pair 20190306_20190330: no geocoded SLC of 20190330"):
        multilook(files, ["20190306_20190330"], lattice)
    with pytest.raises(GridError, match="E1004"):
        multilook(files, [PAIR], Lattice(REGION, 3, 3))

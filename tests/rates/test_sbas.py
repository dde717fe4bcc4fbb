"""SBAS by batched least squares against plain numpy on single cells, planted series, planted DEM errors and planted gaps."""

import numpy as np
import pytest
import rasterio

from sarslide.errors import ConfigError, NetworkError, RateError
from sarslide.grid import RegionGrid
from sarslide.io import series as series_file
from sarslide.network import years_of
from sarslide.rates import preparation
from sarslide.rates.phase_variance import pair_weights, phase_variance
from sarslide.rates.sbas import inversion as sbas
from sarslide.rates.sbas.network import connected_cells, date_baselines_m, velocity_design
from sarslide.rates.sbas.rates import DemGeometry, SbasSettings, sbas_rates
from sarslide.rates.settings import RateSettings
from tests.support.valley import RAD_PER_MM, WAVELENGTH_M, Valley, dates, short_pairs, years

PLAIN = RateSettings(height_correlated=False, plane=False)


def wide_pairs(days: list[str], neighbours: int) -> list[str]:
    return [f"{a}_{b}" for i, a in enumerate(days) for b in days[i + 1 : i + 1 + neighbours]]


def pair_matrix(days: list[str], pairs: list[str]) -> np.ndarray:
    matrix = np.zeros((len(pairs), len(days)))
    for k, (earlier, later) in enumerate(pair.split("_") for pair in pairs):
        matrix[k, days.index(earlier)], matrix[k, days.index(later)] = -1, 1
    return matrix


class Sink:
    """Keeps the series that blocks are put into."""

    def __init__(self, count: int, shape: tuple[int, int]):
        self.series = np.full((count, *shape), np.nan)

    def __call__(self, rows, cols, block):
        self.series[:, rows, cols] = block


def reader(valley: Valley, change=lambda pair, phase: phase):
    def read_block(pair, rows, cols):
        phase, coherence, components = valley.read(pair)
        return change(pair, phase)[rows, cols].copy(), coherence[rows, cols], components

    return read_block


@pytest.mark.parametrize("neighbours", [2, 5])
def test_every_cell_equals_weighted_least_squares_of_that_cell(neighbours):
    rng = np.random.default_rng(3)
    days = dates(15)
    pairs = wide_pairs(days, neighbours)
    design = velocity_design(pairs)
    phase = rng.standard_normal((len(pairs), 200)) * 5
    phase[rng.uniform(size=phase.shape) < 0.2] = np.nan
    weight = 10 ** rng.uniform(-1, 3, phase.shape)
    found = sbas.invert(phase, weight, pairs)
    steps = np.diff(years_of(days))
    solved = 0
    for cell in range(200):
        use = np.isfinite(phase[:, cell])
        if np.linalg.matrix_rank(design[use]) < len(days) - 1:  # the independent word on what is connected
            assert np.isnan(found.phase_rad[:, cell]).all() and found.pair_count[cell] == 0
            continue
        solved += 1
        root = np.sqrt(weight[use, cell])
        velocity = np.linalg.lstsq(design[use] * root[:, None], phase[use, cell] * root, rcond=None)[0]
        residual = phase[use, cell] - design[use] @ velocity
        # float64 on both sides; weights over four decades leave about nine digits
        np.testing.assert_allclose(found.phase_rad[1:, cell], np.cumsum(velocity * steps), atol=1e-7)
        assert found.temporal_coherence[cell] == pytest.approx(abs(np.exp(1j * residual).mean()), abs=1e-7)
        assert found.residual_rms_rad[cell] == pytest.approx(np.sqrt(np.mean(residual**2)), abs=1e-7)
        assert found.pair_count[cell] == use.sum()
    assert 50 < solved < 200 or neighbours == 5


def test_a_consistent_network_gives_back_any_series_exactly():
    rng = np.random.default_rng(5)
    days = dates(30)
    pairs = short_pairs(days)
    truth = rng.standard_normal((30, 4, 6)).cumsum(0)
    truth -= truth[0]
    phase = np.tensordot(pair_matrix(days, pairs), truth, 1)
    found = sbas.invert(phase, rng.uniform(0.1, 100, phase.shape), pairs)
    np.testing.assert_allclose(found.phase_rad, truth, atol=1e-10)
    np.testing.assert_allclose(found.temporal_coherence, 1, atol=1e-12)
    assert (found.phase_rad[0] == 0).all()


def test_rate_is_the_slope_of_a_fitted_line():
    rng = np.random.default_rng(1)
    t = years_of(dates(20))
    values = 7 * t + rng.standard_normal(20)
    assert sbas.rate_of(values[:, None], t)[0] == pytest.approx(np.polyfit(t, values, 1)[0])


def test_the_tables_of_the_phase_variance_are_those_of_speckle():
    """Against simulated circular Gaussian scatterers, 40,000 of 6 looks each: standard errors of a variance are about 1 %."""
    rng = np.random.default_rng(2)
    for coherence in (0.3, 0.6, 0.9):
        noise = rng.standard_normal((4, 40_000, 6))
        first = noise[0] + 1j * noise[1]
        second = coherence * first + np.sqrt(1 - coherence**2) * (noise[2] + 1j * noise[3])
        simulated = np.var(np.angle((first * second.conj()).sum(axis=1)))
        table = phase_variance(np.array([coherence]), 6)[0]
        assert table == pytest.approx(simulated, rel=0.04)  # and classes of 0.005 of coherence
    assert pair_weights(np.array([0.6]), "var", 6)[0] == pytest.approx(1 / phase_variance(np.array([0.6]), 6)[0])


def test_weightings():
    coherence = np.array([np.nan, 0.0, 0.5, 1.0])
    np.testing.assert_array_equal(pair_weights(coherence, "none", None), 1)
    np.testing.assert_allclose(pair_weights(coherence, "coherence", 5), [0.05, 0.05, 0.5, 1.0])
    np.testing.assert_allclose(pair_weights(coherence[2:3], "fim", 6), 2 * 6 * 0.25 / 0.75)
    for weighting in ("var", "coherence", "fim"):
        assert (np.diff(pair_weights(np.linspace(0.1, 0.95, 18), weighting, 6)) > 0).all()
    with pytest.raises(RateError, match="use one of none, var, coherence, fim"):
        pair_weights(coherence, "best", 5)


def test_a_planted_dem_error_and_its_sign():
    """Ground dh higher than the DEM leaves -(4 pi/lambda) bperp dh / (R sin inc): 12 m must come back as +12 m."""
    rng = np.random.default_rng(8)
    quiet = Valley(shape=(40, 50), count=16, turbulence_mm=0, stratified_mm_per_km=0, speckle_rad=0)
    height = np.zeros(quiet.shape)
    height[5:12, 30:45] = 12.0
    orbit = rng.uniform(-120, 120, len(quiet.dates))
    slant, incidence = np.full(quiet.shape, 850e3), np.linspace(33, 45, 50) * np.ones(quiet.shape)
    bperp = {
        pair: float(orbit[quiet.dates.index(pair[9:])] - orbit[quiet.dates.index(pair[:8])]) for pair in quiet.pairs
    }
    scale = -4 * np.pi / WAVELENGTH_M / (slant * np.sin(np.radians(incidence)))
    read = reader(quiet, lambda pair, phase: phase + scale * bperp[pair] * height)
    dem = DemGeometry(bperp, slant, incidence)
    sink = Sink(16, quiet.shape)
    plain = sbas_rates(read, sink, quiet.pairs, quiet.elevation_m, WAVELENGTH_M, PLAIN, SbasSettings(device="cpu"))
    found = sbas_rates(
        read, sink, quiet.pairs, quiet.elevation_m, WAVELENGTH_M, PLAIN, SbasSettings(device="cpu"), dem=dem
    )
    np.testing.assert_allclose(found.layers["dem_error_m"], height, atol=0.01)  # phases are float32
    wrong = np.abs(plain.layers["los_rate_mm_per_yr"] - quiet.los_mm_per_yr)[height > 0].max()
    right = np.abs(found.layers["los_rate_mm_per_yr"] - quiet.los_mm_per_yr)[height > 0].max()
    assert right < 0.02 < 0.3 < wrong
    assert (sink.series[0] == 0).all()


def test_date_baselines_follow_the_pairs():
    days = dates(6)
    orbit = np.array([0.0, 50, -20, 80, 10, -60])
    pairs = short_pairs(days)
    np.testing.assert_allclose(date_baselines_m(pairs, pair_matrix(days, pairs) @ orbit), orbit, atol=1e-9)


def test_baselines_that_tell_nothing_are_refused_before_any_reading():
    def never(*_):
        raise AssertionError("read")

    flat = np.zeros((30, 40))
    pairs = short_pairs(dates(12))
    for bperp, problem in (
        (dict.fromkeys(pairs, 0.0), "cannot separate a DEM error from motion"),
        (dict.fromkeys(pairs, 1.0) | {pairs[3]: None}, f"pair {pairs[3]}: no perpendicular baseline"),
    ):
        with pytest.raises(NetworkError, match=problem):
            sbas_rates(never, never, pairs, flat, WAVELENGTH_M, dem=DemGeometry(bperp, flat, flat))


def test_two_islands_are_refused_with_the_gap_before_any_reading():
    days = dates(12)
    pairs = short_pairs(days[:5]) + short_pairs(days[5:])
    with pytest.raises(NetworkError, match=f"2 islands, gap {days[4]}-{days[5]}; cure: add acquisitions in the gap"):
        sbas_rates(None, None, pairs, np.zeros((30, 40)), WAVELENGTH_M)


def test_pairs_without_any_phase_that_split_the_network():
    track = Valley(shape=(40, 50), count=8)
    middle = track.dates[4]
    empty = [pair for pair in track.pairs if pair[:8] < middle <= pair[9:]]
    read = reader(track, lambda pair, phase: phase * np.nan if pair in empty else phase)
    with pytest.raises(NetworkError, match=f"gap {track.dates[3]}-{middle}"):
        sbas_rates(read, None, track.pairs, track.elevation_m, WAVELENGTH_M, PLAIN, SbasSettings(device="cpu"))


def test_a_pair_without_phase_is_skipped_and_the_others_go_on():
    track = Valley(shape=(40, 50), count=8)
    read = reader(track, lambda pair, phase: phase * np.nan if pair == track.pairs[3] else phase)
    found = sbas_rates(
        read, Sink(8, track.shape), track.pairs, track.elevation_m, WAVELENGTH_M, PLAIN, SbasSettings(device="cpu")
    )
    assert "skipped" in found.preparation.removed[track.pairs[3]]
    assert (found.layers["pair_count"] == len(track.pairs) - 1).all()


def test_cells_whose_pairs_do_not_connect_all_dates_have_no_rate_and_are_counted():
    track = Valley(shape=(40, 50), count=10)
    cut = [pair for pair in track.pairs if pair[:8] < track.dates[6] <= pair[9:]]

    def change(pair, phase):
        phase = phase.copy()
        if pair in cut:
            phase[:6, :10] = np.nan  # two islands in these cells only
        return phase

    sink = Sink(10, track.shape)
    found = sbas_rates(
        reader(track, change), sink, track.pairs, track.elevation_m, WAVELENGTH_M, PLAIN, SbasSettings(device="cpu")
    )
    assert found.unconnected == 60
    rate = found.layers["los_rate_mm_per_yr"]
    assert np.isnan(rate[:6, :10]).all() and np.isfinite(rate).sum() == rate.size - 60
    assert np.isnan(sink.series[:, :6, :10]).all()
    assert (found.layers["pair_count"][:6, :10] == len(track.pairs) - len(cut)).all()


def test_connected_cells_is_the_rank_of_the_network():
    rng = np.random.default_rng(0)
    pairs = wide_pairs(dates(9), 3)
    valid = rng.uniform(size=(len(pairs), 300)) < 0.45
    design = velocity_design(pairs)
    expected = [np.linalg.matrix_rank(design[use]) == 8 for use in valid.T]
    assert 20 < sum(expected) < 280
    np.testing.assert_array_equal(connected_cells(valid, pairs), expected)


def test_planted_motion_comes_back_as_rate_and_series():
    track = Valley(count=24)
    sink = Sink(24, track.shape)
    found = sbas_rates(
        reader(track), sink, track.pairs, track.elevation_m, WAVELENGTH_M, settings=SbasSettings(looks=6, device="cpu")
    )
    moving = track.los_mm_per_yr < 0
    error = found.layers["los_rate_mm_per_yr"] - track.los_mm_per_yr
    assert found.layers["los_rate_mm_per_yr"][moving].mean() < -30  # away from the satellite is negative
    # 5 mm of turbulence at 5 km, less over a region of 3.6 x 4.8 km; 0.2 rad of speckle a date is 0.9 mm
    assert np.sqrt(np.mean(error**2)) < 4
    t = years_of(track.dates)
    expected = track.los_mm_per_yr[moving] * t[-1]
    assert abs((sink.series[-1][moving] - expected).mean()) < 4
    layers = found.layers
    np.testing.assert_allclose(layers["los_rate_mm_per_yr"], -layers["phase_rate_rad_per_yr"] / RAD_PER_MM, rtol=1e-5)
    np.testing.assert_allclose(layers["los_rate_paper_sign_mm_per_yr"], -layers["los_rate_mm_per_yr"])
    assert set(np.unique(found.preparation.ground.layer)) == {0, 1, 2}


def test_weights_by_coherence_prefer_good_pairs():
    track = Valley(shape=(60, 80), count=20, turbulence_mm=0, stratified_mm_per_km=0, speckle_rad=0)
    rng = np.random.default_rng(4)
    noise = {pair: (0.1 if k % 2 else 1.5) * rng.standard_normal(track.shape) for k, pair in enumerate(track.pairs)}
    coherence = {pair: np.full(track.shape, 0.95 if k % 2 else 0.3) for k, pair in enumerate(track.pairs)}

    def read(pair, rows, cols):
        return (track.phase(pair) + noise[pair])[rows, cols].astype("f4"), coherence[pair][rows, cols], None

    errors = {
        weighting: np.std(
            sbas_rates(
                read, Sink(20, track.shape), track.pairs, track.elevation_m, WAVELENGTH_M, PLAIN,
                SbasSettings(weighting, 6, device="cpu"),
            ).layers["los_rate_mm_per_yr"]
            - track.los_mm_per_yr
        )
        for weighting in ("none", "var", "coherence", "fim")
    }  # fmt: skip
    assert errors["var"] < 0.5 * errors["none"]
    assert errors["fim"] < 0.5 * errors["none"]
    assert errors["coherence"] < 0.9 * errors["none"]


def test_cells_below_the_least_temporal_coherence_have_a_series_but_no_rate():
    track = Valley(shape=(40, 50), count=12, speckle_rad=0)
    rng = np.random.default_rng(1)

    def change(pair, phase):
        phase = phase.copy()
        phase[30:, :] += rng.uniform(-np.pi, np.pi, phase[30:].shape)
        return phase

    jumps = {pair: change(pair, track.phase(pair)) for pair in track.pairs}
    sink = Sink(12, track.shape)
    found = sbas_rates(
        reader(track, lambda pair, _: jumps[pair]), sink, track.pairs, track.elevation_m, WAVELENGTH_M,
        RateSettings(height_correlated=False, plane=False, reference=(10.0, 25.0, 8.0)),
        SbasSettings(min_temporal_coherence=0.9, device="cpu"),
    )  # fmt: skip
    low = found.layers["temporal_coherence"] < 0.9
    assert low[30:].mean() > 0.9 and not low[:30].any()
    assert np.isnan(found.layers["los_rate_mm_per_yr"][low]).all()
    assert np.isfinite(sink.series).all() and found.incoherent == low.sum()


def test_blocks_do_not_change_the_result(monkeypatch):
    track = Valley(shape=(60, 80), count=12)
    results = []
    for block_bytes in (4e8, 1e6):
        monkeypatch.setattr(preparation, "BLOCK_BYTES", block_bytes)
        assert (len(list(preparation.inversion_blocks(track.shape, track.pairs))) > 1) == (block_bytes < 4e8)
        sink = Sink(12, track.shape)
        found = sbas_rates(
            reader(track), sink, track.pairs, track.elevation_m, WAVELENGTH_M, settings=SbasSettings(device="cpu")
        )
        results.append((found.layers["los_rate_mm_per_yr"], sink.series))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)  # float32 layers of up to 100 mm/yr


@pytest.mark.parametrize("shape", [(510, 270), (3000, 5000), (700, 100_000), (7, 9)])
@pytest.mark.parametrize("count", [5, 30, 200])
def test_blocks_cover_the_region_once(shape, count):
    seen = np.zeros(shape, np.uint8)
    for rows, cols in preparation.inversion_blocks(shape, short_pairs(dates(count))):
        seen[rows, cols] += 1
        assert (rows.stop - rows.start) * (cols.stop - cols.start) * count * 3 * 8 < preparation.BLOCK_BYTES
    assert (seen == 1).all()


def test_components_other_than_the_references_are_not_used():
    track = Valley(shape=(60, 80), count=8)
    components = np.ones(track.shape, np.uint16)
    components[:, -20:] = 2
    components[:5] = 0

    def read(pair, rows, cols):
        phase, coherence, _ = track.read(pair)
        return (phase + 2 * np.pi * (components == 2))[rows, cols], coherence[rows, cols], components[rows, cols]

    found = sbas_rates(
        read, Sink(8, track.shape), track.pairs, track.elevation_m, WAVELENGTH_M, settings=SbasSettings(device="cpu")
    )
    rate = found.layers["los_rate_mm_per_yr"]
    assert np.isnan(rate[:, -20:]).all() and np.isnan(rate[:5]).all() and np.isfinite(rate[5:, :-20]).all()


def test_a_missing_gpu_is_refused():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    track = Valley(shape=(40, 50), count=5)
    with pytest.raises(ConfigError, match="torch sees no GPU; cure: set sbas.device to auto or cpu"):
        sbas_rates(
            reader(track), None, track.pairs, track.elevation_m, WAVELENGTH_M, PLAIN, SbasSettings(device="cuda")
        )


def test_the_gpu_gives_the_cpus_series():
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    track = Valley(shape=(40, 50), count=12)
    phase = np.stack([track.phase(pair) for pair in track.pairs])
    one, other = (sbas.invert(phase, np.ones_like(phase), track.pairs, device).phase_rad for device in ("cpu", "cuda"))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_the_series_file_opens_in_other_programs(tmp_path):
    """GDAL's netCDF driver must find place, CRS, time axis, unit and nodata."""
    grid = RegionGrid(32647, 515130, 3215640, 30, 40, 50)
    days = dates(4)
    values = np.random.default_rng(0).standard_normal((4, 40, 50)).astype("f4")
    with series_file.create(tmp_path / "timeseries.nc", grid, days, {"title": "test"}) as put:
        put(slice(0, 40), slice(0, 30), values[:, :, :30])
    read_days, block = series_file.read(tmp_path / "timeseries.nc", slice(5, 10), slice(20, 40))
    assert read_days == days
    np.testing.assert_array_equal(block[:, :, :10], values[:, 5:10, 20:30])
    assert np.isnan(block[:, :, 10:]).all()
    with rasterio.open(f"netcdf:{tmp_path / 'timeseries.nc'}:displacement_mm") as source:
        assert source.crs.to_epsg() == 32647 and source.transform.almost_equals(grid.transform)
        assert source.count == 4 and source.units[0] == "mm" and np.isnan(source.nodata)
        assert [source.tags(k)["NETCDF_DIM_time"] for k in (1, 2, 3, 4)] == ["0", "12", "24", "36"]
        np.testing.assert_array_equal(source.read(3)[:, :30], values[2, :, :30])


def test_a_failing_run_leaves_no_series_file(tmp_path):
    grid = RegionGrid(32647, 515130, 3215640, 30, 4, 5)
    with pytest.raises(ZeroDivisionError), series_file.create(tmp_path / "timeseries.nc", grid, dates(4)):
        1 / 0  # noqa: B018
    assert not list(tmp_path.iterdir())


def test_years_are_julian():
    assert years_of(dates(3))[2] == pytest.approx(years(f"{dates(3)[0]}_{dates(3)[2]}"))

"""Phase bias of pairs: planted fading of an analytic model is found and taken off, other ground keeps its rates."""

import json

import numpy as np
import pytest

from sarslide import layers
from sarslide.config import load
from sarslide.errors import ConfigError, NetworkError, RasterError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.names import days_between, split_pair
from sarslide.network import choose_pairs
from sarslide.rates.corrections.pair_bias import CycleSpace, fading_shape, pair_bias, rate_of_lengths
from sarslide.rates.corrections.unbiased import without_bias
from sarslide.rates.los import mm_per_rad
from tests.support.rule_jobs import run_script
from tests.support.valley import WAVELENGTH_M
from tests.test_network import REGULAR

THREE, FOUR = (choose_pairs(REGULAR, "nearest", 60, neighbours) for neighbours in (3, 4))
CELLS, LOOKS = 40, 6
# Samples of grass as the simulator has it: what lasts, what fades, days.
LASTING, FADING, TAU = 0.45, 0.40, 30.0
TURN = 0.008  # rad/day: 13 mm/yr


def coherence_of(days, turn=TURN, lasting=LASTING, fading=FADING, tau=TAU):
    """Complex coherence; its phase is the bias."""
    return lasting + fading * np.exp(-np.asarray(days) / tau) * np.exp(1j * turn * np.asarray(days))


def days_of(pair):
    return days_between(*split_pair(pair))


def exact(pairs, cells=12, **ground):
    """(wrapped, coherence) of each pair without speckle, under a phase of each date and motion of 0.3 rad a date."""
    screens = np.random.default_rng(1).normal(0, 3, (len(REGULAR), cells, cells))
    found = {}
    for pair in pairs:
        i, j = map(REGULAR.index, split_pair(pair))
        g = coherence_of(days_of(pair), **ground)
        phase = np.angle(g) + screens[j, :1, :1] - screens[i, :1, :1] + 0.3 * (j - i)
        found[pair] = np.angle(np.exp(1j * phase)) + np.zeros((cells, cells)), np.full((cells, cells), abs(g))
    return found


def speckle(pairs, seed, cells=CELLS, **ground):
    """The same of circular Gaussian samples, 6 a cell, with the coherence of the model."""
    days = np.array([days_between(REGULAR[0], date) for date in REGULAR])
    apart = np.subtract.outer(days, days)
    cov = np.where(apart >= 0, coherence_of(np.abs(apart), **ground), coherence_of(np.abs(apart), **ground).conj())
    np.fill_diagonal(cov, 1)
    rng = np.random.default_rng(seed)
    shape = (cells, cells, LOOKS, len(REGULAR))
    # conj: the phase of a pair is that of earlier x conj(later), and grows where the fading part turns.
    samples = (rng.normal(size=shape) + 1j * rng.normal(size=shape)) @ np.linalg.cholesky(cov.conj()).T / np.sqrt(2)
    found = {}
    for pair in pairs:
        i, j = map(REGULAR.index, split_pair(pair))
        product = (samples[..., i] * samples[..., j].conj()).sum(axis=2)
        found[pair] = np.angle(product), np.full((cells, cells), abs(cov[i, j]))
    return found


def found_in(data, pairs, free_level=False):
    shape = data[pairs[0]][0].shape
    return pair_bias(lambda pair, rows: tuple(one[rows] for one in data[pair]), pairs, shape, 3, free_level)


@pytest.mark.parametrize("pairs", [THREE, FOUR])
@pytest.mark.parametrize("turn", [0.002, -0.002])
def test_the_bias_of_each_length_is_that_of_the_model(pairs, turn):
    """Without speckle; first order in the turned phase, 0.1 rad at most, and times of decay 5 % apart: 3 %."""
    found = found_in(exact(pairs, turn=turn), pairs)
    expected = np.angle(coherence_of(found.days, turn))
    np.testing.assert_allclose(found.bias_rad[:, 6, 6], expected, rtol=0.03)
    assert found.known.all() and found.triplets == len(CycleSpace.of(pairs).triplets)
    np.testing.assert_allclose(found.rate_rad_per_yr, rate_of_lengths(pairs) @ expected, rtol=0.03)


def test_the_shape_is_that_of_the_coherence():
    """Times of decay are tried 5 % apart, over what is lost at once; without a lasting part nothing is known."""
    days = (12, 24, 36)
    fades = FADING * np.exp(-np.array(days) / TAU)
    expected = days * fades / (LASTING + fades)
    np.testing.assert_allclose(fading_shape(np.abs(coherence_of(days, 0)), days), expected, rtol=0.06)
    np.testing.assert_allclose(fading_shape(0.6 * np.abs(coherence_of(days, 0)), days), expected, rtol=0.06)
    assert np.isnan(fading_shape(np.abs(coherence_of(days, 0, lasting=0.0)), days)).all()


@pytest.mark.parametrize(("pairs", "least"), [(THREE, 0.6), (FOUR, 0.8)])
def test_most_of_a_planted_bias_is_found_in_speckle(pairs, least):
    """A bias of 3 mm/yr, with the coherence of the model, so that its shape is known. Of an estimate with the relative error e
    1 - e^2 is taken off, e a quarter to a half: 0.75 to 0.94; 0.15 for the noise of 40 x 40 cells in boxes of 9."""
    found = found_in(speckle(pairs, 3), pairs)
    share = found.rate_rad_per_yr / (rate_of_lengths(pairs) @ np.angle(coherence_of(found.days)))
    print(f"share found: {share.mean():.2f}, scatter {share.std():.2f}")
    assert least < share.mean() < 1.1


@pytest.mark.parametrize("pairs", [THREE, FOUR])
def test_clean_ground_keeps_its_rates(pairs):
    """No fading phase. Estimates below their noise, a quarter of the bias planted above with three lengths, are left out, and of
    the others what is beyond it: less than that noise."""
    found = found_in(speckle(pairs, 5, turn=0.0), pairs)
    planted = abs(rate_of_lengths(pairs) @ np.angle(coherence_of(found.days)))
    rms = np.sqrt(np.mean(found.rate_rad_per_yr**2))
    print(f"taken off: {rms:.3f} rad/yr of {planted:.2f} planted elsewhere")
    assert rms < 0.25 * planted
    assert 0.4 * rms < np.sqrt(np.mean(found.rate_std_rad_per_yr**2)) < 2 * rms


def test_ground_without_a_lasting_part_keeps_its_pairs():
    """All of it turns, which no closure can tell from motion."""
    found = found_in(exact(THREE, lasting=0.0, fading=0.8), THREE)
    assert not found.bias_rad.any() and not found.rate_std_rad_per_yr.any() and not found.known.any()


def test_free_levels_are_taken_out():
    """Pairs with constants of their own: halves of opposite bias, whose mean is the level."""
    rng = np.random.default_rng(7)
    half = np.arange(24) < 12
    one, other = exact(FOUR, 24, turn=0.002), exact(FOUR, 24, turn=-0.002)
    mixed = {}
    for pair in FOUR:
        wrapped = np.where(half, one[pair][0], other[pair][0]) + rng.uniform(-3, 3)
        mixed[pair] = np.angle(np.exp(1j * wrapped)), one[pair][1]
    found = found_in(mixed, FOUR, free_level=True)
    expected = np.angle(coherence_of(found.days, 0.002))
    # 3 % as without levels; columns whose box of 9 and window of 3 lie in one half
    np.testing.assert_allclose(found.bias_rad[:, :, :6], expected[:, None, None] + np.zeros((1, 24, 6)), rtol=0.03)
    np.testing.assert_allclose(found.bias_rad[:, :, 18:], -expected[:, None, None] + np.zeros((1, 24, 6)), rtol=0.03)


def test_a_cell_without_phase_is_not_known():
    data = exact(THREE)
    data[THREE[5]][0][3, 4] = np.nan
    found = found_in(data, THREE)
    assert not found.known[3, 4] and found.known.sum() == 143 and not found.bias_rad[:, 3, 4].any()


@pytest.mark.parametrize("pairs", [choose_pairs(REGULAR, "p0"), THREE[:6]])
def test_networks_that_cannot_carry_it(pairs):
    """Pairs of two lengths; few triplets."""
    with pytest.raises(NetworkError, match="rates.phase_bias"):
        CycleSpace.of(pairs)


def test_linked_pairs_are_refused():
    """They close: nothing of their bias is left to see."""
    keys = {"region": "valley", "interferogram": {"linking": "emi"}, "rates": {"phase_bias": "remove"}}
    with pytest.raises(ConfigError, match="rates.phase_bias = remove"):
        load(keys)


GRID = RegionGrid(32647, 519000.0, 3212000.0, 40.0, CELLS, 2 * CELLS)


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    """Files of a stack: still ground, its left half biased by 5 mm/yr, and the rule's layers."""
    folder = tmp_path_factory.mktemp("bias")
    left, right = speckle(THREE, 3), speckle(THREE, 5, turn=0.0)
    files = {name: [] for name in ("unwrapped", "wrapped", "coherence", "conncomp", "sidecars")}
    for pair in THREE:
        phase, coherence = (
            np.concatenate([a, b], axis=1).astype("float32") for a, b in zip(left[pair], right[pair], strict=True)
        )
        made = {
            "unwrapped": ("unw_rad", phase),
            "wrapped": ("wrapped_rad", np.stack([phase, phase])),
            "coherence": ("cor", coherence),
            "conncomp": ("conncomp", np.ones(GRID.shape, np.uint16)),
        }
        for kind, (layer, values) in made.items():
            raster.write(folder / f"{pair}.{layer}.tif", values, GRID, layer)
            files[kind].append(str(folder / f"{pair}.{layer}.tif"))
        about = {"wavelength_m": WAVELENGTH_M, "looks": 6.0, "coherence_window": 3, "free_level": False}
        (folder / f"{pair}.json").write_text(json.dumps(about))
        files["sidecars"].append(str(folder / f"{pair}.json"))
    for layer, values in {"elevation_m": np.zeros(GRID.shape, "float32"),
                          "layover_shadow": np.zeros(GRID.shape, np.uint8)}.items():  # fmt: skip
        raster.write(folder / f"{layer}.tif", values, GRID, layer)
        files[layer.removesuffix("_m")] = str(folder / f"{layer}.tif")
    made = {name: str(folder / f"{name}.tif") for name in layers.PAIR_BIAS} | {"about": str(folder / "bias.json")}
    run_script("pair_bias", folder, {name: files[name] for name in ("wrapped", "coherence", "sidecars")}, made,
               grid=GRID.to_dict(), pairs=THREE)  # fmt: skip
    return files | {"loop_errors": []}, made


def test_rates_lose_the_planted_bias_and_state_the_error(track, tmp_path):
    """The half that fades against the one that does not, before and after; errors add as squares."""
    files, bias = track
    about = read_json(bias["about"])
    assert about["days"] == [12, 24, 36] and about["known_cells"] == GRID.rows * GRID.cols
    bias = {name: bias[name] for name in layers.PAIR_BIAS}
    found = {}
    for name, inputs in (("keep", files), ("remove", files | bias)):
        (tmp_path / name).mkdir()
        made = {layer: str(tmp_path / name / f"{layer}.tif") for layer in layers.RATES}
        made |= {kind: str(tmp_path / name / f"{kind}.json") for kind in ("sidecar", "reference")}
        run_script("stack_rates", tmp_path / name, inputs, made, {"stack": "A128"}, grid=GRID.to_dict(), pairs=THREE,
                   weighting="none", height_correlated=False, plane=False)  # fmt: skip
        found[name] = {layer: raster.read(made[layer], GRID) for layer in layers.RATES}
    planted = mm_per_rad(WAVELENGTH_M) * (rate_of_lengths(THREE) @ np.angle(coherence_of(about["days"])))
    halves = {
        name: np.nanmedian(one["los_rate_mm_per_yr"][:, :34]) - np.nanmedian(one["los_rate_mm_per_yr"][:, 46:])
        for name, one in found.items()
    }
    print(f"planted {planted:.2f}, {halves}")
    # The rate of 40 x 34 cells of speckle is known to 0.2 mm/yr; 0.6 of the bias as above.
    assert halves["keep"] == pytest.approx(planted, abs=0.8)
    assert abs(halves["remove"]) < 0.4 * abs(planted)
    std = raster.read(bias["pair_bias_rate_std_rad_per_yr"], GRID)
    assert np.nanmedian(std[:, :34]) > 0
    before, after = (found[name]["phase_rate_std_rad_per_yr"] for name in ("keep", "remove"))
    assert np.nanmedian(after[:, :34]) > np.nanmedian(before[:, :34])


def test_a_pair_of_another_length_is_refused(track):
    read = without_bias(lambda pair: (np.zeros(GRID.shape),), {"pair_bias_rad": track[1]["pair_bias_rad"]}, GRID)
    with pytest.raises(RasterError, match="60 days"):
        read(f"{REGULAR[0]}_{REGULAR[5]}")

"""Unwrapping of phase whose cycles are known."""

import numpy as np
import pytest

from sarslide.errors import UnwrapError
from sarslide.insar.unwrap import open_ground, phase_for_cycles, unwrap, with_cycles_of


@pytest.fixture(scope="module")
def field():
    y, x = np.mgrid[:160, :140]
    truth = 14 * np.exp(-((x - 70) ** 2 + (y - 80) ** 2) / 1500)
    noisy = truth + np.random.default_rng(2).normal(0, 0.3, truth.shape)
    wrapped = np.angle(np.exp(1j * noisy)).astype(np.float32)
    wrapped[:8] = np.nan
    return noisy, wrapped, np.where(np.isnan(wrapped), np.nan, 0.8).astype(np.float32)


@pytest.mark.parametrize("method", ["whirlwind", "snaphu"])
def test_cycles_are_found(field, method):
    noisy, wrapped, coherence = field
    if method == "snaphu":
        pytest.importorskip("snaphu")
    unwrapped, components = unwrap(wrapped, coherence, 50, method)
    valid = np.isfinite(wrapped)
    assert np.array_equal(np.isfinite(unwrapped), valid)
    # Rewrapping gives the input: whole cycles only. float32 keeps 1e-6 of 14 rad.
    assert np.abs(np.angle(np.exp(1j * (unwrapped - wrapped)))[valid]).max() < 1e-4
    assert np.abs((unwrapped - noisy)[valid] - np.median((unwrapped - noisy)[valid])).max() < 1e-3
    # The level: the largest component has its median within half a cycle of zero.
    assert abs(np.median(unwrapped[valid])) <= np.pi
    assert components.dtype == np.uint16 and (components[~valid] == 0).all() and (components[valid] > 0).mean() > 0.95


def test_nothing_to_unwrap():
    with pytest.raises(UnwrapError, match="E3006 no cell"):
        unwrap(np.full((9, 9), np.nan), np.ones((9, 9)), 50)


def test_unknown_method(field):
    with pytest.raises(UnwrapError, match="E3006 unwrapper 'icu'"):
        unwrap(field[1], field[2], 50, "icu")


def test_missing_package(field, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "snaphu", None)
    with pytest.raises(UnwrapError, match="E3006 unwrapper snaphu is not installed .*pip install snaphu"):
        unwrap(field[1], field[2], 50, "snaphu")


def test_solver_that_changes_the_phase_is_refused(field, monkeypatch):
    import sarslide.insar.unwrap as module

    monkeypatch.setattr(module, "_whirlwind", lambda ifg, *_: (np.angle(ifg) + 0.3, np.ones(ifg.shape)))
    with pytest.raises(UnwrapError, match="moved the phase by 0.3 rad"):
        module.unwrap(field[1], field[2], 50)


def test_unfiltered_phase_takes_the_cycles_of_the_filtered_one(field):
    noisy, wrapped, _ = field
    smooth = np.where(np.isnan(wrapped), np.nan, noisy + np.random.default_rng(3).uniform(-3, 3, noisy.shape))
    whole = with_cycles_of(smooth.astype(np.float32), wrapped)
    assert np.array_equal(np.isnan(whole), np.isnan(wrapped))
    # Less than half a cycle from the smooth field the noisy one comes back, to the digits of float32.
    assert np.nanmax(np.abs(whole - np.where(np.isnan(wrapped), np.nan, noisy))) < 1e-4


def test_cycles_of_a_wider_filter_keep_the_phase(field):
    """A noisy dome: the wider filter finds the cycles, and the phase that comes out is the one that went in."""
    noisy, wrapped, coherence = field
    raw_rad = np.angle(np.exp(1j * (wrapped + np.random.default_rng(4).normal(0, 0.7, wrapped.shape)))).astype(
        np.float32
    )
    guide = phase_for_cycles(raw_rad, coherence, 0.5, 32)
    assert np.array_equal(np.isnan(guide), np.isnan(raw_rad))
    unwrapped = with_cycles_of(unwrap(guide, coherence, 50)[0], raw_rad)
    assert np.nanmax(np.abs(np.angle(np.exp(1j * (unwrapped - raw_rad))))) < 1e-4  # float32
    # 0.76 rad of noise in all: three sigma stay below half a cycle, so hardly a cell may be a cycle off.
    assert np.mean(np.abs(unwrapped - noisy)[8:] > np.pi) < 1e-3


@pytest.fixture(scope="module")
def valley():
    """Two slopes that a strip of layover parts: a coherent ramp of one cycle in it, which neither slope has.

    Truth, rad: a gentle dome. Wrapped phase with 0.3 rad of noise, coherence, and the layer `layover_shadow`.
    """
    y, x = np.mgrid[:160, :140]
    truth = 3 * np.exp(-((x - 70) ** 2 + (y - 80) ** 2) / 5000)
    hidden = np.where((x >= 60) & (x < 80), 1, 0).astype(np.uint8)
    planted = np.where(hidden == 1, 2 * np.pi * (x - 59.5) / 20, 0)
    noisy = truth + np.random.default_rng(5).normal(0, 0.3, truth.shape)
    wrapped = np.angle(np.exp(1j * (noisy + planted))).astype(np.float32)
    return noisy, wrapped, np.full(truth.shape, 0.8, np.float32), hidden


def cycles_of(unwrapped, noisy):
    """Whole cycles by which cells differ from the truth, NaN where not unwrapped."""
    return np.rint((unwrapped - noisy) / (2 * np.pi))


def test_cycles_run_through_layover_where_it_is_left_in(valley):
    """The trap is one: without the layer the far slope is a cycle off."""
    noisy, wrapped, coherence, _ = valley
    cycles = cycles_of(unwrap(wrapped, coherence, 50)[0], noisy)
    assert np.median(cycles[:, 80:]) - np.median(cycles[:, :60]) == 1


@pytest.mark.parametrize("method", ["whirlwind", "snaphu"])
def test_layover_is_left_out_and_bridged(valley, method):
    noisy, wrapped, coherence, hidden = valley
    if method == "snaphu":
        pytest.importorskip("snaphu")
    unwrapped, components = unwrap(open_ground(wrapped, hidden), coherence, 50, method)
    seen = hidden == 0
    assert np.array_equal(np.isfinite(unwrapped), seen) and (components[~seen] == 0).all()
    cycles = cycles_of(unwrapped, noisy)[seen]
    assert (cycles == np.median(cycles)).mean() > 0.999  # 0.3 rad of noise: half a cycle is ten sigma
    # Both slopes belong to the component that holds the reference of a rate.
    assert set(np.unique(components[seen & (components > 0)])) == {components[80, 20]}


def test_an_island_out_of_reach_is_a_component_of_its_own(valley):
    noisy, wrapped, coherence, hidden = valley
    ground = open_ground(wrapped, hidden)
    near, far = (unwrap(ground, coherence, 50, reach=reach)[1] for reach in (20, 19))
    assert near[80, 20] == near[80, 120] != 0
    assert far[80, 20] != far[80, 120] and far[80, 20] and far[80, 120]


def test_islands_are_joined_to_the_nearest_larger_one():
    """Three islands in a row: the small one next to the large one joins it, the third, across more than the reach, does not."""
    wrapped = np.full((60, 200), np.nan, np.float32)
    wrapped[:, :80] = wrapped[:, 85:120] = wrapped[:, 160:] = 0.5
    _, components = unwrap(wrapped, np.full(wrapped.shape, 0.8, np.float32), 50, reach=10)
    assert components[30, 40] == components[30, 100] != 0
    assert components[30, 180] not in (0, components[30, 40])


def test_ground_that_a_noisy_strip_parts_stays_two_components():
    """No gap but a lack of coherence: nothing was bridged, so nothing is joined."""
    rng = np.random.default_rng(6)
    wrapped = rng.normal(0, 0.1, (120, 140)).astype(np.float32)
    wrapped[:, 60:80] = rng.uniform(-np.pi, np.pi, (120, 20))
    coherence = np.full(wrapped.shape, 0.9, np.float32)
    coherence[:, 60:80] = 0.01
    _, components = unwrap(wrapped, coherence, 50)
    assert components[60, 30] and components[60, 110] and components[60, 30] != components[60, 110]


def test_hidden_ground_is_not_open():
    """Codes of `layover_shadow`: good, layover, shadow, both, not acquired on the date of the geometry."""
    found = open_ground(np.ones((1, 5)), np.array([[0, 1, 2, 3, 255]], np.uint8))
    assert found.dtype == np.float32 and np.array_equal(np.isfinite(found), [[True, False, False, False, True]])


def test_steps_are_those_of_whirlwind(field):
    """The phase is bit for bit that of `whirlwind.unwrap`, the components are but for 1 cell in 200.

    whirlwind rounds gradients to 1/100 of a cycle, which decides edges next to the threshold, and its means repeat the
    border of the scene. On pairs of the demo 1 cell in 5,000 differs.
    """
    whirlwind = pytest.importorskip("whirlwind")
    from sarslide.insar.unwrap import _whirlwind

    _, wrapped, coherence = field
    rng = np.random.default_rng(7)
    valid = np.isfinite(wrapped) & (rng.uniform(size=wrapped.shape) < 0.97)
    valid[:, 66:70] = False  # two islands
    ifg = np.where(valid, np.exp(1j * (np.nan_to_num(wrapped) + rng.normal(0, 0.4, wrapped.shape))), 0)
    ifg, weights = ifg.astype(np.complex64), np.where(valid, rng.uniform(0.05, 0.9, wrapped.shape), 0)
    weights = weights.astype(np.float32)
    phase, components = _whirlwind(ifg, weights, 52.3, valid)
    their_phase, their_components = whirlwind.unwrap(ifg, weights, 52.3, mask=valid)
    assert np.array_equal(phase, their_phase, equal_nan=True)
    assert their_components.max() == 2 and (their_components == 0)[valid].mean() > 0.05  # there is much to cut
    assert (components != their_components).mean() < 5e-3

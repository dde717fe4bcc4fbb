"""Unwrapping of phase whose cycles are known."""

import numpy as np
import pytest

from sarslide.errors import UnwrapError
from sarslide.insar.unwrap import phase_for_cycles, unwrap, with_cycles_of


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
    rough = np.angle(np.exp(1j * (wrapped + np.random.default_rng(4).normal(0, 0.7, wrapped.shape)))).astype(np.float32)
    guide = phase_for_cycles(rough, coherence, 0.5, 32)
    assert np.array_equal(np.isnan(guide), np.isnan(rough))
    unwrapped = with_cycles_of(unwrap(guide, coherence, 50)[0], rough)
    assert np.nanmax(np.abs(np.angle(np.exp(1j * (unwrapped - rough))))) < 1e-4  # float32
    # 0.76 rad of noise all told: three sigma stay below half a cycle, so hardly a cell may be a cycle off.
    assert np.mean(np.abs(unwrapped - noisy)[8:] > np.pi) < 1e-3

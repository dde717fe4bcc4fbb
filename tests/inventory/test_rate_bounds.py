"""An object that its pairs cannot follow has a lower bound and no sign; others keep their rates."""

import json
import math

import numpy as np
import pytest

from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.fusion import fuse
from sarslide.inventory.masks import MaskRules, noted
from sarslide.inventory.tables import CANDIDATES, rows_of
from tests.inventory.conftest import GRID, slope_layers

DAYS_24 = 24 / 365.25
ALIASED = 55.46576 / 4 / DAYS_24  # mm/yr: a quarter of Sentinel-1's wavelength in 24 days
BODY = slice(30, 40), slice(40, 50)


def layers_with(**values: float) -> dict[str, np.ndarray]:
    """A quiet slope of coherence 0.7 and standard error 2 mm/yr, and a body that the network marks."""
    layers = slope_layers()
    for name, value in {"probability": 0.9, "los_rate_mm_per_yr": -15.0, **values}.items():
        layers[name][BODY] = value
    layers["phase_rate_rad_per_yr"] = -layers["los_rate_mm_per_yr"] * 4 * np.pi / 55.46576
    return layers


def found(layers, longest=DAYS_24, track="A128"):
    return find_candidates(layers, GRID, track, 0.5, 20.0, MaskRules(), longest_pair_years=longest)


def test_noisy_and_less_coherent_than_the_ground_around():
    """The plane's sensitivity is -0.6 cos 30 - 0.79 sin 30 = -0.915."""
    (row,) = found(layers_with(los_rate_std_mm_per_yr=8.0, mean_coherence=0.5)).itertuples()
    assert row.los_rate_bound_mm_per_yr == pytest.approx(ALIASED, rel=1e-4)
    assert row.downslope_rate_bound_mm_per_yr == pytest.approx(ALIASED / 0.9146, rel=1e-3)
    assert (row.status, row.reason, row.reasons) == ("candidate", "rate_is_a_lower_bound", "rate_is_a_lower_bound")
    assert row.los_rate_mean_mm_per_yr == pytest.approx(-15.0)


@pytest.mark.parametrize(
    ("std", "coherence", "longest"), [(8.0, 0.68, DAYS_24), (6.0, 0.5, DAYS_24), (8.0, 0.5, math.nan)]
)
def test_a_rate_that_can_be_trusted(std, coherence, longest):
    """Coherence kept, noise that low coherence explains, or pairs unknown."""
    (row,) = found(layers_with(los_rate_std_mm_per_yr=std, mean_coherence=coherence), longest).itertuples()
    assert math.isnan(row.los_rate_bound_mm_per_yr) and row.reason == ""


def test_ground_that_is_as_noisy_all_around_says_nothing():
    layers = layers_with()
    layers["los_rate_std_mm_per_yr"][:], layers["mean_coherence"][:] = 8.0, 0.4
    assert found(layers)["reason"].tolist() == [""]


def test_ground_around_that_is_unknown_or_hidden_says_nothing():
    for name, value in (("los_rate_std_mm_per_yr", np.nan), ("layover_shadow", 1)):
        layers = layers_with(los_rate_std_mm_per_yr=8.0, mean_coherence=0.5)
        around = np.ones(GRID.shape, bool)
        around[BODY] = False
        layers[name][around] = value
        assert found(layers)["reason"].tolist() == [""]


def test_another_wavelength_shows_in_the_phase_rate():
    """L band, 240 mm: rate = -phase rate x wavelength / 4 pi."""
    layers = layers_with(los_rate_std_mm_per_yr=8.0, mean_coherence=0.5)
    layers["phase_rate_rad_per_yr"] = -layers["los_rate_mm_per_yr"] * 4 * np.pi / 240.0
    (row,) = found(layers).itertuples()
    assert row.los_rate_bound_mm_per_yr == pytest.approx(240 / 4 / DAYS_24, rel=1e-4)


def test_the_sign_of_such_a_rate_is_no_motion_up_the_slope():
    up = {"los_rate_mm_per_yr": 15.0}
    assert found(layers_with(**up))["reason"].tolist() == ["uphill"]
    assert found(layers_with(**up, los_rate_std_mm_per_yr=8.0, mean_coherence=0.5))["status"].tolist() == ["candidate"]


def test_fusion_takes_the_bound_of_the_track_that_has_one():
    """Its rate is no longer one to compare with those of other releases."""
    slow, fast = layers_with(), layers_with(los_rate_std_mm_per_yr=8.0, mean_coherence=0.5)
    slow["probability"][40, 40:50] = 0.9  # the larger outline is kept
    rows = [
        row
        for track, layers in (("A128", slow), ("D062", fast))
        for row in rows_of(found(layers, track=track), CANDIDATES, "x")
    ]
    (row,) = fuse(rows, 0.1)
    assert row["track"] == "A128" and row["tracks"] == "A128+D062"
    assert row["los_rate_bound_mm_per_yr"] == pytest.approx(ALIASED, rel=1e-4)
    assert row["reasons"] == "rate_is_a_lower_bound" and "faster than pairs can tell" in row["reason_text"]
    assert set(json.loads(row["los_rate_by_track"])) == {"A128"}


def test_a_note_comes_once_and_last():
    row = {"reason": "too_small", "reasons": "too_small", "reason_text": "small"}
    once = row | noted(row, ("a", "b"))
    assert once == {"reason": "too_small", "reasons": "too_small+a", "reason_text": "small; b"}
    assert once | noted(once, ("a", "b")) == once

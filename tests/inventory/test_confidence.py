"""How sure objects are: against scikit-learn's logistic regression, and through candidates and fusion."""

import json
import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sarslide.errors import RasterError
from sarslide.inventory import confidence
from sarslide.inventory.candidates import find_candidates, object_confidence
from sarslide.inventory.fusion import fuse
from sarslide.inventory.masks import MaskRules
from sarslide.models.card import ObjectConfidence
from tests.inventory.conftest import cell_box, fused_row
from tests.inventory.test_candidates import block, slope_layers

NUMBERS = ObjectConfidence(intercept=1.0, factors=[0.8, 0.3, 0.5], objects=1200)


def row(probability=0.9, area_km2=0.05, rate=-30.0, std=6.0) -> dict:
    return {
        "probability_mean": probability,
        "area_km2": area_km2,
        "los_rate_mean_mm_per_yr": rate,
        "los_rate_std_mm_per_yr": std,
    }


def test_it_is_a_logistic_regression():
    rng = np.random.default_rng(3)
    rows = [
        row(*values)
        for values in zip(rng.uniform(0.3, 0.99, 300), rng.uniform(0.02, 1, 300), rng.normal(0, 40, 300), strict=True)
    ]
    terms = np.array([confidence.terms(each) for each in rows])
    model = LogisticRegression().fit(terms, rng.random(300) < 1 / (1 + np.exp(-terms.sum(1))))
    numbers = ObjectConfidence(intercept=float(model.intercept_[0]), factors=model.coef_[0].tolist(), objects=300)
    found = [confidence.of_one_track(each, numbers) for each in rows]
    np.testing.assert_allclose(found, model.predict_proba(terms)[:, 1], rtol=1e-9)


def test_either_direction_is_as_sure():
    assert confidence.of_one_track(row(rate=-30.0), NUMBERS) == confidence.of_one_track(row(rate=30.0), NUMBERS)


@pytest.mark.parametrize("unknown", [row(rate=math.nan), row(std=math.nan), row(std=0.0)])
def test_without_a_rate_it_is_unknown(unknown):
    assert math.isnan(confidence.of_one_track(unknown, NUMBERS))
    assert math.isnan(confidence.of_one_track(row(), None))


def test_two_tracks_are_both_wrong_at_the_product_of_both():
    assert confidence.of_tracks([0.8, 0.7]) == pytest.approx(1 - 0.2 * 0.3)
    assert confidence.of_tracks([0.8, math.nan]) == pytest.approx(0.8)
    assert math.isnan(confidence.of_tracks([math.nan]))


@pytest.mark.parametrize(("probability", "word"), [(0.95, "high"), (0.9, "high"), (0.75, "medium"), (0.69, "low")])
def test_words(probability, word):
    assert confidence.word(probability) == word


def test_candidates_and_fused_objects_carry_it(grid):
    layers = slope_layers()
    block(layers)
    frame = find_candidates(layers, grid, "A128", 0.5, 20.0, MaskRules(), confidence=NUMBERS)
    (found,) = frame[frame.source == "network"].to_dict("records")
    assert found["landslide_probability"] == pytest.approx(confidence.of_one_track(found, NUMBERS))
    other = fused_row(found["geometry"], track="D062", candidate_id="D062-0001", landslide_probability=0.6)
    (source,) = fuse([found, other], 0.1)
    expected = confidence.of_tracks([found["landslide_probability"], 0.6])
    assert source["landslide_probability"] == pytest.approx(expected)
    assert source["confidence"] == confidence.word(expected)
    (alone,) = fuse([fused_row(cell_box(5, 5, 6, 6), landslide_probability=0.75)], 0.1)
    assert alone["confidence"] == "medium"


def test_tags_of_a_map():
    assert object_confidence({}, "p.tif") is None
    assert object_confidence({"confidence": NUMBERS.model_dump_json()}, "p.tif") == NUMBERS
    for damaged in ("", "{}", json.dumps(NUMBERS.model_dump() | {"factors": [1.0]})):
        with pytest.raises(RasterError, match=r"^E\d{4} p\.tif: .*; cure: make the map again"):
            object_confidence({"confidence": damaged}, "p.tif")

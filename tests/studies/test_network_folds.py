"""Networks with one range left out: who trains on what, and the numbers of the tables."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from studies.ground import cutting, making
from studies.network import confidence, folds, tables, thresholds, training, valleys
from studies.network.region_scores import METHODS, certain

from sarslide.io.hashes import sha256
from sarslide.models import networks, weights
from sarslide.models.card import ObjectConfidence
from sarslide.retrieve.dem_library import FOLDER as LIBRARY

FILES = cutting.files_of(LIBRARY, None, False)
FIRST = cutting.regions_of(FILES, folds.TRAINED)


def scene(path, region, orbit_pass, seed):
    """A scene of training on which one square moves."""
    rng = np.random.default_rng(seed)
    moves = np.zeros((128, 128), bool)
    moves[30:60, 40:70] = True
    layers = {
        "los_rate_mm_per_yr": np.where(moves, -60.0, 0.0) + rng.normal(0, 4, moves.shape),
        "los_rate_std_mm_per_yr": np.full(moves.shape, 4.0) + rng.random(moves.shape),
        "mean_coherence": rng.uniform(0.4, 0.7, moves.shape),
        "slope_deg": rng.uniform(15, 30, moves.shape),
        "aspect_deg": np.full(moves.shape, 270.0) + rng.random(moves.shape),
        "los_east": np.full(moves.shape, 0.6),
        "los_north": np.full(moves.shape, -0.1),
        "los_up": np.full(moves.shape, 0.79),
    }
    grid = replace(region.grid, rows=128, cols=128).to_dict()
    meta = {"region": region.name, "stack": orbit_pass, "grid": grid}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        **{name: layer.astype(np.float32) for name, layer in layers.items()},
        layover_shadow=np.zeros(moves.shape, np.uint8),
        label=moves.astype(np.uint8),
        meta=np.array(json.dumps(meta)),
    )


def test_no_network_is_tested_on_ground_that_it_has_seen(tmp_path, monkeypatch):
    """The card of a fold names neither its own range nor that of its validation in its training.
    Its second stage starts from its first.
    """
    for stage in ("RECIPE", "FASTER"):
        monkeypatch.setattr(training, stage, replace(getattr(training, stage), samples=8, rounds=1, batch=4))
    monkeypatch.setattr(valleys, "TRAINING", (1,))
    monkeypatch.setattr(valleys, "VALIDATION", (2,))
    for seed in (1, 2):
        for path in valleys.paths_of(tmp_path, (seed,)):
            scene(path, SimpleNamespace(name=str(seed), grid=FIRST[0].grid), path.stem[-1], seed)
    (fold,) = (each for each in cutting.folds(FILES) if each["test"] == ["central_andes"])
    chosen = [region for region in cutting.regions_of(FILES, 1) if region.file.mountains != "northern_rockies"]
    for k, region in enumerate(chosen):
        for orbit_pass in making.PASSES:
            scene(making.scene_path(tmp_path, region, orbit_pass), region, orbit_pass, k)
    training.train_folds(tmp_path, chosen, [fold])
    card = weights.read_card(training.fold_path(tmp_path, "central_andes"))
    first = tmp_path / "folds/central_andes.first.safetensors"
    assert card.training["start_sha256"] == sha256(first) and weights.read_card(first).training["recipe"]["start"] == ""
    range_of = {region.name: region.file.mountains for region in chosen} | {"1": "valley", "2": "valley"}
    seen, checked = ({range_of[name] for name in card.training[key]} for key in ("regions", "validation_regions"))
    assert checked == {*fold["validation"], "valley"}
    assert seen == {*fold["train"], "valley"} - {"northern_rockies"}
    assert "central_andes" not in seen | checked


def test_the_packaged_network_is_validated_on_other_regions_of_every_range(tmp_path, monkeypatch):
    parts = []
    monkeypatch.setattr(training, "train_one", lambda folder, *found: parts.extend(found))
    training.train_packaged(tmp_path, FIRST, tmp_path / "packaged.safetensors")
    known, checked, _ = parts
    assert len({region.file.mountains for region in checked}) == len(checked) == 9
    assert not set(known) & set(checked) and len(known) + len(checked) == len(FIRST)


def found_in(mountains, slides, released, right):
    """A region of 100 km2: rows of (found by the network, by the limit, area, speed, rate over error)."""
    columns = ("network", "limit", "area_ha", "speed_mm_per_yr", "rate_over_error")
    rows = [dict(zip(columns, each, strict=True)) | {"before": False, "threshold": False} for each in slides]
    objects = {"released": released, "right": right, "touching": right, "on": {"mining": released - right}}
    none = {"released": 0, "right": 0, "touching": 0, "on": {}}
    cells = dict.fromkeys(METHODS, {"tp": 3, "fp": 1, "fn": 1})
    return {
        "region": f"{mountains}_1",
        "range": mountains,
        "area_km2": 100.0,
        "slides": rows,
        "objects": {"network": objects, "before": none, "threshold": none},
        "cells": cells,
    }


def test_tables():
    """Two ranges by hand: 4 of 6 found, 5 released; the limit finds 5 of 6, F1 2 x 5/6 / (11/6)."""
    rows = tables.rows(
        [
            found_in(
                "steep_range", [(True, True, 5, 600, 9.0), (True, True, 3, 50, 6.0), (True, True, 200, 20, 5.5)], 3, 3
            ),
            found_in(
                "flat_range", [(True, True, 5, 200, 7.0), (False, True, 1, 700, 8.0), (False, False, 4, 10, 0.5)], 2, 1
            ),
        ],
        "cells of 30 m",
        "command",
    )
    by_name = {each["what"]: each for each in rows}
    f1 = 2 * (4 / 5) * (4 / 6) / (4 / 5 + 4 / 6)
    of_all = by_name["F1 by object, cells of 30 m, landslides all"]
    assert of_all["measured"].startswith(f"network {f1:.2f}, before 0.00, threshold 0.00, limit {10 / 11:.2f};")
    assert of_all["met"] is False  # 0.73 of at least 0.77
    assert by_name["worst range, cells of 30 m: F1 by object over the limit's"]["measured"].startswith("flat range")
    assert by_name["F1 by cell, cells of 30 m"]["measured"].startswith("network 0.75")
    false = by_name["false objects on 100 km2 (those that touch no landslide), cells of 30 m"]
    assert false["measured"].startswith("network 0.50 (0.50)") and not false["met"]
    assert by_name["landslides over 500 mm/yr and 1.8 ha that are found, cells of 30 m"]["measured"].startswith(
        "1.00 of 1"
    )
    sure = by_name["landslides whose planted rate is over 5 stated errors that are found, cells of 30 m"]
    assert sure["measured"] == "0.80 of 5, of those over 1.8 ha 1.00 of 4" and not sure["met"]
    assert by_name["slopes over 1 km2 of up to 25 mm/yr that the limit finds, cells of 30 m"]["measured"].startswith(
        "network 1"
    )
    assert by_name["on what false objects lie that touch no landslide, cells of 30 m"]["measured"].startswith(
        "network mining 1"
    )


def test_what_is_certain():
    """20 mm/yr over an error of 4, in the track that knows it better."""

    class World:
        landslides = pd.DataFrame({"planted_id": ["a", "b"]})
        body = np.array([[1, 1, 0], [2, 2, 0]])
        window = np.s_[:, :]

    layers = {
        "A": {"los_rate_std_mm_per_yr": np.full((2, 3), 8.0), "true_los_rate_mm_per_yr": np.full((2, 3), -20.0)},
        "D": {
            "los_rate_std_mm_per_yr": np.array([[4.0, np.nan, 4.0], [np.nan] * 3]),
            "true_los_rate_mm_per_yr": np.full((2, 3), 20.0),
        },
    }
    assert certain(World, layers).tolist() == [5.0, 2.5]


def test_thresholds_come_from_other_ranges():
    """A range whose own best threshold is the lowest has that of the others, the highest; of equally
    good ones the highest is taken.
    """
    low, high = np.tile([10, 0, 0, 0], (2, len(thresholds.TRIED), 1))
    low[0] = high[-1] = high[1] = [10, 8, 9, 8]
    counts = {"low": [low], "high": [high, high]}
    assert thresholds.of_ranges(counts) == {"low": thresholds.TRIED[-1], "high": thresholds.TRIED[0]}
    assert thresholds.of_ranges({"low": [low]}) == {"low": thresholds.TRIED[0]}


def test_calibration_error_and_skill():
    """Objects that are right as often as they say have no error; those 0.2 too sure have 0.2."""
    rng = np.random.default_rng(4)
    p = rng.uniform(0.1, 0.7, 40_000)
    objects = pd.DataFrame({"p": p, "right": rng.random(p.size) < p})
    assert confidence.calibration_error(objects) < 0.01  # sampling: sqrt(0.25 / 4000) = 0.008 a bin
    assert confidence.calibration_error(objects.assign(p=p + 0.2)) == pytest.approx(0.2, abs=0.01)
    mean = objects["right"].mean()
    expected = 1 - np.mean(p * (1 - p)) / (mean * (1 - mean))
    assert confidence.brier_skill(objects) == pytest.approx(expected, abs=0.01)


def test_numbers_go_into_the_card(tmp_path):
    path = tmp_path / "mine.safetensors"
    network, card = networks.load(weights.packaged("drs_unet_compact"))
    weights.save(path, network, card.model_dump(exclude_unset=True, exclude={"sha256"}))
    numbers = ObjectConfidence(intercept=0.5, factors=[1.0, 0.2, 0.3], objects=1000)
    confidence.into_card(path, numbers, 0.25)
    again, found = networks.load(path)
    assert found.objects == numbers and found.threshold == 0.25
    assert all((a == b).all() for a, b in zip(network.state_dict().values(), again.state_dict().values(), strict=True))

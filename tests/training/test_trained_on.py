"""What a card states of the landslides of its training."""

import json

import numpy as np
import pytest

from sarslide.grid import RegionGrid
from sarslide.training import trained_on

GRID = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 60, 80)


def written(folder, name, without=(), **meta):
    """A scene of two landslides, 120 mm/yr on 0.09 km2 and 40 mm/yr on 0.0225 km2, seen at -0.79."""
    label = np.zeros(GRID.shape, np.uint8)
    label[10:20, 10:20], label[40:45, 50:55] = 1, 1
    rate = np.zeros(GRID.shape, np.float32)
    rate[10:20, 10:20], rate[40:45, 50:55] = -120 * 0.79, -40 * 0.79
    full = {"slope_deg": 90.0, "aspect_deg": 90.0, "los_east": 0.0, "los_north": 0.0, "los_up": 0.79}
    full |= {"los_rate_std_mm_per_yr": 3.0, "mean_coherence": 0.5}
    layers = {key: np.full(GRID.shape, value, np.float32) for key, value in full.items()}
    layers |= {"los_rate_mm_per_yr": rate, "layover_shadow": np.zeros(GRID.shape, np.uint8), "label": label}
    text = json.dumps({"region": name, "stack": "A128", "grid": GRID.to_dict()} | meta)
    np.savez(folder / f"{name}.npz", **{k: v for k, v in layers.items() if k not in without}, meta=np.array(text))
    return folder / f"{name}.npz"


def test_speeds_sizes_and_noise_are_those_of_the_scenes(tmp_path):
    found = trained_on.measure([written(tmp_path, "a"), written(tmp_path, "b")])
    assert found.landslides == 4
    assert (found.area_km2.p1, found.area_km2.p99) == pytest.approx((0.0225, 0.09))
    assert (found.speed_mm_per_yr.p1, found.speed_mm_per_yr.p99) == pytest.approx((40, 120), rel=1e-3)
    assert found.los_rate_mm_per_yr.p99 == pytest.approx(94.8)
    assert (found.los_rate_std_mm_per_yr.p50, found.mean_coherence.p50, found.slope_deg.p50) == (3.0, 0.5, 90.0)
    assert found.text == (
        "4 views of landslides of 0.022 to 0.09 km², 40 to 120 mm/yr down the slope, standard errors of 3.0 to 3.0 mm/yr"
    )


def test_speeds_are_told_apart_by_size():
    rng = np.random.default_rng(3)
    area = rng.uniform(0.02, 1.0, 400)
    names = ("slope_deg", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")
    rows = [{"area_km2": a, "speed_mm_per_yr": 100 * a, **dict.fromkeys(names, 1.0)} for a in area]
    sizes = trained_on.summary(rows).sizes
    assert len(sizes) == trained_on.CLASSES and sum(size.landslides for size in sizes) == 400
    for size in sizes:
        assert size.speed_mm_per_yr.p95 == pytest.approx(100 * size.up_to_km2, rel=0.05)


def test_equal_sizes_are_one_class():
    names = ("slope_deg", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence", "speed_mm_per_yr")
    rows = [{"area_km2": 0.05, **dict.fromkeys(names, 1.0)}] * 200
    (size,) = trained_on.summary(rows).sizes
    assert size.landslides == 200


def test_scenes_that_cannot_tell(tmp_path, caplog):
    assert trained_on.measure([written(tmp_path, "a", without=("los_up",))]) is None
    assert "has no 'los_up': the speeds of the training are not measured" in caplog.text
    assert trained_on.measure([]) is None

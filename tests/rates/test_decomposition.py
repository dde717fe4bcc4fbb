"""East and up: planted motion comes back, with its error; against NumPy's least squares."""

import numpy as np
import pytest

from sarslide.io import raster
from sarslide.layers import EAST_UP
from sarslide.rates.decomposition import east_and_up
from tests.inventory.conftest import GRID
from tests.inventory.test_scripts import run_script

# Sentinel-1 at 34 and 39 degrees of incidence: ascending looks from the west, descending from the east.
ASCENDING, DESCENDING = (-0.549, -0.106, 0.829), (0.618, -0.122, 0.777)


def seen(motion, tracks):
    """Line-of-sight rates of a motion (east, north, up)."""
    return np.array([np.dot(motion, track) for track in tracks])


def solved(rates, stds, tracks):
    east, _, up = np.array(tracks).T
    shape = (-1, *[1] * (np.ndim(rates) - 1))
    spread = np.ones(np.shape(rates))
    return east_and_up(
        np.asarray(rates), np.asarray(stds) * spread, east.reshape(shape) * spread, up.reshape(shape) * spread
    )


def test_planted_motion():
    """Exact but for rounding; what moves north is told wrongly by a fifth at most."""
    tracks = [ASCENDING, DESCENDING]
    east, _, up, _ = solved(seen((35.0, 0.0, -12.0), tracks), [2.0, 3.0], tracks)
    assert [east, up] == pytest.approx([35.0, -12.0], rel=1e-9)
    east, _, up, _ = solved(seen((0.0, 10.0, 0.0), tracks), [2.0, 3.0], tracks)
    assert abs(east) < 1 and abs(up) < 2


def test_three_tracks_are_weighted_least_squares():
    tracks = [ASCENDING, DESCENDING, (-0.67, -0.13, 0.73)]
    rates, stds = np.array([-31.0, 12.0, -40.0]), np.array([2.0, 1.0, 4.0])
    design = np.array(tracks)[:, [0, 2]] / stds[:, None]
    expected = np.linalg.lstsq(design, rates / stds, rcond=None)[0]
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    east, east_std, up, up_std = solved(rates, stds, tracks)
    np.testing.assert_allclose([east, up, east_std, up_std], [*expected, *errors], rtol=1e-9)


def test_errors_are_those_of_planted_noise():
    """20,000 cells; a standard deviation of normal numbers is known to 0.5 %."""
    rng, tracks, stds = np.random.default_rng(4), [ASCENDING, DESCENDING], np.array([[3.0], [5.0]])
    rates = seen((20.0, 0.0, -8.0), tracks)[:, None] + stds * rng.normal(size=(2, 20_000))
    east, east_std, up, up_std = solved(rates, stds, tracks)
    assert [east.mean(), up.mean()] == pytest.approx([20.0, -8.0], abs=0.1)
    assert [east.std(), up.std()] == pytest.approx([east_std[0], up_std[0]], rel=0.02)


def test_cells_that_one_side_alone_sees_have_none():
    rates = np.array([[1.0, np.nan, 1.0], [2.0, 2.0, 2.0]])
    stds = np.array([[1.0, 1.0, np.nan], [1.0, 1.0, 1.0]])
    assert [np.isfinite(part).tolist() for part in solved(rates, stds, [ASCENDING, DESCENDING])] == [
        [True, False, False]
    ] * 4
    assert np.isnan(solved(rates[:, :1], stds[:, :1], [ASCENDING, (-0.67, -0.13, 0.73)])).all()


def test_rasters_of_a_frame(tmp_path):
    """Rule `east_up`: planted motion of every cell of two tracks; a cell that one track does not know."""
    rng, paths = np.random.default_rng(6), {"los_rate": [], "los_rate_std": [], "los_east": [], "los_up": []}
    east, up = rng.normal(0, 50, GRID.shape), rng.normal(0, 20, GRID.shape)
    for stack, (los_east, _, los_up) in zip(("A117", "D066"), (ASCENDING, DESCENDING), strict=True):
        rate = los_east * east + los_up * up
        if stack == "D066":
            rate[3, 4] = np.nan
        for name, layer, values in (
            ("los_rate", "los_rate_mm_per_yr", rate),
            ("los_rate_std", "los_rate_std_mm_per_yr", np.full(GRID.shape, 2.0)),
            ("los_east", "los_east", np.full(GRID.shape, los_east)),
            ("los_up", "los_up", np.full(GRID.shape, los_up)),
        ):
            paths[name].append(str(tmp_path / f"{stack}.{layer}.tif"))
            raster.write(paths[name][-1], values, GRID, layer)
    outputs = {layer: str(tmp_path / f"{layer}.tif") for layer in EAST_UP} | {"sidecar": str(tmp_path / "east_up.json")}
    run_script("east_up", tmp_path, paths, outputs, {"grid": GRID.to_dict(), "stacks": ["A117", "D066"], "code": ""})
    found = {layer: raster.read(outputs[layer], GRID) for layer in EAST_UP}
    assert all(np.isnan(values[3, 4]) and np.isfinite(values).sum() == values.size - 1 for values in found.values())
    known = np.isfinite(found["up_rate_mm_per_yr"])
    np.testing.assert_allclose(found["east_rate_mm_per_yr"][known], east[known], atol=1e-3)
    np.testing.assert_allclose(found["up_rate_mm_per_yr"][known], up[known], atol=1e-3)
    # Of equal errors s: s / sin of the angle between the looks, times the length of the other components.
    angle = ASCENDING[0] * DESCENDING[2] - ASCENDING[2] * DESCENDING[0]
    expected = 2.0 * np.hypot(ASCENDING[2], DESCENDING[2]) / abs(angle)
    assert found["east_rate_std_mm_per_yr"][0, 0] == pytest.approx(expected, rel=1e-6)

"""Windows, normalisation, augmentation, splits and scenes."""

import json

import numpy as np
import pytest

from sarslide.dataset import augment, features, normalise, patches, scenes, splits
from sarslide.errors import TrainingError


@pytest.mark.parametrize("length", [1, 63, 64, 65, 127, 128, 500])
@pytest.mark.parametrize("overlap", [0, 0.25, 0.5, 0.9])
def test_windows_cover_without_gaps(length, overlap):
    begin = patches.starts(length, 64, overlap)
    assert begin[0] == 0
    assert begin == sorted(set(begin))
    assert max(begin) + 64 >= length
    assert max(begin) <= max(0, length - 64)
    assert all(b - a <= round(64 * (1 - overlap)) for a, b in zip(begin, begin[1:], strict=False))


def test_windows_overlap_by_half():
    """P0 (D02): patches of 128 cells every 64, by hand."""
    assert patches.windows((256, 192), 128, 0.5) == [(row, col) for row in (0, 64, 128) for col in (0, 64)]
    assert patches.starts(256, 128, 0.0) == [0, 128]


def test_cut_fills_beyond_the_end():
    part = patches.cut(np.ones((2, 5, 6)), 3, 4, 4, np.nan)
    assert part.shape == (2, 4, 4)
    assert np.nansum(part) == 2 * 2 * 2


def test_normalisations():
    rng = np.random.default_rng(4)
    stack = np.stack([rng.normal(3, 5, (40, 50)), rng.normal(20, 4, (40, 50))]).astype(np.float32)
    stack[:, 3, 4] = np.nan
    names = ["los_rate_mm_per_yr", "slope_deg"]
    known = features.observable(stack)
    for method in normalise.METHODS:
        fitted = normalise.fit(method, names, [stack])
        values = fitted(stack)
        assert np.isfinite(values).all()
        assert not values[:, 3, 4].any()
        assert normalise.Normalisation.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted
        if method.startswith("zscore"):
            assert values[:, known].mean(axis=1) == pytest.approx([0, 0], abs=1e-4)
            assert values[:, known].std(axis=1) == pytest.approx([1, 1], abs=1e-4)
        elif method == "minmax":
            assert values[:, known].min(axis=1) == pytest.approx([0, 0], abs=1e-5)
            assert values[:, known].max(axis=1) == pytest.approx([1, 1], abs=1e-5)
        else:
            assert fitted.centre[0] == 0  # a rate keeps its zero
            assert fitted.centre[1] == pytest.approx(20, abs=0.3)
            assert fitted.scale[1] == pytest.approx(4, abs=0.3)


def test_normalisation_refuses():
    with pytest.raises(TrainingError, match="normalisation 'none' does not exist"):
        normalise.fit("none", ["slope_deg"], [np.zeros((1, 2, 2))])
    with pytest.raises(TrainingError, match="'slope_deg' is unknown in every cell"):
        normalise.fit("robust", ["slope_deg"], [np.full((1, 2, 2), np.nan)])


def plane_aspect(surface):
    """Downslope direction (east, north) of a surface on a north-up grid, by finite differences."""
    south, east = np.gradient(surface)
    length = np.hypot(south, east)
    return np.stack([-east, south]) / length


@pytest.mark.parametrize("orientation", range(augment.ORIENTATIONS))
def test_a_turned_map_has_turned_aspects(orientation):
    """The aspect of the turned surface, computed afresh, is the turned aspect."""
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:20, :20]
    surface = 0.3 * x - 0.9 * y + np.sin(x / 3) + np.cos(y / 4) + 0.1 * rng.normal()
    stack = np.concatenate([plane_aspect(surface), surface[None]])
    names = ["aspect_sin", "aspect_cos", "los_rate_mm_per_yr"]
    turned = augment.orient_features(stack, names, orientation)
    np.testing.assert_allclose(turned[:2], plane_aspect(augment.orient_raster(surface, orientation)), atol=1e-12)
    np.testing.assert_array_equal(turned[2], augment.orient_raster(surface, orientation))


def test_turning_keeps_downslope_sensitivity():
    """Aspect and line of sight turned together give the same sensitivity as turning it as a scalar."""
    rng = np.random.default_rng(9)
    slope, aspect = rng.uniform(5, 50, (6, 6)), rng.uniform(0, 360, (6, 6))
    los = np.stack([np.full((6, 6), v) for v in (-0.6, -0.1, 0.79)])
    before = features.downslope_sensitivity(slope, aspect, *los)
    names = ["aspect_sin", "aspect_cos", "los_east", "los_north", "slope_deg"]
    radians = np.deg2rad(aspect)
    stack = np.stack([np.sin(radians), np.cos(radians), los[0], los[1], slope])
    for orientation in range(augment.ORIENTATIONS):
        sin, cos, east, north, turned_slope = augment.orient_features(stack, names, orientation)
        after = features.downslope_sensitivity(turned_slope, np.degrees(np.arctan2(sin, cos)), east, north, los[2])
        np.testing.assert_allclose(after, augment.orient_raster(before, orientation), atol=1e-12)


def test_noise_keeps_rate_and_error_consistent():
    """Added noise has the size that the standard error channel then has, is smooth, and leaves other
    channels alone.
    """
    names = ["los_rate_mm_per_yr", "slope_deg", "los_rate_std_mm_per_yr"]
    stack = np.stack([np.zeros((128, 128)), np.full((128, 128), 30.0), np.full((128, 128), 3.0)]).astype(np.float32)
    stack[0, 5, 5] = np.nan
    shares = []
    for seed in range(20):
        noisy = augment.add_noise(stack, names, np.random.default_rng(seed))
        assert (noisy[1] == 30).all()
        assert np.isnan(noisy[0, 5, 5])
        share = np.sqrt(noisy[2, 0, 0] ** 2 / 9 - 1)
        assert np.nanstd(noisy[0]) == pytest.approx(3 * share, rel=0.05, abs=0.01)
        assert np.corrcoef(noisy[0, 40:-1].ravel(), noisy[0, 41:].ravel())[0, 1] > 0.5
        shares.append(share)
    assert 0 <= min(shares) < 0.3
    assert 0.7 < max(shares) <= augment.NOISE_SHARE
    np.testing.assert_array_equal(augment.add_noise(stack[:2], names[:2], np.random.default_rng(1)), stack[:2])


def test_landslides_get_faster_and_nothing_else():
    """One factor of 1 to FASTER inside the label; the error stays."""
    names = ["los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "los_rate_over_std"]
    stack = np.stack([np.full((8, 8), value, np.float32) for value in (-20, 4, -5)])
    label = np.zeros((8, 8), np.uint8)
    label[2:5, 2:5], label[6, 6] = 1, 255
    factors = []
    for seed in range(60):
        faster = augment.quicken(stack, label, names, np.random.default_rng(seed))
        np.testing.assert_array_equal(faster[:, label != 1], stack[:, label != 1])
        np.testing.assert_array_equal(faster[1], stack[1])
        inside = faster[:, label == 1]
        assert np.ptp(inside[0]) == 0
        np.testing.assert_allclose(inside[0] / inside[1], inside[2], rtol=1e-6)
        factors.append(inside[0, 0] / -20)
    assert np.median(factors) == pytest.approx(np.sqrt(augment.FASTER), rel=0.3)  # even in the logarithm
    assert 1 <= min(factors) < 1.5 and 0.6 * augment.FASTER < max(factors) <= augment.FASTER


def test_orientations_differ():
    raster = np.arange(9).reshape(3, 3)
    assert len({augment.orient_raster(raster, k).tobytes() for k in range(augment.ORIENTATIONS)}) == 8


@pytest.mark.parametrize("names", [["aspect_deg"], ["aspect_sin"], ["los_north", "slope_deg"]])
def test_stacks_that_cannot_be_turned(names):
    with pytest.raises(TrainingError):
        augment.orient_features(np.zeros((len(names), 4, 4)), names, 1)


def test_random_split_has_the_papers_shares_and_leaks():
    """P0: 1712 patches 7:2:1 with 50 % overlap: test patches share pixels with training patches (D04,
    D05).
    """
    windows = patches.windows((960, 960), 128, 0.5)
    parts = splits.random_split(len(windows), splits.P0_FRACTIONS, 1)
    assert sorted(np.concatenate(parts)) == list(range(len(windows)))
    assert [len(p) for p in parts] == pytest.approx([0.7 * len(windows), 0.2 * len(windows), 0.1 * len(windows)], abs=1)
    assert shared_cells((960, 960), *[[windows[k] for k in part] for part in parts]) > 0


def shared_cells(shape, *parts, size=128):
    seen = np.zeros((len(parts), *shape), bool)
    for part, members in zip(seen, parts, strict=True):
        for row, col in members:
            part[row : row + size, col : col + size] = True
    return int((seen.sum(axis=0) > 1).sum())


def test_parts_with_one_region_twice():
    splits.check_disjoint(["r1", "r2"], ["r3"], ["r4"])
    with pytest.raises(TrainingError, match=r"regions \['r1'\] are in two parts"):
        splits.check_disjoint(["r1", "r2"], ["r1"])


def scene_file(path, **changes):
    arrays = {
        "los_rate_mm_per_yr": np.ones((4, 5), np.float32),
        "layover_shadow": np.zeros((4, 5), np.uint8),
        "label": np.zeros((4, 5), np.uint8),
        "meta": np.array(json.dumps({"region": "r1", "stack": "A128"})),
    }
    arrays["los_rate_mm_per_yr"][1, 1] = np.nan
    np.savez(path, **{k: v for k, v in (arrays | changes).items() if v is not None})
    return path


def test_scene(tmp_path):
    scene = scenes.load(scene_file(tmp_path / "s.npz"), ["los_rate_mm_per_yr"])
    assert (scene.region, scene.name) == ("r1", "r1/A128")
    assert scene.label[1, 1] == scenes.IGNORE
    assert scene.label.sum() == scenes.IGNORE


@pytest.mark.parametrize(
    "changes", [{"los_rate_mm_per_yr": None}, {"label": np.full((4, 5), 3)}, {"label": np.zeros((2, 2))}]
)
def test_bad_scene(tmp_path, changes):
    with pytest.raises(TrainingError, match=r"^E4002 .*s\.npz: .*; cure: "):
        scenes.load(scene_file(tmp_path / "s.npz", **changes), ["los_rate_mm_per_yr"])


def test_truncated_scene(tmp_path):
    path = scene_file(tmp_path / "s.npz")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(TrainingError, match="cannot be read"):
        scenes.load(path, ["los_rate_mm_per_yr"])

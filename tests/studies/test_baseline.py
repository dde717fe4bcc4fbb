"""Active deformation areas on maps whose noise and objects are known."""

import numpy as np
import pytest
from studies.benchmark import baseline
from studies.benchmark.baseline import Rule

from sarslide.dataset.scenes import IGNORE, TrainingScene

SHAPE = (120, 120)
SIGMA = 3.0


@pytest.fixture
def scene() -> TrainingScene:
    """A landslide towards, one away from the satellite, a subsiding plain, a noisy forest, unknown
    ground.
    """
    rng = np.random.default_rng(3)
    std, slope = np.full(SHAPE, SIGMA), np.full(SHAPE, 25.0)
    std[80:, :40] = 12.0  # forest
    rate = std * rng.standard_normal(SHAPE)
    rate[10:22, 10:22] += 40.0
    rate[40:52, 60:72] -= 40.0
    rate[80:100, 80:100] -= 30.0
    slope[80:100, 80:100] = 1.0
    rate[:5, 60:] = np.nan
    label = np.zeros(SHAPE, np.uint8)
    label[10:22, 10:22] = label[40:52, 60:72] = 1
    label[:5, 60:] = IGNORE
    return TrainingScene("r", "r/A128", np.stack([rate, std, slope]).astype(np.float32), label)


def test_the_printed_rule_is_two_standard_deviations_of_the_map_and_five_cells(scene):
    """By the definition: |v| > 2 std of all known rates, in groups of at least five that touch."""
    rate, std, slope = scene.features
    found = baseline.active_areas(rate, std, slope, baseline.PRINTED)
    limit = 2 * np.std(rate[np.isfinite(rate)])
    assert (np.abs(rate[found]) > limit).all()
    assert found[10:22, 10:22].mean() > 0.95 and found[40:52, 60:72].mean() > 0.95  # either sign
    assert not found[np.isnan(rate)].any()
    everywhere = np.nan_to_num(np.abs(rate)) > limit
    from scipy import ndimage

    groups, count = ndimage.label(everywhere, np.ones((3, 3)))
    sizes = np.bincount(groups.ravel())[1:]
    assert found.sum() == sizes[sizes >= 5].sum() and (sizes < 5).any()


def test_noise_of_cells_spares_incoherent_ground(scene):
    """Three standard errors of each cell: forest four times as noisy as the rest gives no more alarms
    than the rest.
    """
    rate, std, slope = scene.features
    by_map = baseline.active_areas(rate, std, slope, Rule(1.0, 5, "map"))
    by_cell = baseline.active_areas(rate, std, slope, Rule(3.0, 5, "cell"))
    forest = np.s_[80:, :40]
    assert by_map[forest].mean() > 0.2
    assert by_cell[forest].mean() < 0.01
    assert by_cell[10:22, 10:22].mean() > 0.95


def test_plains_are_no_landslides(scene):
    rate, std, slope = scene.features
    rule = Rule(3.0, 5, "cell")
    assert baseline.active_areas(rate, std, slope, rule)[80:100, 80:100].mean() > 0.9
    on_slopes = baseline.active_areas(rate, std, slope, Rule(3.0, 5, "cell", 5.0))
    assert not on_slopes[80:100, 80:100].any() and on_slopes[40:52, 60:72].mean() > 0.95


def test_unknown_ground_stays_unknown(scene):
    p = baseline.probability(scene, baseline.PRINTED)
    assert p.dtype == np.float32
    assert np.array_equal(np.isnan(p), np.isnan(scene.features[0]))
    assert set(np.unique(p[np.isfinite(p)])) == {0.0, 1.0}


def test_the_chosen_rule_suits_the_scene(scene):
    """Forest asks for the noise of cells, the plain for slopes; both landslides are then found and
    nothing else.
    """
    rule = baseline.choose([scene], min_cells=20)
    assert rule.noise == "cell" and rule.min_slope_deg == 5.0
    found = baseline.probability(scene, rule) > 0
    truth = scene.label == 1
    assert (found & truth).sum() / (found | truth).sum() > 0.9
    only_map = baseline.choose([scene], (Rule(noise="map"),), min_cells=20)
    assert only_map.noise == "map" and only_map.min_slope_deg == 0.0

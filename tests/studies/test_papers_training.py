"""Scenes of the papers' trainings: their plan, and heights of the paper's region."""

import numpy as np
from studies.papers import training


def test_every_scene_of_p4_has_all_dates_and_the_first(tmp_path):
    ground = training.ground_of("qtp_loess")
    planned = training.planned(tmp_path, "qtp_loess", ground)
    names = [scene.path.name for scene in planned]
    assert len(set(names)) == len(names) == 2 * 4 * len(ground)  # four tracks
    assert {scene.dates for scene in planned} == {0, 12}
    assert f"qtp_loess.{ground[0].name}.A128.12.npz" in names
    # Other presets have every track once, under the name that it had before.
    ground = training.ground_of("baihetan", smallest=True)
    assert [each.file.mountains for each in ground] == list(training.GROUND["baihetan"])
    assert all(scene.dates == 0 for scene in training.planned(tmp_path, "baihetan", ground))


def test_heights_are_moved_as_they_are():
    """By one number a scene, the same in every run; other scenes by other numbers."""
    heights = np.random.default_rng(1).uniform(200, 900, (40, 50)).astype(np.float32)
    first, again, other = (training.lifted(heights, name, (1500, 4000)) for name in ("a", "a", "b"))
    np.testing.assert_array_equal(first, again)
    for moved in (first, other):
        assert moved.dtype == np.float32 and 1500 <= np.median(moved) <= 4000
        np.testing.assert_allclose(moved - heights, (moved - heights)[0, 0], atol=1e-3)
    assert abs(np.median(first) - np.median(other)) > 1
    assert training.lifted(heights, "a", ()) is heights

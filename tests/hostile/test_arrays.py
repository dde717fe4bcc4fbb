"""Every broken scene or series ends in one coded line, and runs nothing."""

import numpy as np

from sarslide.dataset import scenes
from sarslide.io import arrays, series
from tests.hostile.arrays_cases import CHANNELS, DATES, GRID, cases, scene, stored
from tests.hostile.support import checked


def test_arrays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checked(cases, tmp_path, 130)
    assert not (tmp_path / "ran").exists()


def test_good_ones_are_read(tmp_path):
    arrays.write_npz(tmp_path / "a.npz", scene())
    found = scenes.load(tmp_path / "a.npz", CHANNELS)
    assert (found.name, found.grid) == ("valley/A128", GRID)
    dates, cells = series.read(stored(tmp_path / "a.nc"))
    assert dates == DATES and np.array_equal(cells, np.ones((3, 20, 24)))


def test_any_array_comes_back(tmp_path):
    stored = {
        "empty": np.zeros((0, 3)), "text": np.array("äöü"), "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "bytes": np.frombuffer(b"head", np.uint8), "true": np.array([True, False]), "one": np.float32(2),
    }  # fmt: skip
    np.savez(tmp_path / "a.npz", **stored)
    found = arrays.read_npz(tmp_path / "a.npz", ValueError, "")
    assert found.keys() == stored.keys()
    for name, array in stored.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.asarray(array).dtype

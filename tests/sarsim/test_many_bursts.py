"""A region that needs several bursts and swaths, simulated and geocoded by the ordinary code."""

import numpy as np
import pytest

from sarsim import stack as stacks
from sarslide.grid import RegionGrid
from sarslide.sentinel1.safe import open_scene
from tests.insar.native.test_scenes_end_to_end import DATES, Passes, mean_phase, world_of, wrapped
from tests.support.slc_support import small_world

LONG = RegionGrid(32647, 518400, 3229000, 30, 1400, 30)  # 42 km long, 900 m wide
BORDER = {"incidence_deg": 37.2}  # IW1 ends and IW2 begins below the middle


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Both dates, simulated as the rules do it, geocoded, and their pair."""
    tmp = tmp_path_factory.mktemp("long")
    passes = Passes(world_of(LONG), tmp, **BORDER)
    passes.files = []
    for date in DATES:
        passes.stack.simulate(date, tmp / date)
        passes.files.append(passes.geocoded(tmp / date))
    passes.pair = passes.formed(*passes.files)
    return passes


def test_swaths_and_bursts_follow_from_the_region(long):
    assert long.stack.swaths == ("IW1", "IW2") and long.stack.burst_numbers == range(-1, 3)
    scene, path = long.files[0]
    assert len(scene.bursts) == 8
    assert all((band != 0).mean() > 0.05 for band in long.bands(path))


def test_phase_agrees_with_the_truth_across_bursts_and_swaths(long):
    """A cell of 30 m has 12 to 24 looks at coherence 0.75: 0.13 to 0.18 rad by Rodriguez and Martin 1992, eq. 2; 300 m
    cells 0.02 rad. A seam would show as a step between the samples of its two bursts.
    """
    residual = wrapped(long.pair.unfiltered_rad - long.truth())
    assert np.isfinite(residual).all()  # no gap between bursts and swaths
    smooth = np.angle(np.exp(1j * residual).reshape(140, 10, 3, 10).mean((1, 3)))
    print(f"spread {residual.std():.3f} rad, 300 m cells {smooth.std():.4f}, largest {np.abs(smooth).max():.3f}")
    assert np.ptp(long.truth()) > 2 and abs(mean_phase(residual)) < 0.02
    assert residual.std() < 0.25 and np.abs(smooth).max() < 0.1


def test_many_bursts_are_delivered_in_slices(tmp_path, monkeypatch):
    monkeypatch.setattr(stacks, "SLICE_BURSTS", 3)
    stack = stacks.StackSimulator(small_world(12, 12), "A128", bursts=5)
    stack.simulate(DATES[0], tmp_path / DATES[0])
    assert len(list((tmp_path / DATES[0]).glob("*.SAFE"))) == 2
    bursts = open_scene(tmp_path / DATES[0], "A128", "co", "restituted").bursts
    assert len(bursts) == 5

"""What is lit for a region: its samples are those of a world lit everywhere, and nothing far from it is."""

from dataclasses import replace

import numpy as np
import pytest

from sarsim import acquisition as radar
from sarsim import annotation, geometry, ground, landcover, survey
from sarsim.stack import StackSimulator
from sarsim.world import World
from sarslide.grid import RegionGrid
from tests.support.slc_support import as_complex, centres, place

DATE = "20190306"


class Everything:
    """A lit area without an end."""

    def holds(self, time, slant_time):
        return np.ones(time.shape, bool)


def hills(seed: int = 5) -> World:
    """A region of 1.8 km in hills of 300 m that reach 1.5 km further, rock all over."""
    region = RegionGrid(32647, 518280, 3208890, 30, 60, 60)
    grid = region.pad(1500)
    x, y = np.meshgrid(grid.x() - grid.west, grid.y() - grid.north)
    height = 3000 + 150 * np.sin(x / 500) * np.cos(y / 400)
    cover = np.full(grid.shape, landcover.ROCK, np.uint8)
    still = np.zeros((3, *grid.shape), np.float32)
    return World(region, grid, height.astype(np.float32), cover, still, None, None, 4100.0, seed)


@pytest.fixture(scope="module")
def simulated():
    """Acquisition, delay, bursts as they are made, and bursts of the same world lit everywhere."""
    stack = StackSimulator(hills(), "A128")
    acq, delay = stack.acquisition(DATE), stack.path_delay_mm(DATE)
    bursts = stack.bursts(acq, delay)
    stack.ground = ground.LitGround(stack.world, replace(stack.survey, lit=Everything()), one_look=True)
    return stack, acq, delay, bursts, stack.bursts(acq, delay)


def test_samples_of_the_region_are_those_of_ground_lit_everywhere(simulated):
    """What is dark sends sidelobes into the region. In azimuth (band B = 0.643 cycles a line, Hamming 0.75, so that the
    window ends at w = 0.5 / 0.75 / B) ground more than d lines beyond its edge has w^2 / (2 pi^2 d) of the energy of the
    response, 1.64: 1e-3 at 32 lines, -30 dB, at the edge itself, and less inside. The whole region: below -34 dB.
    """
    stack, acq, _, bursts, everywhere = simulated
    xyz = centres(stack.world)[stack.world.window]
    difference, power = [], []
    for k, (made, full) in enumerate(zip(bursts, everywhere, strict=True)):
        line, sample, _ = place(acq, k, xyz)
        inside = (line > 20) & (line < acq.lines - 21)
        at = np.rint(line[inside]).astype(int), np.rint(sample[inside]).astype(int)
        difference.append(abs(as_complex(made)[at] - as_complex(full)[at]) ** 2)
        power.append(abs(as_complex(full)[at]) ** 2)
    share = np.concatenate(difference).mean() / np.concatenate(power).mean()
    print(f"{10 * np.log10(share):.1f} dB")
    assert np.concatenate(power).size >= 3600 and share < 10**-3.4


def test_what_lies_far_from_the_region_is_dark(simulated):
    stack, acq, _, bursts, everywhere = simulated
    line, sample, _ = place(acq, 1, centres(stack.world))
    rows, cols = stack.world.window
    north = np.zeros(line.shape, bool)
    north[: rows.start - 30, cols] = True  # 900 m and more beyond the region
    north &= (line > 20) & (line < acq.lines - 21)
    at = np.rint(line[north]).astype(int), np.rint(sample[north]).astype(int)
    dark, lit = ((abs(as_complex(one[1])[at]) ** 2).mean() for one in (bursts, everywhere))
    assert north.sum() > 500 and dark < 1.3 * annotation.noise_power(acq) < 0.3 * lit


@pytest.mark.parametrize("cells", [400, 3000])
def test_strips_of_any_height_make_the_same_bursts(simulated, monkeypatch, cells):
    """A sample on the edge of two digital numbers may fall to either side: times are solved from other starts."""
    stack, acq, delay, bursts, _ = simulated
    monkeypatch.setattr(survey, "STRIP_CELLS", cells)
    parts = StackSimulator(stack.world, stack.stack)
    assert np.allclose(parts.survey.center, stack.survey.center, rtol=0, atol=1e-6)
    for made, whole in zip(parts.bursts(acq, delay), bursts, strict=True):
        apart = abs(made.astype(int) - whole)
        assert apart.max() <= 1 and (apart > 0).mean() < 1e-3
    assert np.array_equal(parts.observable, stack.observable)
    assert np.allclose(parts.los_rate_mm_per_yr, stack.los_rate_mm_per_yr)


def test_shadow_and_layover_of_a_part_are_those_of_the_whole(simulated):
    stack, *_ = simulated
    world, look = stack.world, np.array([-0.8, -0.1, 0.2]) / np.linalg.norm([-0.8, -0.1, 0.2])
    flat = replace(stack.survey, look=look, up=(look[2], look[2]))
    parts = ground.LitGround(world, flat, one_look=True)
    rows, cols = slice(60, 90), slice(50, 110)
    wanted = np.ones((30, 60), bool)
    for name, find in (("shadow", geometry.shadow), ("layover", geometry.layover)):
        whole = find(world.elevation_m.astype(float), 30.0, look)[rows, cols]
        part = parts._marched(find, rows, cols, np.zeros((30, 60, 3)), wanted, parts._reach[name])
        assert np.array_equal(part, whole)
        assert name == "layover" or 0 < whole.mean() < 1


@pytest.mark.parametrize(
    ("seconds", "swath", "bursts"),
    [(1.2, "IW2", range(2)), (2.7, "IW2", range(2)), (2.9, "IW2", range(-1, 3)), (2.7, "IW1", range(3))],
)
def test_bursts_hold_the_ground_on_every_date(seconds, swath, bursts):
    """Valid lines of two IW2 bursts end 2.88 s from the middle of their overlap; bursts of IW1 come 0.955 s earlier."""
    assert radar.bursts_over((-seconds, seconds), swath) == bursts
    track = radar.plan_track("A128", geometry.to_ecef(*np.array([[99.2], [29.0], [3400.0]])), samples=200, swath=swath)
    for date in ("20190306", "20190318", "20190330"):
        acq = radar.acquire(track, date, 1, bursts)
        first, last = (edge * radar.LINE_INTERVAL for edge in acq.valid_lines)
        assert acq.burst_starts[0] + first < -seconds and acq.burst_starts[-1] + last > seconds
        assert acq.burst_middle(-bursts.start) == pytest.approx(radar.acquire(track, date, 1).burst_middle(0), abs=1e-9)


@pytest.mark.parametrize(
    ("times", "swaths"),
    [
        ((5.70e-3, 6.00e-3), ("IW2",)),
        ((5.66e-3, 5.80e-3), ("IW1", "IW2")),
        ((5.70e-3, 6.10e-3), ("IW2", "IW3")),
        ((5.40e-3, 6.30e-3), ("IW1", "IW2", "IW3")),
        ((5.30e-3, 5.60e-3), ("IW1",)),
    ],
)
def test_the_fewest_swaths_that_see_the_ground(times, swaths):
    """Valid samples, two-way times in s: IW1 5.355 to 5.673 ms, IW2 5.663 to 6.043, IW3 6.032 to 6.400."""
    assert radar.swaths_over(times) == swaths

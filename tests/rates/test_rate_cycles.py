"""Cycles from a shared rate, against planted ones: a landslide that pairs lose, weather, noise, cells without any."""

import numpy as np
import pytest

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.insar.error_cycles import UNKNOWN
from sarslide.io import raster
from sarslide.io.blocks import strips
from sarslide.io.sidecar import read_json
from sarslide.names import days_between, split_pair
from sarslide.phase import TWO_PI, wrapped
from sarslide.rates.rasters import without_loop_errors
from sarslide.rates.rate_cycles import find_error_cycles, least_coherence, shortest_interval
from tests.support.rule_jobs import run_script
from tests.support.valley import dates, short_pairs

GRID = RegionGrid(32647, 519000, 3208000, 30, 96, 110)
DATES = dates(12)
PAIRS = short_pairs(DATES)
ROWS, COLS = np.indices(GRID.shape)
HEIGHT = 2000.0 + 8.0 * COLS + 3.0 * ROWS
FROM_CENTRE = np.hypot(ROWS - 48, COLS - 60)
# A landslide of 18 cells with a margin of 6: five radians in 12 days, 670 mm/yr; ten in 24.
MOTION = 5.0 * np.clip((18 - FROM_CENTRE) / 6, 0, 1)
BODY, MARGIN = FROM_CENTRE < 12, FROM_CENTRE < 21
NOISE = (slice(70, 90), slice(5, 25))  # no coherence
NOISE_RAD = 0.3


def stack(rng):
    """Noise-free phases of the pairs, and those that were unwrapped: of 24 days the landslide is a cycle short."""
    screens = {}
    for date in DATES:
        plane = rng.normal(0, 0.02) * ROWS + rng.normal(0, 0.02) * COLS + rng.normal(0, 2)
        turbulence = rng.normal(0, 1) * np.sin(TWO_PI * (ROWS / 130 + rng.random())) * np.sin(TWO_PI * COLS / 150)
        screens[date] = plane + turbulence + rng.normal(0, 1e-3) * HEIGHT
    true, read = {}, {}
    for pair in PAIRS:
        earlier, later = split_pair(pair)
        days = days_between(earlier, later)
        true[pair] = screens[later] - screens[earlier] + MOTION * days / 12
        noisy = true[pair] + rng.normal(0, NOISE_RAD, GRID.shape)
        noisy[NOISE] += rng.uniform(-np.pi, np.pi, noisy[NOISE].shape)
        unwrapped = noisy - TWO_PI * (BODY & (days == 24))
        coherence, parts = np.full(GRID.shape, 0.7), np.ones(GRID.shape, np.uint16)
        coherence[NOISE] = 0.05
        parts[NOISE], parts[MARGIN & (days == 24)] = 0, 0
        read[pair] = unwrapped, wrapped(noisy), coherence, parts
    return true, read


@pytest.fixture(scope="module")
def found():
    true, read = stack(np.random.default_rng(4))
    return true, read, find_error_cycles(read.get, PAIRS, HEIGHT, ~MARGIN & (read[PAIRS[0]][2] > 0.3), GRID.cell_m)


def test_lost_cycles_of_long_pairs_are_found(found):
    """With 0.3 rad of noise a cell in 1e9 would be half a cycle off: all are right."""
    true, read, errors = found
    for pair, cycles in zip(PAIRS, errors.cycles, strict=True):
        right = read[pair][0] - TWO_PI * cycles
        sure = np.ones(GRID.shape, bool)
        sure[NOISE] = False
        assert (cycles[sure] != UNKNOWN).all()
        assert np.abs(right - true[pair])[sure].max() < np.pi
        assert (cycles[BODY] == -(days_between(*split_pair(pair)) == 24)).all()


def test_the_motion_is_that_planted(found):
    """Of 11 pairs whose noise telescopes: 0.3 rad of the mean at most, weather of the ends beside it."""
    motion = found[2].motion
    assert (motion.days, motion.pairs) == (12, 11)
    assert np.abs(motion.phase_rad - MOTION)[BODY].max() < 0.6
    assert not motion.phase_rad[(FROM_CENTRE > 26) & (ROWS < 65)].any()


def test_noise_is_left_alone(found):
    """Of cells of noise BY_CHANCE agree, but at the rim, next to ground that does."""
    assert (found[2].cycles[:, 75:85, 10:20] != UNKNOWN).mean() < 0.03


def test_a_pair_of_another_level_keeps_it():
    _, read = stack(np.random.default_rng(5))
    phase, *others = read[PAIRS[3]]
    read[PAIRS[3]] = phase + 3 * TWO_PI, *others
    errors = find_error_cycles(read.get, PAIRS, HEIGHT, ~MARGIN & (others[1] > 0.3), GRID.cell_m)
    assert np.median(errors.cycles[3]) == 0


def test_unsteady_ground_is_left_alone():
    """Ground that starts to move, 1.4 cycles in 12 days, in the middle of the stack: no rate fits both halves.

    The phasors of 12 days keep |cos(0.4 pi)| = 0.31 of their length, those of 24 days 0.81 the other way round.
    """
    _, read = stack(np.random.default_rng(6))
    onset = DATES[6]
    for pair, (phase, wrapped_rad, *others) in read.items():
        first, last = (max(date, onset) for date in split_pair(pair))
        burst = 1.4 * TWO_PI * days_between(first, last) / 12 * (FROM_CENTRE < 8)
        read[pair] = phase + burst, wrapped(wrapped_rad + burst), *others
    errors = find_error_cycles(read.get, PAIRS, HEIGHT, ~MARGIN & (read[PAIRS[0]][2] > 0.3), GRID.cell_m)
    assert (errors.cycles[:, FROM_CENTRE < 6] == UNKNOWN).mean() > 0.95


def test_a_pair_without_ground_keeps_its_cycles():
    _, read = stack(np.random.default_rng(7))
    phase, wrapped_rad, coherence, parts = read[PAIRS[2]]
    read[PAIRS[2]] = phase, wrapped_rad, np.full_like(coherence, 0.1), parts
    errors = find_error_cycles(read.get, PAIRS, HEIGHT, ~MARGIN & (coherence > 0.3), GRID.cell_m)
    assert errors.components[2] == 0 and (errors.cycles[2] == UNKNOWN).all()


def test_no_ground_is_one_line():
    _, read = stack(np.random.default_rng(8))
    with pytest.raises(RateError, match="no pair has enough stable ground"):
        find_error_cycles(read.get, PAIRS, HEIGHT, np.zeros(GRID.shape, bool), GRID.cell_m)


def test_few_pairs_must_agree_better():
    assert least_coherence(60) == 0.4
    # of 5 phasors of noise one in a hundred is longer: exp(-5 g^2) = 0.01
    assert least_coherence(5) == pytest.approx(0.9597, abs=1e-4)


def test_the_interval_is_the_shortest_that_is_common():
    every_12 = short_pairs(dates(20))
    assert shortest_interval(every_12) == 12
    assert shortest_interval([*every_12, "20200101_20200107"]) == 12


def test_script_and_reader(tmp_path, monkeypatch):
    """What the script writes is what `find_error_cycles` says, and the rates read it."""
    true, read = stack(np.random.default_rng(9))
    kinds = {"unwrapped": "unw_rad", "wrapped": "wrapped_rad", "coherence": "cor", "conncomp": "conncomp"}
    for pair, values in read.items():
        for layer, value in zip(kinds.values(), values, strict=True):
            bands = np.stack([value, value]) if layer == "wrapped_rad" else value
            raster.write(tmp_path / f"{pair}.{layer}.tif", bands, GRID, layer)
    raster.write(tmp_path / "stable.tif", ~MARGIN & (read[PAIRS[0]][2] > 0.3), GRID, "stable_ground")
    raster.write(tmp_path / "elevation_m.tif", HEIGHT, GRID, "elevation_m")
    files = {kind: [str(tmp_path / f"{pair}.{layer}.tif") for pair in PAIRS] for kind, layer in kinds.items()}
    files |= {"stable_ground": str(tmp_path / "stable.tif"), "elevation": str(tmp_path / "elevation_m.tif")}
    made = {"rate_error_cycles": str(tmp_path / "cycles.tif"), "about": str(tmp_path / "about.json")}
    stable = raster.read(tmp_path / "stable.tif", GRID) == 1
    held = {
        pair: tuple(raster.read(tmp_path / f"{pair}.{layer}.tif", GRID) for layer in kinds.values()) for pair in PAIRS
    }
    errors = find_error_cycles(held.get, PAIRS, raster.read(tmp_path / "elevation_m.tif", GRID), stable, GRID.cell_m)
    monkeypatch.setattr("sarslide.io.blocks.strips", lambda size, _, strips=strips: strips(size, 32))  # of three strips
    run_script("rate_cycles", tmp_path, files, made, grid=GRID.to_dict(), pairs=PAIRS)
    assert np.array_equal(raster.read_all(made["rate_error_cycles"], GRID), errors.cycles)
    about = read_json(made["about"])
    assert about["interval_days"] == 12 and about["pairs"][PAIRS[0]]["component"] == 1

    corrected = without_loop_errors(
        lambda pair: (read[pair][0], read[pair][2], read[pair][3]), made["rate_error_cycles"]
    )
    long_pair = next(pair for pair in PAIRS if days_between(*split_pair(pair)) == 24)
    phase, _, parts = corrected(long_pair)
    assert np.abs(phase - true[long_pair])[BODY].max() < np.pi
    assert (parts[BODY] == 1).all() and (parts[75:85, 10:20] == 0).mean() > 0.9

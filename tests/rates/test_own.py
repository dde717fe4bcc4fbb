"""A rate method of a user's own: the example of the how-to on a track of known motion, and what a file may lack (B30)."""

import re
from pathlib import Path

import numpy as np
import pytest

from sarslide import layers
from sarslide.config import load
from sarslide.errors import ConfigError, RateError
from sarslide.grid import RegionGrid
from sarslide.rates.own import own_rates
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.settings import RateSettings
from sarslide.workflow.release_id import release_digest
from tests.conftest import REPOSITORY
from tests.support.valley import CELL_M, WAVELENGTH_M, Valley

PAGE = REPOSITORY / "docs/howto/add-a-rate-method.md"
SHAPE = (60, 80)
GRID = RegionGrid(32647, 519000.0, 3212000.0, CELL_M, *SHAPE)


def example() -> str:
    """The method that the page shows."""
    return next(
        block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.S) if "def rates" in block
    )


@pytest.fixture(scope="module")
def valley():
    return Valley(shape=SHAPE, count=12, turbulence_mm=1, speckle_rad=0.1)


def made(folder: Path, text: str, valley: Valley):
    path = folder / "mine.py"
    path.write_text(text)
    return own_rates(
        path, valley.read, valley.read_wrapped, valley.pairs, valley.elevation_m, GRID, WAVELENGTH_M, RateSettings()
    )


def test_the_example_of_the_page_finds_the_planted_motion(tmp_path, valley):
    text = example()
    assert len(text.splitlines()) <= 20
    found = made(tmp_path, text, valley)
    assert {*found.layers, "stable_ground"} == set(layers.RATES)
    rate, moving = found.layers["los_rate_mm_per_yr"], valley.los_mm_per_yr < -40
    assert rate[moving].mean() < -30  # away from the satellite is negative
    # A median of rates of single pairs: twice the error of the stack, whose sums it does not take, is allowed.
    stacked = stack_rates(valley.read, valley.pairs, valley.elevation_m, WAVELENGTH_M).layers["los_rate_mm_per_yr"]
    rms, of_stack = (np.sqrt(np.mean((one - valley.los_mm_per_yr) ** 2)) for one in (rate, stacked))
    assert of_stack < rms < 2 * of_stack
    assert (found.layers["los_rate_std_mm_per_yr"] > 0).all()
    np.testing.assert_allclose(found.layers["los_rate_paper_sign_mm_per_yr"], -rate)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def rates(stack: broken", "does not run (SyntaxError"),
        ("import a_package_that_is_not_there", "does not run (ModuleNotFoundError"),
        ("def rate(stack): pass", "has no function rates"),
        ("def rates(stack): return 1 / 0", "rates() failed (ZeroDivisionError"),
        ("def rates(stack): return stack.ground.stable", "rates() failed (ValueError"),
        (
            "import numpy as np\ndef rates(stack): return np.zeros((2, 3)), np.zeros((2, 3))",
            "rates of (2, 3) and (2, 3) cells",
        ),
    ],
)
def test_what_a_file_lacks_is_one_coded_line(tmp_path, valley, text, problem):
    with pytest.raises(RateError, match=f"E3008 .*mine.py: .*{re.escape(problem)}.*; cure: .*add-a-rate-method.md"):
        made(tmp_path, text, valley)


def digest(config) -> str:
    return release_digest(config, [], {}, {}, {}, str(PAGE), "", [])


def test_the_text_of_the_file_is_part_of_the_name_of_a_release(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(example())
    config = load({"region": "valley", "rates": {"method": "own", "own": str(path)}})
    first = digest(config)
    assert digest(config) == first
    path.write_text(example().replace("median", "mean"))
    assert digest(config) != first
    path.unlink()
    with pytest.raises(ConfigError, match="E1001 rates.own = .*mine.py does not exist"):
        digest(config)


def test_the_file_is_refused_with_another_method(tmp_path):
    with pytest.raises(ConfigError, match=r"rates.own = .* needs rates.method = own"):
        load({"region": "valley", "rates": {"own": "mine.py"}})

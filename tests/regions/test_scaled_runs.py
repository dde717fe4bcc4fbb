"""Every paper region's recipe to its end, on simulated acquisitions of a small piece of it: its
tracks, first dates, network, method, corrections, cells and products, as the preset has them; only
what a small piece or a simulation cannot have is changed.
"""

import json
from pathlib import Path

import pytest

from sarslide.catalog.tracks import passes
from sarslide.config import Config, load, presets
from sarslide.papers import scene_counts
from sarslide.rates.methods import METHODS
from tests.workflow.conftest import Checkout

REGIONS = [name for name in presets() if load({"region": name}).paper]
DATES = 6  # two months and a half: pairs of every preset, without islands at these seeds
SIDE_M = (3000, 3600)


def simulated(region: str) -> dict:
    """The user's configuration that turns a preset into a simulated piece of itself, in the middle
    of its region.
    """
    preset = load({"region": region})
    west, south, east, north = preset.grid.bounds
    # Whole multiples of both 25 m and 30 m cells.
    west, south = (round(((low + high) / 2 - side / 2) / 150) * 150 for low, high, side in zip(
        (west, south), (east, north), SIDE_M, strict=True))  # fmt: skip
    first = {}
    for stack in preset.stacks:
        count = scene_counts(region).get(stack)
        start = (count and count.first) or preset.catalog.start
        first[stack] = passes(stack, preset.grid.region_grid(), start, "20991231")[0]
    return {
        "region": region,
        "source": "simulated",
        "grid": {"bounds": [west, south, west + SIDE_M[0], south + SIDE_M[1]], "dem": ""},
        "simulation": {"dates": DATES, "first_date": first, "snowline_m": preset.inventory.snowline_m or 4100},
        "retrieve": {"sentinel2": False},
    }


def words(config: dict) -> list[str]:
    """A configuration as a user types it after `--config`."""
    return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in config.items()]


@pytest.mark.parametrize("region", REGIONS)
def test_a_piece_keeps_the_recipe(region):
    preset, piece = load({"region": region}), load(simulated(region))
    assert piece.source == "simulated" and not piece.archive()
    for section in ("network", "rates", "interferogram", "sbas", "segmentation", "inventory", "assumptions", "paper"):
        assert getattr(piece, section) == getattr(preset, section), section
    assert piece.stacks == preset.stacks and set(piece.simulation.first_date) >= set(preset.stacks)
    assert (piece.grid.cell_m, piece.grid.product_m) == (preset.grid.cell_m, preset.grid.product_m)
    west, south, east, north = preset.grid.bounds
    assert west < piece.grid.bounds[0] and piece.grid.bounds[2] < east
    assert south < piece.grid.bounds[1] and piece.grid.bounds[3] < north


@pytest.mark.full
@pytest.mark.parametrize("region", REGIONS)
def test_the_recipe_goes_to_its_end(region, tmp_path):
    piece = simulated(region)
    config = load(piece)
    checkout = Checkout(tmp_path, words(piece))
    checkout.snakemake()
    results = tmp_path / "results" / region
    assert json.loads((results / "inventory/current.json").read_text())["release"]
    assert_products(results, config)
    html = (results / "report/report.html").read_text()
    assert 'id="paper"' in html and all(f">{key}<" in html for key in config.assumptions)
    assert checkout.planned() == {}


def assert_products(results: Path, config: Config) -> None:
    """What the recipe asks for on every track."""
    for stack in config.stacks:
        rates = results / stack / "f0" / config.engine / config.rates.method
        assert (rates / "los_rate_mm_per_yr.tif").is_file()
        assert (rates / "timeseries.nc").is_file() == METHODS[config.rates.method].has_series
        assert (rates / "resampled").is_dir() == bool(config.grid.product_m)
        for window in config.rates.windows:
            assert (results / stack / "f0" / config.engine / "windows" / window / "los_rate_mm_per_yr.tif").is_file()

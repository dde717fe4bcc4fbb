"""Every paper region's recipe to its end, on simulated acquisitions of a small piece of it: its
tracks, first dates, network, method, corrections, cells and products, as the preset has them; only
what a small piece or a simulation cannot have is changed.
"""

import json
from pathlib import Path

import pytest

from sarslide.catalog.tracks import passes
from sarslide.config import Config, load, presets
from sarslide.dataset.features import channel_set
from sarslide.models import networks, weights
from sarslide.papers import scene_counts
from sarslide.rates.methods import METHODS
from sarslide.workflow import weights_files
from tests.support.cards import card_entries
from tests.support.plans import plan
from tests.workflow.conftest import Checkout

REGIONS = [name for name in presets() if load({"region": name}).paper]
DATES = 6  # two months and a half: pairs of every preset, without islands at these seeds
SIDE_M = (3000, 3600)


def simulated(region: str, side_m: tuple[int, int] = SIDE_M, dates: int = DATES) -> dict:
    """The user's configuration that turns a preset into a simulated piece of itself, in the middle
    of its region.
    """
    preset = load({"region": region})
    west, south, east, north = preset.grid.bounds
    # Whole multiples of both 25 m and 30 m cells.
    west, south = (round(((low + high) / 2 - side / 2) / 150) * 150 for low, high, side in zip(
        (west, south), (east, north), side_m, strict=True))  # fmt: skip
    first = {}
    for stack in preset.stacks:
        count = scene_counts(region).get(stack)
        start = (count and count.first) or preset.catalog.start
        first[stack] = passes(stack, preset.grid.region_grid(), start, "20991231")[0]
    return {
        "region": region,
        "source": "simulated",
        "grid": {"bounds": [west, south, west + side_m[0], south + side_m[1]], "dem": ""},
        "simulation": {"dates": dates, "first_date": first, "snowline_m": preset.inventory.snowline_m or 4100},
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


# Rules that make the layers which a paper's networks read, and no other preset's.
LAYERS_OF = {
    "P0": {"fuse_phase"},
    "P2": set(),
    "P3": {"product_dem", "product_terrain", "product_optical", "product_lithology", "resample_products"},
    "P4": {"window_rates"},
    "H22": set(),
}


@pytest.mark.parametrize("region", REGIONS)
def test_a_piece_is_planned_with_the_networks_of_its_preset(region, tmp_path, without_weights_of_papers):
    """One map a network and track, of the layers of the paper, before any weights are there."""
    piece = simulated(region)
    config, made = load(piece), plan(tmp_path, piece)
    names = [config.segmentation.model, *config.segmentation.beside]
    maps = [name for name, job in made.jobs.items() if job.rule == "segment"]
    assert sorted(Path(name).parent.name for name in maps) == sorted(names * len(config.stacks))
    compared = [job for job in made.jobs.values() if job.rule == "compare_networks"]
    assert len(compared) == (len(config.stacks) if config.segmentation.beside else 0)
    special = set().union(*LAYERS_OF.values())
    assert made.rules() & special == LAYERS_OF[config.paper]
    # The inventory is of the first alone.
    for job in made.jobs.values():
        if job.rule == "candidates":
            assert any(f"segment/{names[0]}/probability.tif" in text for text in job.reruns)
            assert not any(f"segment/{name}/" in text for name in names[1:] for text in job.reruns)


def write_random_weights(config: Config, place: Path) -> None:
    """Small networks of random values where `sarslide train` would write its own."""
    channels = list(channel_set(config.training.channels))
    card = {"normalisation": {"method": "zscore_sample", "centre": [], "scale": []}, "options": {"width": 8}}
    for name in (config.segmentation.model, *config.segmentation.beside):
        if not weights_files.is_packaged(name):
            path = place / weights_files.trained(config, name, region=config.segmentation.weights_of)
            path.parent.mkdir(parents=True, exist_ok=True)
            entries = card_entries(network=name, channels=channels, tile=64, calibration=None, trained_on=None, **card)
            weights.save(path, networks.build(name, len(channels), width=8), entries)


@pytest.mark.full
@pytest.mark.parametrize("region", REGIONS)
def test_the_recipe_goes_to_its_end(region, tmp_path):
    piece = simulated(region)
    config = load(piece)
    checkout = Checkout(tmp_path, words(piece))
    write_random_weights(config, tmp_path)
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
        assert (rates / "los_rate_mm_per_yr.tif").is_file() == METHODS[config.rates.method].has_rates
        names = (config.segmentation.model, *config.segmentation.beside)
        assert all((rates / "segment" / name / "probability.tif").is_file() for name in names)
        assert (rates / "segment/comparison.png").is_file() == bool(config.segmentation.beside)
        assert (rates / "timeseries.nc").is_file() == METHODS[config.rates.method].has_series
        assert (rates / "resampled").is_dir() == bool(config.grid.product_m)
        for window in config.rates.windows:
            assert (results / stack / "f0" / config.engine / "windows" / window / "los_rate_mm_per_yr.tif").is_file()

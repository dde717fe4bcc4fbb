"""What a training costs, before it is begun: patches, CPU hours and memory of each network.

Seconds and memory are those of `costs.json` (`python -m studies.training_cost`): one step of the
recipe of the network's paper on one core. Between the two measured widths, and beyond, they follow
the number of products that the network computes, which grows with the square of the width.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sarslide.config import Config, resolve
from sarslide.dataset.patches import windows
from sarslide.models import registry
from sarslide.models.weights import packaged, read_card, width_of
from sarslide.training import recipe as recipes
from sarslide.training.recipe import Recipe
from sarslide.workflow import weights_files

FILE = Path(__file__).with_name("costs.json")
SCENE_SHAPE = (512, 256)  # cells of a simulated scene (`sarsim.paper_scene`)
BENCHMARK_SCENES = 24  # that `training.climates` adds: regions of its training part, two tracks each
COLUMNS = ("network", "width", "parameters", "patches", "CPU hours", "memory, GB")


@cache
def measured() -> dict[str, Any]:
    """The packaged measurement.

    Returns
    -------
    dict of str to Any
        `networks`: name -> `patch`, `batch`, and of the widths `published` and `quarter`
        `parameters`, `seconds_a_patch`, `memory_mb`; `scenes`: CPU seconds of a simulated scene, by
        climate.
    """
    return json.loads(FILE.read_text())


def recipe_of(config: Config) -> Recipe:
    """The recipe of a region.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    Recipe
        With the values that the configuration sets.
    """
    return replace(recipes.preset(config.training.preset), **config.training.changes())


def patches(config: Config, recipe: Recipe) -> int:
    """Patches that a training shows at most.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    recipe : Recipe
        Its recipe.

    Returns
    -------
    int
        Of the recipe's size. Of a budget in epochs all windows of all scenes count: those without a
        counted cell, which are left out, and an early end are not known before.
    """
    finer = 1
    if config.segmentation.grid == "product" and config.grid.product_m:
        finer = round(config.grid.cell_m / config.grid.product_m)
    if config.training.labels:
        grid = config.grid.region_grid()
        shape, scenes = (grid.rows * finer, grid.cols * finer), len(config.stacks)
        share = config.dataset.fractions[0]
    else:
        shape, share = (SCENE_SHAPE[0] * finer, SCENE_SHAPE[1] * finer), 1.0
        training = config.training
        tracks = len(config.stacks) if training.climate else 2
        more = BENCHMARK_SCENES if training.climates and not training.climate else 0
        scenes = len(training.seeds) * tracks + more
    each = len(windows(shape, recipe.patch, recipe.overlap))
    return recipe.batch * recipes.round_ends(recipe, max(1, round(share * scenes * each)))[-1]


def of_network(config: Config, name: str) -> dict[str, Any]:
    """Cost of one network.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    name : str
        Name of the network.

    Returns
    -------
    dict of str to Any
        By `COLUMNS`.

    Raises
    ------
    WeightsError
        For a file to start from that holds no weights.
    """
    recipe = recipe_of(config)
    shown = patches(config, recipe)
    network, width = _architecture(config, name)
    row, published = measured()["networks"][network], registry.get(network).width
    nearest = "published" if width > published / 2 else "quarter"
    known = row[nearest]
    scale = (width / (published if nearest == "published" else published // 4)) ** 2
    cells = recipe.patch**2 / row["patch"] ** 2
    batches = recipe.batch * cells / row["batch"]
    return {
        "network": name,
        "width": width,
        "parameters": round(known["parameters"] * scale),
        "patches": shown,
        "CPU hours": shown * cells * known["seconds_a_patch"] * scale / 3600,
        "memory, GB": (row["base_mb"] + batches * max(known["memory_mb"] - row["base_mb"], 0) * scale**0.5) / 1024,
    }


def _architecture(config: Config, name: str) -> tuple[str, int]:
    """Network and channels of its first stage: those of the weights that are fine-tuned, if any."""
    start = config.training.begins_with()
    if start in weights_files.WITHOUT_FILE:
        return name, registry.channels_of_width(name, config.training.width)
    card = read_card(packaged(config.segmentation.model) if start == "packaged" else resolve(start))
    return card.network, width_of(card)


def as_text(config: Config, names: Sequence[str]) -> str:
    """A table for the terminal: the networks, and the scenes that are simulated before.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    names : sequence of str
        Networks.

    Returns
    -------
    str
        Its lines.
    """
    rows = [[_shown(value) for value in of_network(config, name).values()] for name in names]
    sizes = [max(len(row[k]) for row in [list(COLUMNS), *rows]) for k in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)) for row in [COLUMNS, *rows]]
    learnt = f"training of {config.region}, from {weights_files.source(config)}, recipe {config.training.preset}"
    return "\n".join([learnt, *(line.rstrip() for line in lines), *_of_scenes(config)])


def _of_scenes(config: Config) -> list[str]:
    training = config.training
    if not training.climate or training.labels:
        return []
    count = len({*training.seeds, *training.validation_seeds}) * len(config.stacks)
    hours = count * measured()["scenes"][training.climate] / 3600
    return [f"{count} simulated scenes before: {hours:.2g} CPU hours; those that are there are kept"]


def _shown(value: Any) -> str:
    return f"{value:.2g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)

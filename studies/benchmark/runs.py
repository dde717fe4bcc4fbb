"""Which trainings the benchmark has, by name, and which of them each table needs.

A run is one training with its scores. Its name holds all that decides it,
`cpu.quarter.regions.p0.p0_insar.drs_unet.s1`, so that tables that need the same training share it,
and any machine can add runs to the same folder.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sarslide.errors import ConfigError
from sarslide.models import registry
from sarslide.papers import tables

SAMPLES = {"cpu": 4000, "long": 12_000, "gpu": 200_000}  # patches of 128 x 128 cells that a network sees
ALL_SEEDS = (1, 2, 3)
SEEDS = {"cpu": (1,), "long": (1,), "gpu": ALL_SEEDS}
WIDTHS = ("published", "quarter")
# Samples that a paper's own training sees, where it prints them and a falling learning rate: 80
# epochs of seven tenths of 1712 patches (P0 sections 3.2 and 5.1).
PRINTED_SAMPLES = {"p0": 80 * 1198}
ROUNDS = 5  # validations of a training: of equal number for every budget
SPLITS = ("regions", "patches")
EQUAL = ("sarslide", "sarslide")  # recipe and channels of the table of all networks
# The optimism of the papers' split is shown with P0's own networks, recipe and channels (D04, D05).
OPTIMISM = ("drs_unet", "unet", "segnet")
TABLES = ("networks", "seeds", *(table.key for table in tables()), "split")
# Trained with three seeds in every budget: the four with the highest F1 by cell on the validation
# range after the first seed (tier cpu, quarter widths).
BEST = ("unet", "drs_unet_literal", "drs_unet", "vcnn")
BASELINE, PRINTED_BASELINE, PACKAGED = "baseline", "baseline.printed", "packaged."
PACKAGED_NETWORK = "drs_unet_compact"
COMPACT = f"{PACKAGED}{PACKAGED_NETWORK}"


@dataclass(frozen=True)
class BenchmarkRun:
    """tier: of the budget, `cpu`, `long` or `gpu`. width: `published` or `quarter` of the channels
    of every layer. split: `regions` (whole regions apart) or `patches` (P0's random overlapping
    patches). recipe: preset of `training.recipe`. channels: channel set. network: of the registry.
    seed: of the training.
    """

    tier: str
    width: str
    split: str
    recipe: str
    channels: str
    network: str
    seed: int

    @property
    def name(self) -> str:
        parts = (self.tier, self.width, self.split, self.recipe, self.channels, self.network)
        return ".".join((*parts, f"s{self.seed}"))


def parse(name: str) -> BenchmarkRun:
    """The run of that name. Raises ConfigError for a name that is none."""
    parts = name.split(".")
    if len(parts) != 7 or parts[0] not in SAMPLES or parts[1] not in WIDTHS or parts[2] not in SPLITS:
        raise ConfigError(
            f"'{name}' is no run of the benchmark", "write for example cpu.quarter.regions.p0.p0_insar.unet.s1"
        )
    registry.kind(parts[5])
    return BenchmarkRun(*parts[:6], int(parts[6].removeprefix("s")))


def options(run: BenchmarkRun) -> dict[str, Any]:
    """Options of the network: none at the published size."""
    return {} if run.width == "published" else {"width": registry.get(run.network).width // 4}


def recipe(run: BenchmarkRun):
    """The run's `Recipe`: its preset with the tier's samples and the run's seed.

    A budget shorter than the paper's training is its beginning: of the learning rates those that
    the paper reaches by then (eight halvings within 4,000 samples would freeze P0's networks with
    probabilities near one half). Its probabilities are still on their way and cannot be cut where
    the paper cuts its own: the threshold is chosen on the validation regions, and the round by
    their loss. Everything else is the preset's.
    """
    return replace(shortened(run.recipe, SAMPLES[run.tier]), seed=run.seed)


def shortened(name: str, samples: int):
    """The preset of that name with a budget of `samples`, as `recipe` has it."""
    from sarslide.training.recipe import preset

    chosen = replace(preset(name), samples=samples, rounds=ROUNDS)
    share = samples / PRINTED_SAMPLES.get(name, samples)
    if share >= 1:
        return chosen
    return replace(chosen, parts=math.ceil(chosen.parts * share), threshold=0.0, keep="loss")


def runs_of(table: str, tier: str, width: str, networks: Iterable[str] = ()) -> list[BenchmarkRun]:
    """The runs that fill `table`, in the order of its rows. networks: only these (none: all).

    Raises ConfigError for a table, tier, width or network that there is not.
    """
    if table not in TABLES or tier not in SAMPLES or width not in WIDTHS:
        raise ConfigError(
            f"benchmark table '{table}' of tier '{tier}' and width '{width}'",
            f"use tables {', '.join(TABLES)}, tiers {', '.join(SAMPLES)}, widths {', '.join(WIDTHS)}",
        )
    wanted = {registry.check(name, "benchmark.networks") for name in networks} or set(registry.names())
    cells = [
        BenchmarkRun(tier, width, split, recipe, channels, network, seed)
        for split, recipe, channels, network in _cells(table)
        for seed in (ALL_SEEDS if table == "seeds" else SEEDS[tier])
    ]
    return [run for run in dict.fromkeys(cells) if run.network in wanted]


def _cells(table: str) -> list[tuple[str, str, str, str]]:
    """(split, recipe, channels, network) of each row."""
    if table == "networks":
        return [("regions", *EQUAL, network) for network in registry.names()]
    if table == "seeds":
        return [("regions", *EQUAL, network) for network in BEST]
    if table == "split":
        return [(split, "p0", "p0_insar", network) for network in OPTIMISM for split in SPLITS]
    paper = next(each for each in tables() if each.key == table)
    return [("regions", paper.recipe, row.channels, row.network) for row in paper.rows]


def chosen(tables: Iterable[str], tier: str, widths: Iterable[str], networks: Iterable[str] = ()) -> list[BenchmarkRun]:
    """All runs of these tables, each once. Raises ConfigError as `runs_of`."""
    found = [run for width in widths for table in tables for run in runs_of(table, tier, width, tuple(networks))]
    return list(dict.fromkeys(found))

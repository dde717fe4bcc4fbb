"""Names of runs, which runs fill which table, and budgets."""

import re
from dataclasses import replace

import pytest
from studies.benchmark import runs

from sarslide.errors import ConfigError, WeightsError
from sarslide.models import registry


def test_a_name_says_all():
    run = runs.BenchmarkRun("cpu", "quarter", "regions", "p0", "p0_insar", "drs_unet", 1)
    assert run.name == "cpu.quarter.regions.p0.p0_insar.drs_unet.s1"
    assert runs.parse(run.name) == run


def test_names_that_are_none():
    for name in ("cpu.quarter.drs_unet.s1", "tpu.quarter.regions.p0.p0_insar.drs_unet.s1", "x"):
        with pytest.raises(ConfigError, match=r"E1001 [^\n]+ is no run of the benchmark; cure: write"):
            runs.parse(name)
    with pytest.raises(WeightsError, match="network 'resnet' does not exist"):
        runs.parse("cpu.quarter.regions.p0.p0_insar.resnet.s1")


def test_unknown_table():
    with pytest.raises(ConfigError, match="benchmark table 'p9_t1'"):
        runs.runs_of("p9_t1", "cpu", "quarter")
    with pytest.raises(
        ConfigError, match="benchmark.networks: network 'unett' does not exist; cure: did you mean unet"
    ):
        runs.runs_of("networks", "cpu", "quarter", ["unet", "unett"])


def test_every_network_is_in_the_equal_budget():
    found = runs.runs_of("networks", "cpu", "quarter")
    assert [run.network for run in found] == registry.names()
    assert {(run.recipe, run.channels, run.split) for run in found} == {("sarslide", "sarslide", "regions")}
    assert len(runs.runs_of("networks", "gpu", "published")) == 3 * len(registry.names())


def test_tables_share_runs():
    alone = sum(len(runs.runs_of(table, "cpu", "quarter")) for table in runs.TABLES)
    together = runs.chosen(runs.TABLES, "cpu", ("quarter",))
    # P0 T4 repeats three of T3, P3 T4 one of T3, the split's three honest runs are those of P0 T3, the
    # first seeds of the best are those of the table of all networks.
    assert alone - len(together) == 3 + 1 + 3 + len(runs.BEST)
    assert len({run.name for run in together}) == len(together)
    assert {run.network for run in runs.chosen(runs.TABLES, "cpu", ("quarter",), ("unet",))} == {"unet"}


@pytest.mark.parametrize("tier", runs.SAMPLES)
def test_the_budget_is_the_same_for_all(tier):
    from sarslide.training.recipe import round_ends, samples_seen

    expected = {"cpu": 4000, "long": 12_000, "gpu": 200_000}[tier]
    for run in runs.chosen(runs.TABLES, tier, ("quarter",)):
        recipe = runs.recipe(run)
        steps = round_ends(recipe, 0)[-1]
        # A budget ends with a whole batch: less than one batch is left over.
        assert 0 <= expected - samples_seen(recipe, steps) < recipe.batch * (recipe.patch / 128) ** 2
        assert recipe.seed == run.seed


def test_a_short_budget_is_the_beginning_of_the_papers_training():
    """P0 halves its rate first after 10 epochs of 1,198 patches; 4,000 samples end before, 200,000
    hold all eight rates.
    """
    from sarslide.training.recipe import learning_rate, preset, round_ends

    def of(tier, recipe="p0"):
        return runs.recipe(runs.BenchmarkRun(tier, "quarter", "regions", recipe, "p0_insar", "unet", 1))

    def rates(tier):
        found = of(tier)
        steps = round_ends(found, 0)[-1]
        return {learning_rate(found, step, steps) for step in range(steps)}

    assert rates("cpu") == {1e-3}
    assert rates("gpu") == {1e-3 * 0.5**halved for halved in range(8)}
    # Its probabilities are on their way to where 0.5 cuts them.
    assert [(of(tier).threshold, of(tier).keep) for tier in ("cpu", "gpu")] == [(0, "loss"), (0.5, "f1")]
    for tier in runs.SAMPLES:
        for name in ("sarslide", "p2", "p3", "p4"):
            budget = {"samples": runs.SAMPLES[tier], "rounds": runs.ROUNDS, "seed": 1}
            assert of(tier, name) == replace(preset(name), **budget)


@pytest.mark.parametrize("tier", runs.SAMPLES)
def test_rules_take_the_runs_of_every_tier(repository, tier):
    """rules/studies.smk writes the tiers of trainings and of scores down, since it imports no study."""
    patterns = re.findall(r'run=r"(\(.*)"', (repository / "rules/studies.smk").read_text())
    run = runs.chosen(["networks"], tier, ("quarter",))[0].name
    assert [bool(re.fullmatch(pattern, run)) for pattern in patterns] == [True, True]


@pytest.mark.parametrize("name", registry.names())
def test_a_quarter_of_every_layer(name):
    """Weights join two layers: a quarter of both is about a sixteenth of them; offsets and classes
    keep one end.
    """
    from sarslide.models.summary import summary

    run = runs.BenchmarkRun("cpu", "quarter", "regions", "sarslide", "sarslide", name, 1)
    share = summary(name, 5, 128).parameters / summary(name, 5, 128, **runs.options(run)).parameters
    assert 11.5 < share < 17
    assert runs.options(runs.BenchmarkRun("cpu", "published", "regions", "sarslide", "sarslide", name, 1)) == {}

"""`sarslide train`: what it costs, the networks of a preset, the width; no Snakemake is started."""

import re

import pytest
from tests.cli.test_commands import ended

from sarslide import exit_codes
from sarslide.cli import start
from sarslide.config import load
from sarslide.dataset.patches import windows
from sarslide.models import registry
from sarslide.training import cost
from sarslide.workflow import weights_files

PRESETS = ("three_rivers", "jinsha_lancang", "baihetan", "qtp_loess")


@pytest.fixture
def snakemake(monkeypatch) -> list[list[str]]:
    """Words of every Snakemake that would have been started."""
    words: list[list[str]] = []

    def run(request, arguments, held, record):
        words.append([*arguments, *request.config_arguments()])
        return 0

    monkeypatch.setattr(start, "call", run)
    return words


@pytest.mark.parametrize("preset", PRESETS)
def test_every_network_of_a_preset_is_trained_and_its_cost_is_printed(tmp_path, snakemake, capsys, preset):
    assert ended(["train", "--preset", preset, "--width", "0.25", "--samples", "400", "-C", str(tmp_path)]) == 0
    config, printed = load({"region": preset}), capsys.readouterr().out
    rows = {line.split()[0]: line.split() for line in printed.splitlines() if line}
    for name in (config.segmentation.model, *config.segmentation.beside):
        # 400 samples of 128 x 128 cells are 100 patches of 256 x 256.
        shown = 400 * 128**2 // cost.recipe_of(config).patch ** 2
        assert rows[name][1] == str(registry.get(name).width // 4) and rows[name][3] == str(shown)
        assert float(rows[name][4]) > 0 and float(rows[name][5]) > 0.5
    assert f"training of {preset}, from simulated" in printed and "simulated scenes before" in printed
    (words,) = snakemake
    assert words[0] == "train" and f"region={preset}" in words
    (training,) = [word for word in words if word.startswith("training=")]
    # P2 starts from weights of the published width: not at another one.
    assert ('"start": "random"' in training) == (config.training.start == "imagenet")
    assert ("training.start = random" in printed) == (config.training.start == "imagenet")


def test_one_network_of_a_preset(tmp_path, snakemake, capsys):
    assert ended(["train", "--preset", "three_rivers", "--only", "unet", "-C", str(tmp_path)]) == 0
    (words,) = snakemake
    assert words[0] == weights_files.trained(load({"region": "three_rivers"}), "unet")
    assert "segnet" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--preset", "zhongxinrong"], "E1001 config: region = zhongxinrong is a test area .*cure: train in three_rivers"),
        (["--preset", "zhouqu"], "E1001 config: region = zhouqu is a test area .*cure: train in qtp_loess"),
        (["--preset", "baihetan", "--only", "segnet"], "E1001 --only segnet: is no network that baihetan trains; cure: use fc"),
        (["valley", "--preset", "baihetan"], "E1001 --preset baihetan: another region is named, valley"),
        (["--preset", "baihetan", "--width", "1.5"], "E1001 config: training.width: 1.5 is neither a whole number of channels"),
        (["--preset", "baihetan", "--width", "0.01"], "E1001 config: training.width = '0.01': input should be greater"),
        (["--preset", "jinsha_lancang", "--width", "wide"], "E1001 config: training.width = 'wide': input should be a"),
        (["--preset", "atlantis"], "E1001 .*'atlantis'"),
    ],
)  # fmt: skip
def test_one_line_for_what_cannot_be_trained(tmp_path, snakemake, capsys, words, line):
    assert ended(["train", *words, "-C", str(tmp_path)]) == exit_codes.REFUSED
    (message,) = capsys.readouterr().err.splitlines()
    assert re.match(line, message) and not snakemake


def test_patches_of_a_recipe():
    """P0: 80 epochs of windows of 128 with half overlap, 16 seeds, two tracks; batches are whole."""
    config = load({"region": "three_rivers"})
    each = len(windows((512, 256), 128, 0.5))
    assert each == 7 * 3
    assert cost.patches(config, cost.recipe_of(config)) == 80 * (16 * 2 * each // 16) * 16
    # P2's 400 iterations of two; P3's windows lie on cells of half the size.
    p2 = load({"region": "jinsha_lancang"})
    assert cost.patches(p2, cost.recipe_of(p2)) == 400 * 2
    p3 = load({"region": "baihetan"})
    assert cost.patches(p3, cost.recipe_of(p3)) == 80 * (16 * 8 * 4 // 8) * 8


def test_labels_are_of_the_whole_region():
    """600 km x 450 km in cells of 30 m on four tracks, six tenths of it (D04): windows of 256, half overlap."""
    config = load({"region": "qtp_loess", "training": {"labels": "mine.gpkg", "epochs": 1, "batch": 1}})
    assert config.dataset.fractions[0] == 0.6
    across, down = -(-(20000 - 256) // 128) + 1, -(-(15000 - 256) // 128) + 1
    assert cost.patches(config, cost.recipe_of(config)) == round(0.6 * 4 * across * down)


def test_scenes_of_the_benchmark_count_without_a_climate():
    from sarsim import climates

    each, demo = 7 * 3, load({"region": "valley", "training": {"epochs": 1, "batch": 1}})
    assert 2 * len(climates.names_of("train")) == cost.BENCHMARK_SCENES
    assert cost.patches(demo, cost.recipe_of(demo)) == (16 * 2 + cost.BENCHMARK_SCENES) * each


def test_cost_at_a_width_that_was_not_measured_follows_its_square():
    def hours(width):
        return cost.of_network(load({"region": "three_rivers", "training": {"width": width}}), "drs_unet")["CPU hours"]

    assert hours(0.5) == pytest.approx(4 * hours(0.25), rel=1e-6)
    assert hours(0.75) == pytest.approx(0.75**2 * hours(None), rel=1e-6)


def test_fine_tuning_costs_what_the_network_of_the_weights_does():
    """The packaged network is DRs-UNet with 16 channels in its first stage."""
    config = load({"region": "valley", "training": {"labels": "mine.gpkg", "samples": 400}})
    row = cost.of_network(config, config.segmentation.model)
    assert row["network"] == config.segmentation.model == "drs_unet_ranges" and row["width"] == 16
    narrow = load({"region": "valley", "training": {"width": 16, "samples": 400}})
    as_new = cost.of_network(narrow, "drs_unet")
    assert row | {"network": "drs_unet"} == as_new and row["CPU hours"] > 0


def test_the_measured_parameters_are_those_of_the_papers():
    """P0 Table 4 (E04 to E06), millions; within the channels of our input."""
    found = cost.measured()["networks"]
    for name, printed in (("drs_unet", 17.19), ("unet", 31.03), ("segnet", 29.45)):
        assert found[name]["published"]["parameters"] / 1e6 == pytest.approx(printed, abs=0.02)
    assert set(found) == set(registry.names()) and set(cost.measured()["scenes"]) == set(PRESETS)

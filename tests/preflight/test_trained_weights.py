"""Weights of networks that `sarslide train` makes: one coded line where they are missing or others."""

import re
from pathlib import Path

import pytest

from sarslide.config import load
from sarslide.dataset.features import channel_set
from sarslide.models import networks, weights
from sarslide.preflight import checks
from sarslide.preflight.finding import ERROR, GOOD
from sarslide.workflow import weights_files
from tests.support.cards import card_entries

MAPPED = {"three_rivers": "", "jinsha_lancang": "", "baihetan": "", "qtp_loess": ""}
MAPPED |= {"zhongxinrong": "three_rivers", "zhouqu": "qtp_loess"}


def config(region: str, **sections):
    return load({"region": region, **sections})


@pytest.fixture(autouse=True)
def _place(tmp_path, monkeypatch, without_weights_of_papers):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("region", "trained_in"), MAPPED.items())
def test_missing_weights_name_the_command_that_makes_them(region, trained_in):
    """A02: a test area names the region whose weights it takes."""
    made = config(region)
    (found,) = checks.weights(made)
    names = (made.segmentation.model, *made.segmentation.beside)
    path = weights_files.trained(made, names[0], "simulated", trained_in)
    assert (found.check, found.level, found.code) == ("weights", ERROR, "E4001")
    assert found.found == f"no weights yet of {', '.join(names)}: {path} is not there"
    assert found.cure == f"sarslide train --preset {trained_in or region}"


def test_the_command_trains_what_is_missing():
    """Keys of the command line and of config.yaml are named again: without them other networks would be trained."""
    changed = {"segmentation": {"model": "unet", "beside": ["vcnn"]}, "training": {"width": 0.25}}
    (found,) = checks.weights(config("valley", **changed))
    named = """--set segmentation.model=unet --set 'segmentation.beside=["vcnn"]' --width 0.25"""
    assert found.cure == f"sarslide train --preset valley {named}"
    (found,) = checks.weights(config("zhongxinrong", training={"width": 0.25}))
    assert found.cure == "sarslide train --preset three_rivers --width 0.25"


def put(path: Path, network: str, channels: str, width: int) -> None:
    """Weights of a network that learnt nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = list(channel_set(channels))
    made = networks.build(network, len(wanted), width=width)
    scaled = {"method": "robust", "centre": [0.0] * len(wanted), "scale": [1.0] * len(wanted)}
    weights.save(
        path, made, card_entries(network=network, options={"width": width}, channels=wanted, normalisation=scaled)
    )


def test_weights_of_another_width_are_named_and_taken_by_it(tmp_path):
    narrow = {"training": {"width": 0.0625}}
    path = tmp_path / weights_files.trained(config("three_rivers", **narrow), "drs_unet")
    put(path, "drs_unet", config("three_rivers").training.channels, 4)
    first = checks.weights(config("three_rivers"))[0]
    assert first.cure == "sarslide train --preset three_rivers; or, of weights that are there, --set training.width=4"
    for region in ("three_rivers", "zhongxinrong"):
        assert [one.level for one in checks.weights(config(region, **narrow)) if "drs_unet:" in one.found] == [GOOD]


def test_of_a_region_that_starts_from_pretrained_weights_the_start_is_named_too(tmp_path):
    """P2's preset: another width than the published one has random weights at the start."""
    narrow = {"training": {"width": 4, "start": "random"}, "segmentation": {"model": "mask_rcnn", "beside": []}}
    path = weights_files.trained(config("jinsha_lancang", **narrow), "mask_rcnn")
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    (found,) = checks.weights(config("jinsha_lancang", segmentation=narrow["segmentation"]))
    assert found.cure.endswith("--set training.width=4 --set training.start=random")


def test_labels_go_before_simulated_scenes(tmp_path):
    area = config("zhongxinrong", training={"width": 4})
    simulated, labelled = (
        weights_files.trained(area, "drs_unet", kind, "three_rivers") for kind in ("simulated", "labels")
    )
    assert weights_files.readable(area, "drs_unet", "three_rivers") == simulated
    put(tmp_path / labelled, "drs_unet", area.training.channels, 4)
    assert weights_files.readable(area, "drs_unet", "three_rivers") == labelled


@pytest.mark.parametrize(
    ("network", "channels", "line"),
    [
        ("unet", "p0_insar_hsv", "weights of network 'unet', not 'drs_unet'"),
        ("drs_unet", "p4_all", "weights for channels phase_rate_rad_per_yr, .*, not phase_intensity_red, "),
    ],
)
def test_weights_of_another_preset_are_one_line(tmp_path, network, channels, line):
    path = tmp_path / "other.safetensors"
    put(path, network, channels, 4)
    (found,) = checks.weights(config("three_rivers", segmentation={"weights": str(path), "beside": []}))
    assert (found.level, found.code) == (ERROR, "E4001")
    assert re.match(f"{re.escape(str(path))}: {line}", found.found)

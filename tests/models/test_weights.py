"""Weights explain themselves and are refused for other channels, another network, or when corrupt."""

import json

import pytest
import torch
from safetensors.torch import save_file

from sarslide.errors import WeightsError
from sarslide.models import networks, weights

CHANNELS = ["los_rate_mm_per_yr", "slope_deg"]


def card(**changes):
    values = {
        "network": "drs_unet",
        "options": {"width": 4},
        "channels": CHANNELS,
        "normalisation": {"method": "robust", "centre": [0.0, 25.0], "scale": [5.0, 10.0]},
        "tile": 64,
        "threshold": 0.5,
        "training": {},
        "scores": {},
        "licence": "BSD-3-Clause",
        "label": weights.SIMULATED,
    }
    return values | changes


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(2)
    path = tmp_path / "small.safetensors"
    network = networks.build("drs_unet", 2, width=4).eval()
    weights.save(path, network, card())
    return path, network


def test_roundtrip(file, tmp_path):
    path, network = file
    again, read = networks.load(path, CHANNELS, "drs_unet")
    x = torch.randn(2, 2, 32, 32)
    with torch.inference_mode():
        assert torch.equal(again(x), network(x))
    assert read == {"format": weights.FORMAT, **card()}
    weights.save(tmp_path / "again.safetensors", again, card())
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (
            {"channels": ["slope_deg", "los_rate_mm_per_yr"]},
            "weights for channels los_rate_mm_per_yr, slope_deg, not slope_deg",
        ),
        ({"channels": ["los_rate_mm_per_yr"]}, "weights for channels"),
        ({"network": "unet"}, "weights of network 'drs_unet', not 'unet'"),
    ],
)
def test_refuses_other_channels_or_network(file, expected, message):
    with pytest.raises(WeightsError, match=message) as caught:
        networks.load(file[0], **expected)
    assert str(caught.value).startswith(f"E4001 {file[0]}: ")
    assert "\n" not in str(caught.value)
    assert "; cure: " in str(caught.value)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def garbage(path):
    path.write_bytes(b"PK\x03\x04 not a weights file")


def no_card(path):
    save_file({"a": torch.zeros(2)}, path)


def foreign_card(path):
    save_file({"a": torch.zeros(2)}, path, metadata={"card": json.dumps(card(format="other-2"))})


def other_tensors(path):
    weights.save(path, networks.build("drs_unet", 2, width=8), card())


@pytest.mark.parametrize(
    "damage", [truncate, garbage, no_card, foreign_card, other_tensors, lambda path: path.unlink()]
)
def test_refuses_damaged_files(file, damage):
    path, _ = file
    damage(path)
    with pytest.raises(WeightsError, match=r"^E4001 [^\n]*small\.safetensors[^\n]*; cure: [^\n]+$"):
        networks.load(path)


def test_incomplete_card_is_not_written(tmp_path):
    with pytest.raises(WeightsError, match="the model card lacks network"):
        weights.save(tmp_path / "a.safetensors", networks.build("unet", 1, width=4), {})
    assert not list(tmp_path.iterdir())


def test_unknown_packaged_weights():
    with pytest.raises(WeightsError, match="no packaged weights 'nothing'"):
        weights.packaged("nothing")

"""Weights explain themselves and are refused for other channels, another network, or when corrupt."""

import inspect
import json
import re

import pytest
import torch
from safetensors.torch import load_file, save_file

from sarslide.errors import WeightsError
from sarslide.models import networks, registry, weights
from tests.support.cards import CHANNELS, card_entries, trained_on

LINE = r"^E4001 [^\n]*small\.safetensors[^\n]*; cure: [^\n]+$"


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(2)
    path = tmp_path / "small.safetensors"
    network = networks.build("drs_unet", 2, width=4).eval()
    weights.save(path, network, card_entries())
    return path, network


def test_roundtrip(file, tmp_path):
    path, network = file
    again, read = networks.load(path, CHANNELS, "drs_unet")
    x = torch.randn(2, 2, 32, 32)
    with torch.inference_mode():
        assert torch.equal(again(x), network(x))
    entries = read.model_dump(exclude_unset=True)
    assert len(entries.pop("sha256")) == 64
    assert entries == {"format": "sarslide-weights-1", **card_entries()}
    weights.save(tmp_path / "again.safetensors", again, card_entries())
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


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"width": 16}, "weights of width 4, not 16; cure: set training.width to 4, or train at 16"),
        ({"paper": "P2"}, "weights trained under the recipe of P0, not of P2; cure: give weights of that paper's"),
    ],
)
def test_refuses_another_width_or_paper(file, expected, message):
    path, network = file
    weights.save(path, network, card_entries(training={"paper": "P0"}))
    assert weights.check(path, CHANNELS, "drs_unet", width=4, paper="P0").network == "drs_unet"
    with pytest.raises(WeightsError, match=message) as caught:
        weights.check(path, **expected)
    assert re.match(LINE, str(caught.value))


def test_a_card_without_a_paper_fits_every_paper(file):
    assert weights.check(file[0], paper="P0").training == {}


def test_half_of_the_bytes_hold_all_but_the_last_digits(file):
    """float16 has 11 bits; what it cannot hold, and whole numbers, stay as they are."""
    path, network = file
    network.state_dict()[_variance(network)].fill_(1e5)
    whole = path.stat().st_size
    weights.save(path, network, card_entries(), half=True)
    assert path.stat().st_size < 0.6 * whole
    again, _ = networks.load(path)
    for name, tensor in network.state_dict().items():
        found = again.state_dict()[name]
        assert found.dtype == tensor.dtype
        assert torch.allclose(found, tensor, rtol=2**-11, atol=1e-7), name


def _variance(network):
    return next(name for name in network.state_dict() if name.endswith("running_var"))


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def garbage(path):
    path.write_bytes(b"PK\x03\x04 not a weights file")


def no_card(path):
    save_file({"a": torch.zeros(2)}, path)


def foreign_card(path):
    save_file({"a": torch.zeros(2)}, path, metadata={"card": json.dumps(card_entries(format="other-2"))})


def other_tensors(path):
    weights.save(path, networks.build("drs_unet", 2, width=8), card_entries())


def flipped(path):
    """One bit of a tensor, which stays a finite number."""
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def another_threshold(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b'threshold\\": 0.5', b'threshold\\": 0.6'))
    assert path.read_bytes() != content


def not_finite(path):
    tensors = load_file(path)
    tensors["last.1.bias"][0] = torch.nan
    save_file(tensors, path, metadata={"card": json.dumps({"format": "sarslide-weights-1", **card_entries()})})


@pytest.mark.parametrize(
    "damage",
    [
        *(truncate, garbage, no_card, foreign_card, other_tensors, flipped, another_threshold, not_finite),
        lambda path: path.unlink(),
    ],
)
def test_refuses_damaged_files(file, damage):
    path, _ = file
    damage(path)
    with pytest.raises(WeightsError, match=LINE):
        networks.load(path)


LINES = {"knots": [-1.0, 1.0], "values": [-0.5, 0.5], "end_slopes": [1.0, 1.0]}
FIVE = ["los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence", "slope_deg", "downslope_sensitivity"]
SCALING = {"method": "robust", "centre": [0.0, 25.0], "scale": [5.0, 10.0]}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"calibration": LINES | {"values": [-0.5, float("nan")]}}, "NaN is no number of JSON"),
        ({"calibration": LINES | {"values": [-0.5, 1e999]}}, "Infinity is no number of JSON"),
        ({"calibration": LINES | {"values": [0.5, -0.5]}}, "calibration.values = .*does not rise"),
        ({"calibration": LINES | {"values": [0.5]}}, "calibration.values = .*not one value for each knot"),
        ({"calibration": LINES | {"end_slopes": [1.0, 0.0]}}, "calibration.end_slopes.1 = 0.0: .*greater than 0"),
        ({"calibraton": LINES}, "calibraton = .*not permitted"),
        ({"threshold": 7}, "threshold = 7: .*less than 1"),
        ({"threshold": "text"}, "threshold = text: .*valid number"),
        ({"channels": FIVE, "normalisation": SCALING}, "normalisation = .*not 5 numbers each"),
        ({"channels": ["los_rate_mm_per_yr", "nowhere"]}, "channels = .*'nowhere'"),
        ({"channels": ["slope_deg", "slope_deg"]}, "channels = .*twice"),
        ({"normalisation": SCALING | {"method": "magic"}}, "normalisation.method = magic: .*use one of robust"),
        ({"normalisation": SCALING | {"scale": [5.0, 0.0]}}, "normalisation.scale.1 = 0.0: .*greater than 0"),
        ({"network": "transformer"}, "network = transformer: .*no network of the registry"),
        ({"options": {"colour": "red"}}, "options = .*drs_unet has no option 'colour'"),
        ({"options": {"dropout": 0.5}}, "options = .*drs_unet has no option 'dropout'"),
        ({"options": {"width": 1_000_000}}, "options = .*width = 1000000: .*less than or equal to 256"),
        ({"network": "drs_unet_literal", "options": {"literal": False}}, "options = .*no option 'literal'"),
        ({"tile": -128}, "tile = -128: .*greater than or equal to 16"),
        ({"tile": 50}, "tile = 50 of the model card is no multiple of 16"),
        ({"tile": 128.5}, "tile = 128.5: "),
        ({"label": "a\nb"}, "label = a b: "),
        ({"bf16_mask_iou": 2}, "bf16_mask_iou = 2: "),
        ({"trained_on": trained_on(sizes=[])}, "trained_on.sizes = .*at least 1 item"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_card_that_cannot_be_is_refused(file, change, problem):
    """Nothing of it reaches a map: the line comes before a tensor is allocated."""
    path, _ = file
    card = {"format": "sarslide-weights-1", **card_entries(**change)}
    save_file(load_file(path), path, metadata={"card": json.dumps(card)})
    with pytest.raises(WeightsError, match=LINE) as caught:
        networks.load(path)
    assert re.search(problem, str(caught.value)), caught.value


def test_options_of_the_registry_are_those_of_the_classes():
    for name, row in registry.ARCHITECTURES.items():
        taken = inspect.signature(networks.CLASSES[row.network_class]().__init__).parameters
        assert {*registry.CLASS_OPTIONS[row.network_class]} == {*taken} - {"self", "in_channels"}, name
        assert row.options.keys() <= {*registry.CLASS_OPTIONS[row.network_class]}


def test_incomplete_card_is_not_written(tmp_path):
    with pytest.raises(WeightsError, match=r"^E4001 .*a\.safetensors: network = .*Field required; cure: fill in"):
        weights.save(tmp_path / "a.safetensors", networks.build("unet", 1, width=4), {})
    assert not list(tmp_path.iterdir())


def test_unknown_packaged_weights():
    with pytest.raises(WeightsError, match="no packaged weights 'nothing'"):
        weights.packaged("nothing")

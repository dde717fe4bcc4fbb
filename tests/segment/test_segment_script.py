"""The rule `segment` from files to files: both kinds of networks, the record of its precision, and bad
input.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sarslide.dataset import features
from sarslide.dataset.normalise import Normalisation
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.models import networks, registry, weights
from sarslide.models.card import Calibration
from sarslide.segment import calibration
from sarslide.segment.infer import predict
from sarslide.segment.precision import BF16, FP32

SCRIPT = Path(__file__).parents[2] / "workflow_scripts/segment.py"
GRID = RegionGrid(32647, 515130, 3215640, 30, 300, 150)
CHANNELS = ["los_rate_mm_per_yr", "slope_deg"]
NORMALISATION = Normalisation("zscore", (0.0, 30.0), (10.0, 10.0))
# A line of slope 1/2 in ln(p / (1 - p)).
CALIBRATION = {"knots": [-2.0, 2.0], "values": [-1.5, 0.5], "end_slopes": [0.5, 0.5]}


class Named(dict):
    """Named files, as Snakemake hands them over."""

    __getattr__ = dict.__getitem__


def write_weights(folder, network, same_mask=None, **options):
    torch.manual_seed(3)
    card = {
        "network": network, "options": options, "channels": CHANNELS, "normalisation": NORMALISATION.to_dict(), "tile": 64,
        "threshold": 0.4, "training": {}, "scores": {}, "licence": "", "label": "random",
        "calibration": CALIBRATION, "bf16_mask_iou": same_mask,
    }  # fmt: skip
    path = folder / f"{network}.safetensors"
    weights.save(path, networks.build(network, len(CHANNELS), **options), card)
    return path


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("layers"), np.random.default_rng(8)
    arrays = {
        "los_rate_mm_per_yr": rng.normal(0, 20, GRID.shape).astype(np.float32),
        "slope_deg": rng.uniform(10, 50, GRID.shape).astype(np.float32),
        "layover_shadow": np.zeros(GRID.shape, np.uint8),
    }
    arrays["layover_shadow"][20:40, 20:60] = 1
    for name, array in arrays.items():
        raster.write(folder / f"{name}.tif", array, GRID, name)
    return folder, arrays


def run(folder, layers, weights_path, frame="f0", **params):
    """Run the script in this process; the paths of its outputs."""
    inputs = {name: str(layers / f"{name}.tif") for name in ("los_rate_mm_per_yr", "slope_deg", "layover_shadow")}
    outputs = {"probability": str(folder / "probability.tif"), "sidecar": str(folder / "segment.json")}
    if registry.kind(weights.read_card(weights_path).network) == registry.INSTANCE:
        outputs["instances"] = str(folder / "instances.tif")
    params = {"grid": GRID.to_dict(), "overlap": 0.5, "device": "cpu", "precision": "fp32", "code": "0"} | params
    job = SimpleNamespace(
        rule="segment", input=Named(inputs, weights=[str(weights_path)]), output=Named(outputs), params=Named(params),
        log=[str(folder / "segment.log")], threads=1, resources=SimpleNamespace(device="cpu"),
        wildcards=SimpleNamespace(frame=frame),
    )  # fmt: skip
    exec(compile(SCRIPT.read_text(), str(SCRIPT), "exec"), {"snakemake": job, "__name__": "__main__"})
    return outputs


def test_a_map_is_calibrated_and_says_how_it_was_made(tmp_path, layers):
    path = write_weights(tmp_path, "drs_unet", width=8)
    outputs = run(tmp_path, layers[0], path)
    network, card = networks.load(path)
    stack = features.feature_array(CHANNELS, layers[1].__getitem__)
    expected = predict(network, stack, card)
    np.testing.assert_array_equal(raster.read(outputs["probability"], GRID), expected)
    assert np.isnan(expected[20:40, 20:60]).all() and np.isfinite(expected).sum() == 300 * 150 - 20 * 40
    tags, about = raster.tags_of(outputs["probability"]), read_json(outputs["sidecar"])
    assert (tags["precision"], tags["threshold"], tags["layer"]) == ("fp32", "0.4", "probability")
    assert (about["precision"], about["device"], about["known_cells"]) == ("fp32", "cpu", 300 * 150 - 20 * 40)
    assert {p.name for p in tmp_path.iterdir()} == {path.name, "probability.tif", "segment.json", "segment.log"}


def test_an_instance_network_also_numbers_its_objects(tmp_path, layers):
    path = write_weights(tmp_path, "mask_rcnn", width=4, depth=50)
    outputs = run(tmp_path, layers[0], path, overlap=0.0)
    probability, instances = (raster.read(outputs[name], GRID) for name in ("probability", "instances"))
    assert instances.dtype == np.uint32
    nothing = calibration.apply(np.zeros(1, np.float32), Calibration(**CALIBRATION))[0]
    np.testing.assert_allclose(probability[(instances == 0) & np.isfinite(probability)], nothing)
    assert (probability[instances > 0] > nothing).all()


def refused(capsys, *arguments, **params):
    with pytest.raises(SystemExit):
        run(*arguments, **params)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("E")]
    return line


def test_nothing_known(tmp_path, layers, capsys):
    for name, array in layers[1].items():
        nothing = np.full(GRID.shape, np.nan) if name == "slope_deg" else array
        raster.write(tmp_path / f"{name}.tif", nothing, GRID, name)
    path = write_weights(tmp_path, "drs_unet", width=4)
    line = refused(capsys, tmp_path, tmp_path, path)
    assert line.startswith("E1002 channels los_rate_mm_per_yr, slope_deg: slope_deg unknown in every cell; cure:")
    assert not (tmp_path / "probability.tif").exists() and not list(tmp_path.glob(".*"))


def test_weights_that_do_not_fit(tmp_path, layers, capsys):
    """A tile that the network cannot have; a file that is cut off; tensors of another width."""
    import json

    from safetensors.numpy import load_file, save_file

    path = write_weights(tmp_path, "drs_unet", width=4)
    card = weights.read_card(path).model_dump(exclude_unset=True, exclude={"sha256"})
    odd, cut, other = (tmp_path / f"{name}.safetensors" for name in ("odd", "cut", "other"))
    save_file(load_file(path), odd, {"card": json.dumps(card | {"tile": 50})})
    cut.write_bytes(path.read_bytes()[:-100])
    save_file(load_file(path), other, {"card": json.dumps(card | {"options": {"width": 8}})})
    assert refused(capsys, tmp_path, layers[0], odd).startswith(
        f"E4001 {odd}: tile = 50 of the model card is no multiple of 16, as drs_unet needs; cure: "
    )
    (tmp_path / "cut").mkdir()
    inputs = {"weights": [str(cut)]}
    with pytest.raises(SystemExit):
        job = SimpleNamespace(
            rule="segment", input=Named(inputs), output=Named(), params=Named(grid=GRID.to_dict()), threads=1,
            log=[str(tmp_path / "segment.log")], resources=SimpleNamespace(device="cpu"),
        )  # fmt: skip
        exec(compile(SCRIPT.read_text(), str(SCRIPT), "exec"), {"snakemake": job, "__name__": "__main__"})
    assert "E4001" in capsys.readouterr().err
    assert refused(capsys, tmp_path, layers[0], other).startswith("E4001")
    assert not (tmp_path / "probability.tif").exists()


@pytest.mark.parametrize(("same_mask", "chosen"), [(0.999, BF16), (0.8, FP32), (None, FP32)])
def test_auto_follows_the_card(tmp_path, layers, monkeypatch, same_mask, chosen):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    path = write_weights(tmp_path, "drs_unet", same_mask, width=4)
    run(tmp_path, layers[0], path, precision="auto")
    assert read_json(tmp_path / "segment.json")["precision"] == chosen

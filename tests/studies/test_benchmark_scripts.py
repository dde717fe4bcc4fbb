"""The scripts of the benchmark's rules, one after the other, on scenes of 160 x 160 cells and a budget
of 32 samples.
"""

import json
import runpy
from types import SimpleNamespace

import numpy as np
import pytest
from studies.benchmark import page, runs

from sarsim.codes import DECOYS

SET, SIZE = "feedfeedfeedfeed", 160


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    torch.set_num_threads(1)


class Files(dict):
    """Named files, as a script sees them."""

    __getattr__ = dict.__getitem__


def write_scene(path, region: str, seed: int) -> str:
    """A landslide that moves on a slope, and a glacier."""
    rng = np.random.default_rng(seed)
    label, decoy, kind = (np.zeros((SIZE, SIZE), np.uint8) for _ in range(3))
    row, col = rng.integers(10, 100, 2)
    label[row : row + 30, col : col + 25] = 1
    kind[label == 1] = 1
    decoy[2:22, 120:150] = DECOYS["glacier"]
    decoy[label == 1] = 0
    rate = 50.0 * (label + (decoy > 0)) + rng.normal(0, 3, label.shape)
    np.savez(
        path,
        los_rate_mm_per_yr=rate.astype(np.float32),
        los_rate_std_mm_per_yr=np.full(label.shape, 3, np.float32),
        slope_deg=np.full(label.shape, 30, np.float32),
        layover_shadow=np.zeros(label.shape, np.uint8),
        label=label,
        decoy=decoy,
        landslide_kind=kind,
        true_los_rate_mm_per_yr=(50.0 * label).astype(np.float32),
        meta=np.array(json.dumps({"region": region, "stack": "A128", "settings_hash": SET})),
    )
    return str(path)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("regions")
    parts = {"train": 4, "validation": 1, "test": 2, "transfer": 1}
    return {
        part: [write_scene(folder / f"{part}{k}.npz", f"{part}{k}", 100 * number + k) for k in range(count)]
        for number, (part, count) in enumerate(parts.items())
    }


def run_script(repository, rule: str, folder, inputs, outputs, params) -> None:
    snakemake = SimpleNamespace(
        rule=rule,
        input=Files(inputs),
        output=Files({name: str(folder / file) for name, file in outputs.items()}),
        params=SimpleNamespace(**params, code="code"),
        log=[str(folder / f"{rule}.log")],
        threads=1,
    )
    script = repository / "workflow_scripts" / f"{rule}.py"
    runpy.run_path(str(script), {"snakemake": snakemake}, run_name="__main__")


TRAINED = {"weights": "weights.safetensors", "history": "history.csv", "cost": "cost.json"}
SCORED = {"scores": "scores.json", "patches": "patches.npz"}


def train_and_score(repository, results, scenes, name: str) -> dict:
    """Train and score the run `name` below `results`; its record."""
    folder = results / "runs" / name
    folder.mkdir(parents=True)
    params = {"run": name, "device": "cpu"}
    run_script(repository, "benchmark_train", folder, scenes, TRAINED, params)
    assert not list(folder.glob("*.checkpoint"))
    inputs = {part: scenes[part] for part in ("test", "transfer")} | {
        "weights": str(folder / "weights.safetensors"),
        "cost": str(folder / "cost.json"),
        "history": str(folder / "history.csv"),
    }
    if ".patches." in name:
        inputs["train"] = scenes["train"]
    run_script(repository, "benchmark_score", folder, inputs, SCORED, params | {"min_cells": 20, "overlap": 0.5})
    return json.loads((folder / "scores.json").read_text())


def test_from_scenes_to_the_page(repository, scenes, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SAMPLES", {"cpu": 32, "long": 48, "gpu": 64})
    monkeypatch.setattr(runs, "ROUNDS", 1)
    name = "cpu.quarter.regions.sarslide.p4_los.drs_unet.s1"
    record = train_and_score(repository, tmp_path, scenes, name)
    assert record["region_set"] == SET and record["samples"] == 32 and record["channels"] == ["los_rate_mm_per_yr"]
    assert set(record["parts"]) == {"test", "transfer"}
    counts = record["parts"]["test"]["pixel"]
    assert sum(counts[word] for word in ("tp", "fp", "fn", "tn")) == 2 * SIZE**2
    assert record["parts"]["test"]["decoys"]["glacier"]["areas"] == 2
    assert record["cost"]["cpu_s"] > 0
    assert [seen for seen, *_ in record["curve"]][-1] == 32

    leaking = "cpu.quarter.patches.sarslide.p4_los.drs_unet.s1"
    assert "patches" in train_and_score(repository, tmp_path, scenes, leaking)["parts"]

    folder = tmp_path / "runs" / runs.BASELINE
    folder.mkdir()
    outputs = SCORED | {"printed": "printed.json", "printed_patches": "printed.npz"}
    run_script(repository, "benchmark_baseline", folder, scenes, outputs, {"min_cells": 20})
    baseline = json.loads((folder / "scores.json").read_text())["parts"]["test"]
    # Two landslides of 50 mm/yr with a noise of 3 are found, two glaciers as fast fool a threshold
    # on the rate.
    assert baseline["object"]["recall"] == 1
    assert baseline["decoys"]["glacier"]["fooled"] == 2
    with np.load(folder / "patches.npz") as file:
        assert file["probability"].shape == file["label"].shape == file["rate_mm_per_yr"].shape == (2, 128, 128)

    scored = [str(path) for path in sorted(tmp_path.glob("runs/*/scores.json"))]
    made = tmp_path / "page"
    made.mkdir()
    outputs = {"page": "benchmark.md", "tables": "benchmark.json"}
    run_script(repository, "benchmark", made, {"scores": scored}, outputs, {"about": "Two valleys.", "ranges": {}})
    found = json.loads((made / "benchmark.json").read_text())
    assert set(found["runs"]) == {name, leaking, runs.BASELINE}
    text = (made / "benchmark.md").read_text()
    assert SET in text and "Two valleys." in text
    assert set(page.gather(tmp_path, None, SET)) == set(found["runs"])


def test_the_packaged_network_is_scored(repository, tmp_path):
    """As `segment` does it: weights, threshold and calibration of the card."""
    from sarslide.dataset.features import stored_layers
    from sarslide.models import weights

    card = weights.read_card(weights.packaged("drs_unet_compact"))
    path = write_scene(tmp_path / "one.npz", "one", 7)
    with np.load(path) as file:
        arrays = dict(file)
    rng = np.random.default_rng(7)
    for layer in stored_layers(card.channels):
        arrays.setdefault(layer, rng.uniform(0.5, 0.9, (SIZE, SIZE)).astype(np.float32))
    np.savez(path, **arrays)
    inputs = {"weights": str(weights.packaged("drs_unet_compact")), "test": [path], "transfer": [path]}
    params = {"run": "packaged.drs_unet_compact", "device": "cpu", "min_cells": 20, "overlap": 0.5}
    run_script(repository, "benchmark_score", tmp_path, inputs, SCORED, params)
    record = json.loads((tmp_path / "scores.json").read_text())
    assert record["threshold"] == card.threshold and record["cost"] is None
    assert record["parts"]["test"]["pixel"] == record["parts"]["transfer"]["pixel"]

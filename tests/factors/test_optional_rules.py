"""Optional inputs in the workflow: only regions that have them and weights that read them know of them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from sarslide.config import load
from sarslide.workflow.release_id import optional_inputs, settings, upstream_rules
from tests.support.cards import model_card

REPOSITORY = Path(__file__).parents[2]
PROBABILITY = "results/valley/A128/f0/native/stacking/segment/drs_unet_ranges/probability.tif"


def dry_run(folder, target, *config):
    """Inputs of each rule of a dry run for one target."""
    command = [Path(sys.executable).parent / "snakemake", "--dry-run", "--cores", "1", "--directory", folder, target]
    command += ["--verbose", "--snakefile", REPOSITORY / "Snakefile"]
    command += ["--config", "region=valley", "simulation={dates: 4}", *config]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return dict(re.findall(r"^ *rule (\w+):\n +input: (.*)$", run.stdout + run.stderr, flags=re.M))


def weights_for(path, channels):
    """A weights file whose card names these channels; no network fits it."""
    scaling = {"method": "zscore_sample", "centre": [], "scale": []}
    card = model_card(channels=channels, normalisation=scaling).model_dump()
    save_file({"a": np.zeros(1, np.float32)}, path, metadata={"card": json.dumps(card)})
    return path


def test_weights_without_them_ask_for_nothing(tmp_path):
    asked = dry_run(tmp_path, PROBABILITY)
    assert "reflectance" not in asked["segment"] and "lithology" not in asked["segment"]
    assert not {"simulate_optical", "simulate_lithology", "optical", "lithology"} & set(asked)


def test_weights_ask_for_what_they_read(tmp_path):
    """Reflectance from products that the configuration names; rocks, simulated; the bands that no channel reads are not asked."""
    channels = ["los_rate_mm_per_yr", "reflectance_b04", "reflectance_b08", "lithology_mt"]
    weights = weights_for(tmp_path / "w.safetensors", channels)
    (tmp_path / "S2.SAFE").mkdir()
    asked = dry_run(tmp_path, PROBABILITY, f"segmentation={{weights: {weights}}}", "optical={products: [S2.SAFE]}")
    inputs = set(asked["segment"].split(", "))
    assert {f"results/valley/optical/f0/reflectance_b{band}.tif" for band in ("04", "08")} <= inputs
    assert "results/valley/lithology/f0/lithology.tif" in inputs
    assert not any("b02" in path or "b03" in path for path in inputs)
    assert asked["optical"] == "S2.SAFE" and asked["simulate_lithology"] == "resources/valley/truth/world.npz"
    assert "simulate_optical" not in asked


def test_factors_take_all_that_there_is(tmp_path):
    (tmp_path / "rocks.gpkg").touch()
    (tmp_path / "mine.gpkg").touch()
    asked = dry_run(tmp_path, "factors", "lithology={file: rocks.gpkg}", "factors={labels: mine.gpkg}")
    assert asked["lithology"] == "rocks.gpkg"
    assert {"simulate_optical", "stack_rates", "terrain"} <= set(asked) and "release" not in asked
    inputs = set(asked["rank_factors"].split(", "))
    assert {
        "mine.gpkg",
        "results/valley/lithology/f0/lithology.tif",
        "results/valley/optical/f0/reflectance_b02.tif",
    } <= inputs


def test_absent_inputs_do_not_decide_a_release():
    plain = load({"region": "valley"})
    assert not any(optional_inputs(plain).values())
    rules = upstream_rules(plain)
    assert not {"optical", "lithology", "factors", "benchmark"} & set(settings(plain, rules))
    mapped = load(
        {"region": "valley", "lithology": {"file": "rocks.gpkg"}, "factors": {"seed": 3}, "benchmark": {"tier": "gpu"}}
    )
    assert settings(mapped, rules) == settings(plain, rules)
    read = settings(mapped, [*rules, "lithology"])  # by the network's weights
    assert read.pop("lithology")["file"] == "rocks.gpkg" and read == settings(plain, rules)

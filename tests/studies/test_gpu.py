"""Parts of studies/gpu.sh: what is carried, and that every part runs where only five packages are."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from studies.gpu import carried, prepare, run, told

REPOSITORY = Path(__file__).parents[2]
BLOCKED = """
import sys
OTHERS = "pydantic affine rasterio shapely geopandas pandas pyproj yaml tqdm numba matplotlib snakemake typer".split()
sys.modules.update(dict.fromkeys(OTHERS))  # refused, and not found where torch only looks for them
"""


def test_rounded_features_keep_twelve_bits():
    values = np.array([0.0, -3.14159, 4350.7, 1e-6, np.nan, np.inf, -1e30], np.float32)
    found = carried.rounded(values)
    assert np.allclose(found, values, rtol=2.0**-13, atol=0, equal_nan=True)
    assert (found[1:4].view(np.uint32) & 0x7FF == 0).all()


def test_a_scene_comes_back(tmp_path):
    scene = prepare.made_up(1, 3)
    carried.write_scene(tmp_path / "a.npz", scene)
    again = carried.read_scene(tmp_path / "a.npz")
    assert (again.region, again.name) == (scene.region, scene.name)
    assert np.array_equal(again.label, scene.label) and np.allclose(again.features, scene.features, rtol=2e-4)
    assert again.decoy is None
    piece = carried.read_scene(tmp_path / "a.npz", 64)
    assert piece.label.shape == (64, 64) and (piece.label == 1).sum() >= 32 * 34


def test_nothing_prepared_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="run python -m studies.gpu.prepare"):
        run.main(["--carried", str(tmp_path), "--out", str(tmp_path / "records")])


def test_the_parts_are_all_networks_at_both_widths(tmp_path):
    parts = prepare.benchmark_parts(tmp_path, None)
    names = [part["name"] for part in parts]
    assert len(names) == len(set(names)) and names[0] == "benchmark.quarter.drs_unet.s1"
    assert {part["network"] for part in parts} == set(prepare.registry.names())
    assert {part["recipe"]["samples"] for part in parts} == {4_000, 12_000}
    assert not any(part["keep"] for part in parts)


def test_a_part_that_fails_is_told_and_run_again(tmp_path, monkeypatch):
    carried.write_plan(tmp_path, [{"name": "checks", "kind": "checks"}])
    arguments = ["--carried", str(tmp_path), "--out", str(tmp_path / "records"), "--device", "cpu"]

    def broken(*_):
        raise RuntimeError("no memory")

    monkeypatch.setattr(run.checks, "run", broken)
    assert run.main(arguments) == 1
    path = run.record_path(tmp_path / "records", "checks")
    assert json.loads(path.read_text())["error"] == "RuntimeError: no memory"
    monkeypatch.setattr(run.checks, "run", lambda *_: {"checks": {"a": {"held": True}}, "failed": []})
    assert run.main(arguments) == 0
    written = path.stat().st_mtime_ns
    assert run.main(arguments) == 0 and path.stat().st_mtime_ns == written


def test_a_run_is_told_with_what_failed(tmp_path):
    carried.write_plan(tmp_path, [{"name": name} for name in ("checks", "one", "two")])
    head = {"device": "cpu", "smallest": True, "wall_s": 2.0}
    checks = {"a": {"held": True}, "b": {"held": None}}
    for name, record in {"checks": {"checks": checks}, "one": {}, "two": {"error": "no memory"}}.items():
        run.record_path(tmp_path, name).write_text(json.dumps(head | record))
    found = told.told(tmp_path, tmp_path)
    assert not found["met"] and found["measured"].startswith("2 of 3; 1 checks ran; longest part 2 s")
    run.record_path(tmp_path, "two").write_text(json.dumps(head))
    assert told.told(tmp_path, tmp_path)["met"]


def test_what_runs_there_imports_five_packages_alone():
    code = BLOCKED + "import studies.gpu.run, sarslide.linking.tensor, sarslide.insar.native.tensor;"
    code += "import sarslide.rates.sbas.inversion, sarslide.sentinel1.burst, sarslide.models.networks"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY, env={"PYTHONPATH": "src:."})


@pytest.mark.full
def test_every_part_runs_and_writes_its_record(tmp_path):
    """The smallest setting on the CPU; every check holds."""
    prepare.main(["--out", str(tmp_path), "--smallest"])
    code = BLOCKED + "import sys; from studies.gpu.run import main; sys.exit(main(sys.argv[1:]))"
    words = ["--carried", str(tmp_path), "--out", str(tmp_path / "records"), "--device", "cpu", "--smallest"]
    subprocess.run([sys.executable, "-c", code, *words], check=True, cwd=REPOSITORY, env={"PYTHONPATH": "src:."})
    for part in carried.read_plan(tmp_path):
        record = json.loads(run.record_path(tmp_path / "records", part["name"]).read_text())
        assert "error" not in record and record["smallest"], part["name"]
    checks = json.loads((tmp_path / "records/checks.json").read_text())
    assert checks["failed"] == [] and all(each["held"] for each in checks["checks"].values())

"""The page from files of runs: scores of made-up maps, tables, `not run`, what is kept and what is
dropped.
"""

import json
import logging
import shutil
from functools import cache

import numpy as np
import pytest
from studies.benchmark import page, records, runs, tables
from studies.benchmark import score_cells as cells
from studies.benchmark.runs import BenchmarkRun

from sarslide import papers
from sarslide.dataset.scenes import TrainingScene
from sarslide.models import registry

SET, CODES = "0123456789abcdef", {"glacier": 2, "mining": 4}
SHAPE = (160, 128)
DRS = BenchmarkRun("cpu", "quarter", "regions", "sarslide", "sarslide", "drs_unet", 1)


def scene(region: str, track: str, seed: int) -> TrainingScene:
    """Three landslides of the three types, a glacier and a mine."""
    rng = np.random.default_rng(seed)
    label, decoy, kind = (np.zeros(SHAPE, np.uint8) for _ in range(3))
    for number in (1, 2, 3):
        row, col = 40 * number - 20, int(rng.integers(0, 60))
        label[row : row + 12, col : col + 20] = 1
        kind[row : row + 12, col : col + 20] = number
    decoy[10:30, 95:115], decoy[100:120, 95:115] = CODES["glacier"], CODES["mining"]
    stack = rng.normal(size=(1, *SHAPE)).astype(np.float32)
    return TrainingScene(region, f"{region}/{track}", stack, label, label, decoy, kind)


def part(count: int, seed: int) -> list[TrainingScene]:
    return [scene(f"r{seed}{k}", track, 10 * seed + k) for k in range(count) for track in ("A128", "D062")]


TEST, TRANSFER, HELD_OUT = part(6, 1), part(3, 2), part(2, 3)


@cache
def scored(part: str, guess) -> dict:
    scenes = {"test": TEST, "transfer": TRANSFER, "patches": HELD_OUT}[part]
    return records.part_record(scenes, [guess(s) for s in scenes], 0.55, 20, CODES, 30.0)


def record(run: str, guess) -> dict:
    """Record of a run whose maps are guess(scene)."""
    parts = ["test", "transfer", *(["patches"] if ".patches." in run else [])]
    return {
        "region_set": SET,
        "run": run,
        "parameters": 1234567,
        "threshold": 0.55,
        "cost": {"cpu_s": 360.0, "threads": 1, "device": "cpu"},
        "curve": [[2000, 0.5, 0.2], [4000, 0.625, 0.15]],
        "parts": {part: scored(part, guess) for part in parts},
    }


def perfect(scene: TrainingScene) -> np.ndarray:
    return np.where(scene.label == 1, 0.9, 0.1).astype(np.float32)


def fooled(scene: TrainingScene) -> np.ndarray:
    """Types 1 and 2 found, the mine taken for a landslide."""
    return np.where((scene.landslide_kind % 3 > 0) | (scene.decoy == CODES["mining"]), 0.9, 0.1).astype(np.float32)


def write(folder, found: dict[str, dict]) -> None:
    for name, entry in found.items():
        (folder / "runs" / name).mkdir(parents=True)
        (folder / "runs" / name / "scores.json").write_text(json.dumps(entry))
        places = records.shown_windows(TEST)
        shown = records.shown_maps([perfect(s) for s in TEST], places)
        extra = {"rate_mm_per_yr": shown.astype(np.float32), "label": (shown > 127).astype(np.uint8)}
        np.savez(folder / "runs" / name / "patches.npz", probability=shown, **extra)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Baseline, two networks of the equal budget, one row of P0, one training on random patches."""
    folder = tmp_path_factory.mktemp("benchmark")
    other = BenchmarkRun("cpu", "quarter", "regions", "sarslide", "sarslide", "unet", 1)
    p0 = BenchmarkRun("cpu", "quarter", "regions", "p0", "p0_insar", "drs_unet", 1)
    leaking = BenchmarkRun("cpu", "quarter", "patches", "p0", "p0_insar", "drs_unet", 1)
    guesses = {runs.BASELINE: fooled, DRS.name: perfect, other.name: fooled, p0.name: fooled, leaking.name: perfect}
    write(folder, {name: record(name, guess) for name, guess in guesses.items()})
    return folder


@pytest.fixture(scope="module")
def made(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return page.write(results, folder, SET, None, None), folder


def table(content: dict, key: str) -> dict:
    return next(each for each in content["tables"] if each["key"] == key)


def row(found: dict, *start: str) -> dict[str, str]:
    line = next(line for line in found["rows"] if tuple(line[: len(start)]) == start)
    return dict(zip(found["columns"], line, strict=True))


def test_a_perfect_map_scores_one():
    found = record(DRS.name, perfect)["parts"]["test"]
    assert found["pixel"]["f1"] == found["object"]["f1"] == found["patch"]["f1"] == 1
    assert found["intervals"]["object"]["f1"] == [1, 1]
    assert {name: entry["fooled"] for name, entry in found["decoys"].items() if name in CODES} == {
        "glacier": 0,
        "mining": 0,
    }


def test_every_table_is_rectangular(made):
    content, _ = made
    for each in content["tables"]:
        assert all(len(line) == len(each["columns"]) for line in each["rows"]), each["key"]
        assert all(isinstance(cell, str) and cell for line in each["rows"] for cell in line), each["key"]


def test_all_networks_have_a_row(made):
    scores = table(made[0], "networks.cpu.quarter")
    assert [line[0] for line in scores["rows"]][3:] == registry.names()
    first = row(scores, "drs_unet")
    assert first["F1 by object, test"] == "1.000 [1.000, 1.000]"
    assert first["parameters M"] == "1.23" and first["threshold"] == "0.55" and first["CPU h of training"] == "0.10"
    # Two of three landslides found and one false object in each scene: F1 = 4 / 6.
    second = row(scores, "unet")
    assert second["F1 by object, test"].startswith("0.667 [")
    assert second["F1 by object less drs_unet's, test"] == "-0.333 [-0.333, -0.333]"
    # 12 test scenes with a glacier and a mine each; only the mines fool.
    assert second["decoys fooled, test"] == "12 of 24"
    assert row(scores, "vcnn")["F1 by cell, unseen climate"] == cells.NOT_RUN
    assert row(scores, tables.BASELINES[runs.BASELINE])["F1 by object, test"].startswith("0.667")


def test_decoys_and_types(made):
    decoys = row(table(made[0], "decoys.cpu.quarter"), "unet")
    assert (decoys["glacier"], decoys["mining"], decoys["false objects elsewhere"]) == ("0 of 18", "18 of 18", "0")
    kinds = row(table(made[0], "kinds.cpu.quarter"), "unet")
    assert [kinds[f"type {k}, test"] for k in (1, 2, 3)] == ["12 of 12", "12 of 12", "0 of 12"]
    assert kinds["of all planted, unseen climate"] == "12 of 18"


def test_papers_stand_beside_ours(made):
    found = table(made[0], "p0_t3.cpu.quarter")
    first = row(found, "DRs-UNet", "InSAR imagery")
    assert first["precision, paper"] == "96.07" and first["IoU, paper"] == "92.48"
    # By cell: two landslides of 240 cells found, one missed, a mine of 400 cells marked.
    assert first["precision, pooled"] == f"{100 * 480 / 880:.1f}" and first["recall, pooled"] == "66.7"
    assert row(found, "U-Net")["F1, pooled"] == cells.NOT_RUN
    for each in papers.tables():
        shown = tables.paper(each, made[0]["runs"], "cpu", "quarter")
        assert len(shown.rows) == len(each.rows)
        assert "4,000 samples, 1 seed, a quarter of the published widths" in shown.title
        if each.key == "p4_t5":
            last = dict(zip(shown.columns, shown.rows[-1], strict=True))
            assert last["F1, paper"] == "97.41" and last["F1, ours"] == cells.NOT_RUN


def test_optimism_of_the_random_split(made):
    found = table(made[0], "split.cpu.quarter")
    leaking, honest = row(found, "drs_unet", "random patches (P0)"), row(found, "drs_unet", "whole regions")
    assert leaking["own test patches: F1 pooled"].startswith("1.000") and leaking["optimism"] == "+0.000"
    assert honest["own test patches: F1 pooled"] == "–" and honest["leak-free test regions: F1 pooled"].startswith(
        "0.6"
    )
    assert row(found, "unet", "random patches (P0)")["optimism"] == cells.NOT_RUN


def test_sizes_are_the_papers(made):
    found = table(made[0], "sizes")
    assert [line[0] for line in found["rows"]] == registry.names()
    unet = row(found, "unet")
    assert (unet["parameters M"], unet["paper: M"], unet["paper: MB"]) == ("31.04", "31.03", "118.40")
    assert row(found, "vcnn")["paper: M"] == "–"


def test_seeds_of_the_best_stand_side_by_side(made):
    """Seed 1 of two networks was run; no other seed and no other network."""
    rows = {row[0]: row[1:] for row in tables.seeds(made[0]["runs"], "cpu", "quarter").rows}
    assert set(rows) == set(runs.BEST)
    assert rows["drs_unet"] == ["1.000, not run, not run"] * 4
    absent = [network for network in runs.BEST if network not in ("drs_unet", "unet")]
    assert all(rows[network] == ["not run"] * 4 for network in absent)


def test_only_what_was_run_has_tables(made):
    """Of P0 a row, which is in both of its tables; nothing of other papers, no second seed."""
    content, _ = made
    shown = {each["key"].split(".")[0] for each in content["tables"]}
    assert {key for key in shown if key in runs.TABLES} == {"networks", "p0_t3", "p0_t4", "split"}
    assert not any(".gpu." in each["key"] or each["key"].endswith(".published") for each in content["tables"])
    coverage = table(content, "coverage")["rows"]
    assert coverage[1][1:] == [f"2 of {len(registry.names())}", "2 of 12", "1 of 30", "2 of 6"]
    assert coverage[0][1:] == [cells.NOT_RUN] * 4
    # What was run of a budget is told whole, also where a kind of table lacks every run.
    one = BenchmarkRun("long", "quarter", "regions", *runs.EQUAL, "vcnn", 1).name
    found = {each[0]: each[1:] for each in tables.coverage({one: {}}).rows}
    assert found[tables.budget("long", "quarter")] == [f"1 of {len(registry.names())}", "1 of 12", "0 of 30", "0 of 6"]


def test_figures(made):
    from PIL import Image

    _, folder = made
    text = (folder / "benchmark.md").read_text()
    for name in ("f1", "patches"):
        path = folder / f"images/benchmark_{name}_cpu_quarter.png"
        assert f"](images/{path.name})" in text
        assert path.stat().st_size < 400_000
        assert np.asarray(Image.open(path).convert("L")).std() > 5
    assert not (folder / "images/benchmark_channels_cpu_quarter.png").exists()


def test_the_same_files_give_the_same_bytes(results, made, tmp_path):
    page.write(results, tmp_path, SET, None, None)
    for path in made[1].rglob("benchmark*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(made[1])).read_bytes(), path.name


def test_a_published_image_is_not_drawn_with_fewer_rows(results, made, tmp_path):
    """A machine with the threshold and one of two networks."""
    shutil.copytree(made[1], tmp_path / "page")
    shutil.copytree(results / "runs" / runs.BASELINE, tmp_path / "results/runs" / runs.BASELINE)
    shutil.copytree(results / "runs" / DRS.name, tmp_path / "results/runs" / DRS.name)
    image = tmp_path / "page/images/benchmark_patches_cpu_quarter.png"
    before = image.read_bytes()
    page.write(tmp_path / "results", tmp_path / "page", SET, made[1] / "benchmark.json", None)
    assert image.read_bytes() == before
    assert image.name in (tmp_path / "page/benchmark.md").read_text()


def test_published_rows_stay(made, tmp_path):
    """A machine with one run alone keeps the rows of the others, and its own run wins."""
    own = BenchmarkRun("cpu", "quarter", "regions", "sarslide", "sarslide", "unet", 1).name
    write(tmp_path / "results", {own: record(own, perfect)})
    found = page.gather(tmp_path / "results", made[1] / "benchmark.json", SET)
    assert set(found) == set(made[0]["runs"])
    assert found[own]["parts"]["test"]["object"]["f1"] == 1
    assert made[0]["runs"][own]["parts"]["test"]["object"]["f1"] < 1


def test_rows_of_another_region_set_are_dropped(results, made, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "studies.benchmark.page"):
        assert page.gather(results, made[1] / "benchmark.json", "another") == {}
    assert f"region set {SET}, now another: its rows are dropped" in caplog.text


def test_inference_tables_are_taken_over(results, tmp_path):
    validation = tmp_path / "validation.json"
    own = {"title": "Throughput", "command": "python -m studies.inference", "columns": ["network", "km2/s"]}
    content = {"8_throughput": {**own, "rows": [["unet", 12.345], ["vcnn", None]], "notes": ""}, "1_other": {}}
    validation.write_text(json.dumps(content))
    found = page.write(results, tmp_path / "page", SET, None, validation)
    shown = table(found, "8_throughput")
    assert shown["rows"] == [["unet", 12.345], ["vcnn", None]]
    text = (tmp_path / "page/benchmark.md").read_text()
    assert "| unet | 12.35 |" in text and "| vcnn | – |" in text
    assert "inference.py`: not run" not in text


def test_learning_curves_have_a_table(made):
    content, _ = made
    assert row(table(content, "curves.cpu.quarter"), "unet") == {
        "network": "unet",
        "2,000": "0.2 (0.50)",
        "4,000": "0.15 (0.62)",
        "loss, last step": "-25 %",
        "F1, last step": "+0.125",
    }


def test_the_weights_that_are_packaged_have_a_section():
    assert page.with_rows([]) == []
    each = {"what": "a preset", "goal": "above 0", "measured": 0.5, "met": True, "command": "python -m a"}
    assert page.with_rows([each])[-2] == "| a preset | above 0 |  | 0.5 | yes | `python -m a` |"


def test_seeds_are_averaged():
    """Three seeds on a GPU: mean score, mean ends; a difference takes the first seed."""
    found = [record(DRS.name, guess) for guess in (perfect, fooled, fooled)]
    ends = np.mean([r["parts"]["test"]["intervals"]["object"]["f1"] for r in found], axis=0)
    text = cells.score(found, "test", "object.f1", ends=True)
    assert text == f"{(1 + 2 / 3 + 2 / 3) / 3:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"
    assert cells.paired(found, found[1:], "test", "object").startswith("+0.333")


def test_region_sets_are_not_mixed(tmp_path):
    from sarslide.errors import TrainingError

    paths = [tmp_path / f"{name}.npz" for name in "ab"]
    for path in paths:
        np.savez(path, meta=np.array(json.dumps({"settings_hash": path.stem})))
    assert records.region_set(paths[:1]) == "a"
    with pytest.raises(TrainingError, match="of different region sets"):
        records.region_set(paths)

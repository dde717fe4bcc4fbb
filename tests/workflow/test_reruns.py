"""What reruns and what does not, on real runs of a small region."""

import hashlib
import json
import os
import re

import pytest

from sarslide.workflow import migration
from tests.workflow.conftest import SMALL

# What a new acquisition brings to each of the two stacks: its own files and two pairs' worth of jobs.
PER_STACK = [
    "simulate_date",
    "geocode_slc",
    "link_dates",
    "mean_amplitude",
    "average_phase",
    "rate_cycles",
    "stack_rates",
    "network",
    "closure",
    "phase_bias",
    "observability",
]
MAPS = ["segment", "candidates", "object_motion"]
ONCE = ["smallest_speed", "east_up", "fuse", "release", "score", "report"]


def test_the_first_run_makes_a_release_and_a_report(checkout):
    assert (checkout.folder / "results/valley/report/report.html").stat().st_size > 10_000
    assert json.loads((checkout.release() / "MANIFEST.json").read_text())["content_hash"]
    assert (checkout.folder / "results/valley" / migration.RECORD).read_text() == f"{migration.FORMAT}\n"


def test_a_second_run_does_nothing(checkout):
    assert checkout.planned() == {}


def test_a_copied_folder_has_nothing_to_do(own_checkout):
    """No job of a region reads a path of the installation: packaged weights enter by their hash."""
    assert own_checkout.planned() == {}


def test_file_times_of_scripts_do_not_count(checkout):
    """A fresh clone makes every script newer than the results."""
    for path in (checkout.folder / "workflow_scripts").glob("*.py"):
        os.utime(path)
    assert checkout.planned() == {}


def test_comments_rerun_nothing(checkout):
    for name in (
        "src/sarslide/insar/native/interferogram.py",
        "workflow_scripts/interferogram.py",
        "src/sarslide/inventory/fusion.py",
    ):
        path = checkout.folder / name
        path.write_text(path.read_text() + "\n# a remark that changes no number\n")
    assert checkout.planned() == {}


def test_a_changed_line_reruns_its_dependents(checkout):
    path = checkout.folder / "src/sarslide/inventory/fusion.py"
    text = path.read_text()
    path.write_text(text + "\nNOTHING_ELSE = 1\n")
    try:
        assert set(checkout.planned()) == {"fuse", "object_motion", "release", "score", "report"}
    finally:
        path.write_text(text)


@pytest.mark.parametrize("change", ["threshold: 0.6", "snowline_m: 4000", "min_slope_deg: 9", "min_area_km2: 0.03"])
def test_a_changed_threshold_reruns_nothing_above_the_inventory(checkout, change):
    """Nor anything beside it, but for the map of what can be seen, which has no flat ground."""
    planned = checkout.planned(config=[*SMALL, f"inventory={{{change}}}"])
    beside = {"smallest_speed": 1} if change.startswith("min_slope_deg") else {}
    assert planned == {"candidates": 2, "fuse": 1, "object_motion": 2, "release": 1, "score": 1, "report": 1} | beside


def test_one_new_date_runs_only_its_own_work(own_checkout):
    """Two pairs for the new date in each track; nothing of the older dates; the older release stays byte for byte."""
    folder = own_checkout.release()
    bytes_before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    engine = own_checkout.folder / "results/valley/A128/f0/native"
    made_before = {path: path.read_bytes() for name in ("ifg", "linked") for path in (engine / name).glob("*.tif")}
    longer = [*SMALL[:2], "simulation={dates: 4, new_dates: 1}", *SMALL[3:]]
    of_stacks = {word: 2 for word in PER_STACK + MAPS} | {"interferogram": 4, "unwrap": 4}
    assert own_checkout.planned(config=longer) == of_stacks | {word: 1 for word in ONCE}
    own_checkout.snakemake(config=longer)
    assert {path: path.read_bytes() for path in made_before} == made_before
    assert len(set((engine / "ifg").glob("*.unw_rad.tif")) - set(made_before)) == 2
    assert len(set((engine / "linked").glob("*.linked_rad.tif")) - set(made_before)) == 1
    assert own_checkout.release() != folder
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()} == bytes_before
    index = (own_checkout.folder / "results/valley/inventory/releases/INDEX.csv").read_text().splitlines()
    assert len(index) == 3 and folder.name in index[2]
    assert own_checkout.planned(config=longer) == {}


def test_a_rule_runs_again_for_all_of_its_pairs(own_checkout):
    output = own_checkout.snakemake("--dry-run", "-R", "unwrap").stdout
    assert re.search(r"^unwrap +10$", output, flags=re.M)
    assert not re.search(r"^(interferogram|geocode_slc) ", output, flags=re.M)


def test_the_report_of_snakemake_holds_the_main_outputs(own_checkout):
    own_checkout.snakemake("--report", "run.html")
    text = (own_checkout.folder / "run.html").read_text()
    for name in ("report.html", "scores.json", "network.png", "release.json"):
        assert name in text
    assert "Quality of the pairs" in text and "Inventory" in text

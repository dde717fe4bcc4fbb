"""The small demo end to end; the same killed ten times and resumed."""

import json
import os
import random
import re
import signal
import subprocess

import pytest

from sarslide.inventory.changes import LANDSLIDES
from sarslide.io import vector
from tests.support import small_demo
from tests.support.small_demo import CONFIG, REGION
from tests.workflow.conftest import Checkout


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Checkout, float]:
    """A finished run, and how many seconds it took."""
    return small_demo.finished(tmp_path_factory)


def test_planted_landslides_are_released_and_shown(whole):
    checkout, _ = whole
    folder = checkout.folder / "results" / REGION / "report"
    scores = json.loads((folder / "scores.json").read_text())
    found = {row["ls_id"] for row in scores["objects"]["planted"] if row["iou"] >= scores["criteria"]["match_iou"]}
    assert len(found) >= 2
    assert found <= set(vector.read(checkout.release(REGION) / "landslides.gpkg", LANDSLIDES)["ls_id"])
    page = (folder / "report.html").read_text()
    table = re.search(r'<section id="landslides">(.*?)</section>', page, flags=re.S)
    assert table and all(f">{ls_id}</button>" in table.group(1) for ls_id in found)
    drawn = json.loads(re.search(r'id="map-data">(.*?)</script>', page, flags=re.S).group(1))["vectors"]
    assert found <= {feature["id"] for layer in drawn for feature in layer["features"]}


def test_killed_ten_times_then_resumed_gives_the_same_content(whole, tmp_path):
    """`kill -9` of the whole process group at ten random moments, then `make resume`."""
    checkout, duration = whole
    killed = Checkout(tmp_path, CONFIG)
    moments, kills = random.Random(5), 0
    for number in range(10):
        run = subprocess.Popen(
            killed.command("--rerun-incomplete"), cwd=killed.folder, env=killed.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            run.wait(timeout=2 + moments.random() * 0.12 * duration)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            kills += 1
        if number < 9:  # the last lock is left for `make resume`
            killed.snakemake("--unlock")
    assert kills == 10
    resume = subprocess.run(
        ["make", "resume", "CORES=2", f"ARGS={REGION}"],
        cwd=killed.folder, env=killed.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert resume.returncode == 0, resume.stdout[-3000:] + resume.stderr[-3000:]
    contents = [json.loads((each.release(REGION) / "MANIFEST.json").read_text()) for each in (killed, checkout)]
    assert contents[0]["content_hash"] == contents[1]["content_hash"]
    leftovers = [p for p in (killed.folder / "results").rglob("*.part*")]
    assert all(path.name.startswith(".") for path in leftovers), "nothing half-written under a final name"

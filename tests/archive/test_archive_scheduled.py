"""`sarslide schedule` against the archive in a box: exit codes, lock, hook, kill -9."""

import json
import os
import signal
import subprocess
import sys
import time
from copy import copy

import numpy as np
import pytest
import yaml

from sarslide import exit_codes
from sarslide.schedule import lock
from tests.archive.conftest import DATES
from tests.archive.server import WORD, Fault, serving

SLC = "resources/valley/slc/A128"
GRID = {"epsg": 32647, "bounds": [518000, 3207200, 519800, 3209000], "dem": "glo30"}


class Place:
    """A working folder of a region at the archive, and the command in it."""

    def __init__(self, folder, archive) -> None:
        self.folder = folder
        how = archive.access(timeout_s=5.0, tries=50, pause_s=0.0)
        catalog = {"archive": "asf"} | {word: how.pop(word) for word in ("search_asf", "search_copernicus")}
        how["orbit_sources"] = how["orbit_sources"].split()
        region = {"source": "safe", "stacks": ["A128"], "grid": GRID, "catalog": catalog, "retrieve": how}
        (folder / "region.yaml").write_text(yaml.safe_dump(region))
        (folder / "hook.sh").write_text('cat >> "$1"\n')
        self.notices = folder / "notices.jsonl"
        self.environment = os.environ | {"SARSLIDE_NOTIFY": f"sh {folder}/hook.sh {self.notices}"}

    def start(self, *arguments: str) -> subprocess.Popen:
        words = [sys.executable, "-m", "sarslide", "schedule", "valley", "--directory", str(self.folder)]
        words += ["--cores", "2", "--configfile", "region.yaml", *arguments]
        return subprocess.Popen(
            words,
            env=self.environment,
            start_new_session=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str) -> tuple[int, dict, str]:
        """Exit code, summary that the hook got, and what was printed."""
        process = self.start(*arguments)
        out, err = process.communicate()
        assert not out, out
        return process.returncode, json.loads(self.notices.read_text().splitlines()[-1]), err

    def log(self, summary: dict) -> str:
        return (self.folder / summary["log"]).read_text()


@pytest.fixture
def place(tmp_path, archive) -> Place:
    (tmp_path / "work").mkdir()
    return Place(tmp_path / "work", archive)


def test_an_archive_that_is_down_and_dates_that_wait(place, archive):
    archive.faults = [Fault("500", "/search/")]
    code, summary, said_so = place.run()
    assert (code, summary["result"]) == (exit_codes.UNREACHABLE, "archive unreachable"), summary
    assert summary["problems"][0].startswith("E2002 ") and summary["problems"][0] in said_so
    assert summary["jobs"] == {} and summary["release_after"] == ""

    archive.faults, archive.now = [], np.datetime64("2019-03-28", "us")
    code, summary, _ = place.run()
    assert code == exit_codes.WAITING and summary["dates_waiting"] == [
        {"stack": "A128", "date": DATES[0], "reason": "waits for a second date of A128"},
        {"stack": "A128", "date": DATES[1], "reason": "waits for orbit"},
    ]


def test_an_archive_that_moves(place, archive):
    """What is there is not made again, and what is still to come is fetched from the new address."""
    first, second = (f"{SLC}/{date}" for date in DATES)
    assert place.run("--target", first)[1]["jobs"] == {"retrieve_slc": 1}
    with serving(copy(archive)) as moved:
        there = Place(place.folder, moved)
        code, summary, _ = there.run("--target", first, "--target", second)
    assert code == exit_codes.WAITING and summary["jobs"] == {"retrieve_slc": 1}, there.log(summary)
    assert list((place.folder / second).glob("*.tiff"))


def test_kill_in_a_download_and_the_run_that_goes_on(place, archive):
    """A second run beside a live one stops with a message; after kill -9 the next one unlocks and ends the work."""
    archive.faults = [Fault("drip", r"/cdn/.*tiff$")]
    targets = [word for date in DATES for word in ("--target", f"{SLC}/{date}")]
    first = place.start(*targets)
    while not any("/cdn/" in path and "tiff" in path for _, path, _ in archive.requests):
        assert first.poll() is None, first.communicate()
        time.sleep(0.05)
    code, summary, _ = place.run(*targets)
    assert (code, summary["exit_code"]) == (75, 75) and "another run holds" in summary["problems"][0]
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert lock.left_locked(place.folder) and not list((place.folder / SLC).glob("2*"))

    archive.faults = []
    code, summary, _ = place.run(*targets)
    assert code == exit_codes.WAITING, place.log(summary)
    reason = "waits for more dates of A128: 1 pairs, 3 are needed"
    assert [one["reason"] for one in summary["dates_waiting"]] == [reason, reason]
    assert summary["jobs"] == {"retrieve_slc": 2} and "--unlock" in place.log(summary)
    assert all(list((place.folder / SLC / date).glob("*.tiff")) for date in DATES)
    assert not lock.left_locked(place.folder)
    written = [path for path in place.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if WORD.encode() in path.read_bytes()] and not archive.leaks

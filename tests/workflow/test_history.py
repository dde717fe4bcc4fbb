"""What has changed behind the back of a run is one line with its cure."""

import os
import time
from pathlib import Path

import pytest

from sarslide.io.sidecar import write_json
from sarslide.workflow import checksums, history

SLC = "resources/alps/slc/A128/20190101"
ORBIT = f"{SLC}/S1A_POEORB.EOF"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder whose results were made from the products of one date."""
    monkeypatch.chdir(tmp_path)
    Path(f"{SLC}/S1A.SAFE/measurement").mkdir(parents=True)
    Path(ORBIT).write_text("a precise orbit")
    Path(f"{SLC}/S1A.SAFE/measurement/iw1.tiff").write_bytes(bytes(1000))
    checksums.record_sources("geocode_slc", [SLC, "/etc/hostname"])
    return tmp_path


def lines(folder):
    return [str(found) for found in history.changed_sources(folder, "alps")]


def test_sources_that_stay_are_silent(folder):
    assert lines(folder) == []
    os.utime(ORBIT)
    assert lines(folder) == []


def test_an_orbit_file_that_was_replaced_by_one_as_long(folder):
    before = Path(ORBIT).stat()
    Path(ORBIT).write_text("another orbit !")
    os.utime(ORBIT, ns=(before.st_atime_ns, before.st_mtime_ns))  # as cp -p does
    assert lines(folder) == [
        f"E1014 {ORBIT}: is not what the results were made from; cure: `touch` it and its folder, then run again: what was made "
        "from it is made again"
    ]
    checksums.record_sources("geocode_slc", [SLC])  # the job that reads it again
    assert lines(folder) == []


def test_a_product_that_was_withdrawn(folder):
    for path in sorted(Path(SLC).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    Path(SLC).rmdir()
    (line,) = lines(folder)
    assert line.startswith(
        f"E1014 {SLC}/S1A.SAFE/measurement/iw1.tiff, {ORBIT}: gone, but results were made from it and stay; cure"
    )


def test_records_of_sources_are_no_outputs(folder):
    from sarslide.workflow import verify

    assert verify.verify(folder, "alps").checked == 0


@pytest.mark.parametrize("records", [True, False])
@pytest.mark.parametrize("release", ["20190101-aaaaaaaa", "20190101-bbbbbbbb"])
def test_lost_records_of_snakemake(folder, records, release):
    write_json("results/alps/inventory/current.json", {"release": "20190101-aaaaaaaa-2"})
    if records:
        Path(".snakemake/metadata").mkdir(parents=True)
        Path(".snakemake/metadata/x").write_text("{}")
    found = list(history.lost_records(folder, "alps", lambda: release))
    assert len(found) == (not records and release.endswith("b"))
    for line in map(str, found):
        assert line.startswith("E1014 ") and "`sarslide run alps -- --forceall`" in line


def test_a_damaged_pointer_does_not_stop_the_run(folder):
    Path("results/alps/inventory").mkdir(parents=True)
    Path("results/alps/inventory/current.json").write_text("")
    assert list(history.lost_records(folder, "alps", lambda: "20190101-aaaaaaaa")) == []


def test_times_of_a_clock_that_was_ahead_are_corrected(folder):
    made = Path("results/alps/rate.tif")
    made.parent.mkdir(parents=True)
    made.write_text("")
    week = time.time() + 7 * 86400
    os.utime(made, (week, week))
    (line,) = map(str, history.correct_times(folder))
    assert line.startswith("E1014 results/alps/rate.tif: last changed 168 hours in the future, as the clock was ahead")
    assert made.stat().st_mtime <= time.time()
    assert history.correct_times(folder) == []

"""Hashes of outputs: recorded by the job that writes, compared by the job that reads and by verify."""

import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from sarslide.workflow.job import job
from sarslide.errors import DamageError
from sarslide.workflow import checksums, verify

RATE = "results/alps/D062/rate.tif"
SLC = "resources/alps/slc/20190101.SAFE"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a file and a folder that jobs wrote."""
    monkeypatch.chdir(tmp_path)
    Path(RATE).parent.mkdir(parents=True)
    (Path(SLC) / "measurement").mkdir(parents=True)
    Path(RATE).write_bytes(bytes(range(256)) * 1000)
    (Path(SLC) / "manifest.safe").write_text("<a/>")
    (Path(SLC) / "measurement" / "iw1.tiff").write_bytes(bytes(5000))
    checksums.record("stack_rates", [RATE])
    checksums.record("simulate_date", [SLC])
    return tmp_path


def flip(path, where=-1):
    data = bytearray(Path(path).read_bytes())
    data[where] ^= 1
    Path(path).write_bytes(bytes(data))


def snakemake(inputs=(), outputs=()):
    return SimpleNamespace(rule="segment", log=["logs/segment.log"], input=list(inputs), output=list(outputs))


def test_records_lie_beside_the_results_and_hold_every_file(folder):
    record = json.loads(Path("results/alps/checksums/D062/rate.tif.json").read_text())
    assert record["rule"] == "stack_rates" and list(record["files"]) == ["rate.tif"]
    record = json.loads(Path("resources/alps/checksums/slc/20190101.SAFE.json").read_text())
    assert sorted(record["files"]) == ["manifest.safe", "measurement/iw1.tiff"]
    assert record["files"]["measurement/iw1.tiff"]["bytes"] == 5000


def test_a_flipped_byte_stops_the_job_that_reads_it_and_the_file_is_made_again(folder, capsys):
    flip(RATE, 100_000)
    with pytest.raises(SystemExit), job(snakemake([RATE])):
        raise AssertionError("the job has begun")
    line = capsys.readouterr().err
    assert line.startswith(
        f"E1013 {RATE}: rate.tif does not have the hash that `stack_rates` wrote; it is now .rate.tif.damaged"
    )
    assert line.endswith("cure: run again: it is made again from what comes before it\n")
    assert not Path(RATE).exists() and Path("results/alps/D062/.rate.tif.damaged").exists()


@pytest.mark.parametrize("size", [0, 255_999])
def test_a_file_that_was_cut_or_emptied_is_found(folder, size, capsys):
    with open(RATE, "rb+") as stream:
        stream.truncate(size)
    with pytest.raises(SystemExit), job(snakemake([RATE])):
        pass
    assert f"has {size} bytes, not the 256000" in capsys.readouterr().err


@pytest.mark.parametrize("content", [bytes(4999), bytes(4999) + b"1"])
def test_of_a_folder_a_job_compares_every_file(folder, capsys, content):
    (Path(SLC) / "measurement" / "iw1.tiff").write_bytes(content)
    with pytest.raises(SystemExit), job(snakemake([SLC])):
        pass
    assert "E1013" in capsys.readouterr().err


def test_whole_inputs_and_files_of_users_are_read(folder):
    Path("dem.tif").write_text("of the user")
    with job(snakemake([RATE, SLC, "dem.tif", "/etc/hostname"])) as log:
        assert isinstance(log, logging.Logger)


def test_a_job_that_fails_leaves_no_record_of_what_it_was_to_write(folder):
    with pytest.raises(SystemExit), job(snakemake(outputs=[RATE])):
        raise RuntimeError
    assert not checksums.record_of(RATE).exists()


def test_a_job_records_what_it_writes(folder):
    with job(snakemake(outputs=["results/alps/new.json"])):
        Path("results/alps/new.json").write_text("{}")
    assert checksums.read(checksums.record_of("results/alps/new.json")).rule == "segment"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rule": "a", "path": "b", "kind": "file", "files": {"b": 1}}'])
def test_a_damaged_record_is_one_coded_line(folder, text, capsys):
    checksums.record_of(RATE).write_text(text)
    with pytest.raises(SystemExit), job(snakemake([RATE])):
        pass
    line = capsys.readouterr().err
    assert line.startswith(f"E1013 {RATE}: its record is damaged (results/alps/checksums/D062/rate.tif.json: ")
    assert line.count("\n") == 1 and not Path(RATE).exists()


def test_verify_finds_every_kind_of_damage(folder):
    assert verify.verify(folder, "alps") == verify.Findings(checked=3, hashed=3)
    flip(Path(SLC) / "measurement" / "iw1.tiff")
    Path(RATE).unlink()
    found = verify.verify(folder, "alps")
    assert list(found.damaged) == [SLC] and found.missing == [RATE]
    assert verify.report(found).splitlines() == [
        f"damaged: {SLC}: iw1.tiff does not have the hash that `simulate_date` wrote",
        "2 files compared, 2 of them by their hash: 1 damaged, 1 outputs are gone",
    ]


def test_verify_fast_compares_all_sizes_and_the_hashes_of_a_sample(folder):
    found = verify.verify(folder, "alps", fast=True, seed=1)
    assert found.checked == 3 and found.hashed == 2  # the large one is left out of this sample
    with open(RATE, "ab") as stream:
        stream.write(b"x")
    assert RATE in verify.verify(folder, "alps", fast=True, seed=1).damaged


def test_what_is_made_again_with_the_same_content_gets_its_time_back(folder):
    whole, before_ns = Path(RATE).read_bytes(), Path(RATE).stat().st_mtime_ns
    flip(RATE)
    before = verify.times(folder, "alps")
    verify.set_aside(folder, [RATE])
    assert not Path(RATE).exists()
    Path(RATE).write_bytes(whole)
    checksums.record("stack_rates", [RATE])
    assert verify.restore_times(folder, before) == []
    # An edit does not count as the time of the output: it was there before its record.
    assert before_ns <= Path(RATE).stat().st_mtime_ns <= before[RATE][1]
    assert not list(Path("results").rglob("*.damaged"))


def test_what_comes_out_otherwise_is_named(folder):
    before = verify.times(folder, "alps")
    verify.set_aside(folder, [RATE])
    Path(RATE).write_bytes(b"other")
    assert verify.restore_times(folder, before) == [RATE]


def test_a_missing_record_is_no_damage(folder):
    checksums.record_of(RATE).unlink()
    checksums.check_inputs([RATE])
    with pytest.raises(DamageError):
        checksums.read(checksums.record_of(RATE))


def test_of_a_large_file_a_job_compares_the_size(folder, monkeypatch):
    monkeypatch.setattr(checksums, "MAX_CHECKED_BYTES", 1000)
    flip(RATE)
    checksums.check_inputs([RATE])
    Path(RATE).write_bytes(b"")
    with pytest.raises(DamageError):
        checksums.check_inputs([RATE])


def test_after_a_power_loss_the_outputs_of_the_last_minutes_are_compared(folder):
    Path("results/alps/old.tif").write_text("old")
    checksums.record("stack_rates", ["results/alps/old.tif"])
    os.utime(checksums.record_of("results/alps/old.tif"), (1, 1))
    for zeroed in ("results/alps/old.tif", RATE, checksums.record_of(f"{SLC}")):
        Path(zeroed).write_bytes(bytes(Path(zeroed).stat().st_size))
    found = [str(one) for one in verify.set_recent_aside(folder)]
    assert [line.split(":")[0] for line in sorted(found)] == [f"E1013 {SLC}", f"E1013 {RATE}"]
    assert not Path(RATE).exists() and not Path(SLC).exists() and Path("results/alps/old.tif").exists()


def test_of_a_large_file_of_a_user_the_size_is_recorded(folder, monkeypatch):
    monkeypatch.setattr(checksums, "MAX_SOURCE_BYTES", 100)
    checksums.record_of(SLC).unlink()
    checksums.record_sources("geocode_slc", [SLC])
    files = checksums.read(checksums.record_of(SLC, checksums.SOURCES)).files
    assert files["measurement/iw1.tiff"] == checksums.Member(5000, "") and files["manifest.safe"].sha256

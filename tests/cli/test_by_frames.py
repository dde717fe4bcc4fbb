"""`sarslide run`: one call of Snakemake for a region that one plan holds, calls by frames for a larger one."""

import json
from pathlib import Path

import pytest

from sarslide.cli import by_frames, start
from sarslide.cli.start import Request
from sarslide.workflow import frame_calls

VALUES = ["simulation.dates=4", "grid.frame_km=6", "grid.frame_margin_km=0.6"]


@pytest.fixture
def called(monkeypatch, tmp_path) -> list[tuple[list[str], list[str]]]:
    """Values and arguments of each call of Snakemake, which ends well."""
    found = []

    def call(request, arguments, held, record):
        found.append((list(request.values), list(arguments)))
        return 0

    monkeypatch.setattr(start, "call", call)
    monkeypatch.setattr(start, "further", [])
    return found


@pytest.fixture
def request_of(tmp_path) -> Request:
    return Request("valley", VALUES, (), tmp_path, "1")


def test_frames_below_the_limit_are_one_call(called, request_of, capsys):
    assert by_frames.run(request_of) == 0
    assert called == [(VALUES, [])] and not by_frames.show(request_of)


def test_a_larger_region_goes_by_frames(called, request_of, monkeypatch, capsys):
    monkeypatch.setattr(frame_calls, "MAX_JOBS", 300)
    monkeypatch.setattr(frame_calls, "CALL_JOBS", 260)
    assert by_frames.run(request_of, "--rerun-incomplete") == 0
    assert [values[3:] for values, _ in called[-1:]] == [["joined=true"]]
    assert all(values[:3] == VALUES and values[3].startswith("frames=[f") for values, _ in called[:-1])
    assert called[0][1] == ["--rerun-incomplete", "--keep-going"] and called[-1][1] == ["--rerun-incomplete"]
    shown = capsys.readouterr().out
    assert "frames 1 to 2 of 6: " in shown and "6 of 6 frames are joined" in shown
    # `sarslide resume` goes on with the whole region, not with the frames of one call.
    last = json.loads((request_of.folder / ".sarslide.lock").read_text())
    assert last == {"region": "valley", "targets": [], "values": VALUES}


def test_finished_frames_are_listed_and_skipped(called, request_of, monkeypatch, capsys):
    monkeypatch.setattr(frame_calls, "MAX_JOBS", 300)
    by_frames.run(request_of)
    called.clear()
    assert by_frames.show(request_of)
    assert capsys.readouterr().out.count("finished") == 6
    by_frames.run(request_of)
    assert [values[3:] for values, _ in called] == [["joined=true"]]


def test_targets_of_the_user_are_one_call(called, request_of, monkeypatch):
    monkeypatch.setattr(frame_calls, "MAX_JOBS", 300)
    monkeypatch.setattr(start, "further", ["coco_export", "--jobs", "3"])
    by_frames.run(request_of)
    assert called == [(VALUES, [])]
    called.clear()
    monkeypatch.setattr(start, "further", ["--jobs", "3"])
    by_frames.run(request_of)
    assert len(called) == 2


def test_a_folder_that_is_not_the_current_one_is_read(called, request_of, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(frame_calls, "MAX_JOBS", 300)
    by_frames.run(request_of)
    assert (request_of.folder / "results/valley/frames").is_dir() and not list(Path().iterdir())

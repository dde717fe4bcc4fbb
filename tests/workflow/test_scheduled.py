"""The parts of `sarslide schedule`: arguments, lock, Snakemake's log, what changed, logs, hook."""

import errno
import os
import subprocess
import sys
import time

import pytest

from sarslide import cli, exit_codes
from sarslide.catalog import scenes
from sarslide.cli.schedule import scheduled_run
from sarslide.cli.start import Request
from sarslide.config import load, reading
from sarslide.errors import ConfigError, LockError, OutputError
from sarslide.schedule import lock, run, snakemake_log, state
from sarslide.workflow import events
from tests.support import releases


def test_a_wrong_configuration_is_one_line_and_nothing_is_written(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["schedule", "valley", "--directory", str(tmp_path), "--set", "gird.epsg=1"])
    assert end.value.code == exit_codes.REFUSED
    assert capsys.readouterr().err.startswith("E1001 ") and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("more", "passed"), [({}, ["--cores", "all"]), ({"profile": "slurm"}, ["--workflow-profile", "slurm"])]
)
def test_arguments_go_to_snakemake(tmp_path, more, passed):
    (tmp_path / "more.yaml").write_text("inventory: {snowline_m: 4000}\n")
    request = Request("valley", ["inventory.min_slope_deg=9"], ["more.yaml"], tmp_path, **more)
    order = scheduled_run(request, keep=3)
    assert order.snakemake == passed and order.keep == 3 and order.folder == tmp_path
    values = ["--config", "region=valley", 'inventory={"min_slope_deg": "9"}']
    assert order.config_arguments == ["--configfile", "more.yaml", *values]
    assert (order.config.inventory.snowline_m, order.config.inventory.min_slope_deg) == (4000, 9)


def test_a_value_without_a_key_is_named(tmp_path):
    with pytest.raises(ConfigError, match="E1001 --config region: is not key=value"):
        reading.read(tmp_path, values=["region"])


def test_the_lock_outlives_a_killed_parent(tmp_path):
    """A child that has the descriptor holds the lock; its end lets go of it."""
    with lock.held(tmp_path) as held:
        child = subprocess.Popen(["sleep", "60"], pass_fds=(held,))
        with pytest.raises(LockError), lock.held(tmp_path):
            pass
    with pytest.raises(LockError), lock.held(tmp_path):
        pass
    child.kill()
    child.wait()
    with lock.held(tmp_path):
        pass


def test_a_snakemake_started_by_hand_is_seen(tmp_path):
    program = tmp_path / "snakemake"
    program.write_text("import time; time.sleep(60)\n")
    assert lock.live_snakemake(tmp_path) == []
    process = subprocess.Popen([sys.executable, str(program)], cwd=tmp_path)
    try:
        while lock.live_snakemake(tmp_path) != [process.pid]:
            assert process.poll() is None
            time.sleep(0.01)
        (tmp_path / ".snakemake/locks").mkdir(parents=True)
        (tmp_path / ".snakemake/locks/0.input.lock").touch()
        summary = run.run(run.ScheduledRun(tmp_path, load({"region": "valley"})))
        assert summary["exit_code"] == exit_codes.LOCKED and str(process.pid) in summary["problems"][0]
    finally:
        process.kill()
        process.wait()


def test_the_log_of_snakemake():
    down = "E2002 https://a: the search answers 500, 7 times; cure: run again later"
    text = f"preflight: level check\n  error E2003 account no login; cure: x\nwarning: dates wait for their orbits: {down}\n"
    pair = {"stack": "A128", "pair": "20190306_20190318"}
    happened = [
        {"event": "failed", "rule": "interferogram", "wildcards": pair, "logs": ["a.log"], "problem": ""},
        {"event": "finished", "rule": "interferogram", "wildcards": pair},
        {"event": "finished", "rule": "interferogram", "wildcards": pair | {"pair": "20190318_20190330"}},
        {"event": "finished", "rule": "release", "wildcards": {}},
        {"event": "finished", "rule": "all", "wildcards": {}},
    ]
    assert snakemake_log.finished_jobs(happened) == {"interferogram": 2, "release": 1}
    assert snakemake_log.failed_jobs(happened) == []
    assert snakemake_log.problems(happened, text) == [down]
    assert not snakemake_log.archive_unreachable(happened, text)
    failed = {"event": "failed", "rule": "retrieve_slc", "wildcards": pair, "logs": ["b.log"], "problem": down}
    assert snakemake_log.problems([*happened, failed], text) == [down]
    assert snakemake_log.archive_unreachable([*happened, failed], text)
    assert snakemake_log.failed_jobs([*happened, failed, failed]) == [
        {"rule": "retrieve_slc", "wildcards": pair, "logs": ["b.log"], "problem": down}
    ]
    other = failed | {"rule": "unwrap", "problem": "E3006 x; cure: y"}
    assert not snakemake_log.archive_unreachable([failed, other], text)
    assert not snakemake_log.archive_unreachable([failed], text + "E1001 config: x; cure: y\n")


def test_events_of_a_killed_run(tmp_path, monkeypatch):
    path = tmp_path / "events.jsonl"
    monkeypatch.setenv(events.EVENTS_VARIABLE, str(path))
    (tmp_path / "a.log").write_text("2026-11-21 ERROR sarslide.unwrap: E3006 x; cure: y\ndone\n")
    assert events.read_events(path) == []
    problem = events.coded_error([str(tmp_path / "a.log"), str(tmp_path / "none.log")])
    events.add_event(events.FAILED, "unwrap", {"stack": "A128"}, ["a.log"], problem)
    with open(path, "a") as stream:
        stream.write('{"event": "fini')
    assert events.read_events(path) == [
        {"event": "failed", "rule": "unwrap", "wildcards": {"stack": "A128"}, "logs": ["a.log"], "problem": problem}
    ]
    assert problem == "E3006 x; cure: y"


def test_what_came_since_the_release_before(tmp_path):
    """Two releases since: one of a run that was killed before it could point to it, and one of this run."""
    dates = [["20190306", "20190318"], ["20190306", "20190318", "20190330"]]
    assert state.state(tmp_path) == state.RegionState()
    found = []
    for number, release in enumerate(("20190318-aaaaaaaa", "20190330-bbbbbbbb", "20190330-cccccccc"), 1):
        kinds = ("new" if number == 2 else "grown", "persisting")
        lines = tuple(releases.change_line(f"LS{k:06d}", kind) for k, kind in enumerate(kinds, 1))
        releases.write(tmp_path, release, lines, sequence=number, dates={"A128": dates[number > 1]})
        found.append(state.state(tmp_path))
    before, _, after = found
    assert state.added(before, after) == {"A128": ["20190330"]}
    assert state.changes(tmp_path, before, after) == {"grown": 1, "new": 1, "persisting": 2}
    assert state.changes(tmp_path, after, after) == {} and state.added(after, after) == {}


def test_old_logs_go(tmp_path):
    for number in range(5):
        (tmp_path / f"2019030{number}T000000.000000Z.log").touch()
        (tmp_path / f"2019030{number}T000000.000000Z.json").touch()
    # Our own has an earlier name than logs of a clock that was ahead, and stays.
    run._rotate(tmp_path, 2, tmp_path / "20190302T000000.000000Z.log")
    assert sorted(path.name[:8] for path in tmp_path.iterdir()) == ["20190302"] * 2 + ["20190304"] * 2


def test_what_snakemake_leaves_behind_goes(tmp_path):
    for name in ("log/1.snakemake.log", "log/2.snakemake.log", "scripts/tmp1.py", "metadata/kept"):
        (tmp_path / ".snakemake" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / ".snakemake" / name).touch()
    os.utime(tmp_path / ".snakemake/log/2.snakemake.log", (1, 1))
    run._tidy(tmp_path, 1)
    left = sorted(path.name for path in (tmp_path / ".snakemake").rglob("*") if path.is_file())
    assert left == ["1.snakemake.log", "kept"]


def test_a_folder_that_cannot_be_written_is_refused_before_any_step(tmp_path, monkeypatch):
    order = scheduled_run(Request("demo_small", folder=tmp_path))
    (tmp_path / "results").write_text("no folder")
    with pytest.raises(OutputError, match="E1007 .*results: is not a folder"):
        run.run(order)


def test_a_full_disk_of_the_scheduler_is_one_coded_line(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(run.Steps, "all", full)
    with pytest.raises(OutputError, match="E1007 .*logs/demo_small/scheduled: cannot be written, no space left"):
        run.run(scheduled_run(Request("demo_small", folder=tmp_path)))


@pytest.mark.parametrize("content", [b"", b"[]", "{}".encode("utf-16"), b'{"release": "x"}'])
def test_a_damaged_release_is_one_coded_line(tmp_path, content, capsys):
    """Before any step: the hook has it, too."""
    inventory = tmp_path / "results/valley/inventory"
    releases.write(inventory, "20190330-aaaaaaaa")
    (inventory / "releases/20190330-aaaaaaaa/MANIFEST.json").write_bytes(content)
    with pytest.raises(SystemExit) as end:
        cli.main(["schedule", "valley", "--directory", str(tmp_path), "--notify", f"tee {tmp_path}/summary"])
    (text,) = capsys.readouterr().err.strip().splitlines()
    assert end.value.code == exit_codes.REFUSED
    assert "E5002 " in text and "20190330-aaaaaaaa/MANIFEST.json: " in text and "; cure: restore the folder" in text
    assert "E5002 " in (tmp_path / "summary").read_text()


def test_a_hook_that_fails_is_reported_and_changes_nothing(tmp_path):
    assert run.notify(f"tee {tmp_path}/summary", {"region": "a"}) == ""
    assert (tmp_path / "summary").read_text() == '{"region": "a"}\n'
    assert run.notify("false", {}) == "the hook ended with 1: "
    assert run.notify("no-such-command", {}).startswith("the hook does not run")


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        (["20190306"], "waits for a second date of A128"),
        (["20190306", "20190318"], "waits for more dates of A128: 1 pairs, 3 are needed"),
        (["20190306", "20190318", "20190330"], state.UNFINISHED),
    ],
)
def test_a_young_region_waits_for_further_dates(tmp_path, dates, reason):
    (tmp_path / "valley").mkdir()
    rows = [
        dict.fromkeys(scenes.COLUMNS, "") | {"stack": "A128", "date": date, "granule": f"{date}.SAFE"} for date in dates
    ]
    lines = [",".join(row.values()) for row in rows]
    (tmp_path / "valley/scenes.csv").write_text("\n".join([",".join(scenes.COLUMNS), *lines, ""]))
    config = load({"region": "valley", "source": "safe", "stacks": ["A128"], "grid": {"dem": "dem.tif"}})
    found = state.waiting(config, tmp_path, state.RegionState())
    assert [(one["date"], one["reason"]) for one in found] == [(date, reason) for date in dates]
    assert state.waiting(config, tmp_path, state.RegionState("x", 1, {"A128": dates})) == []
    assert (state.short(config, scenes.table(config, tmp_path)) or state.UNFINISHED) == reason

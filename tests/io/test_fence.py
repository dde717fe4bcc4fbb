"""A job that an earlier run left behind changes nothing, with locks and where there are none."""

import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest

from sarslide.errors import LockError
from sarslide.io import atomic, fence
from sarslide.io.atomic import atomic_file, atomic_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder in which no lock of this process outlives the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(fence.VARIABLE, "unset")
    monkeypatch.delenv(fence.VARIABLE)
    monkeypatch.setattr(fence, "_held", [])
    monkeypatch.setattr(fence, "_folder", tmp_path)
    (tmp_path / "results").mkdir()
    yield tmp_path
    for lock in fence._held:
        os.close(lock)


@pytest.fixture
def without_locks(monkeypatch):
    """As on a network file system without locks, or on a second host."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def newer_run(folder, monkeypatch):
    """A run begins in the folder while the present one goes on."""
    ours = os.environ[fence.VARIABLE]
    fence.begin(folder)
    monkeypatch.setenv(fence.VARIABLE, ours)


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_what_an_orphan_finishes_gets_no_name(folder, monkeypatch, without_locks, writer):
    fence.begin(folder)
    path = folder / "results" / "rate.tif"
    with pytest.raises(LockError, match="E1012 .*newer run has begun"), writer(path) as temporary:
        if writer is atomic_file:
            temporary.write_text("of four dates")
        newer_run(folder, monkeypatch)
        if writer is atomic_file:
            temporary.write_text("of four dates, again")
    assert list((folder / "results").iterdir()) == []


def test_an_orphan_that_looked_at_the_record_too_early_finds_its_file_gone(folder, monkeypatch, without_locks):
    fence.begin(folder)
    path = folder / "results" / "rate.tif"
    path.write_text("of five dates")
    looked, check = [], fence.check

    def stopped_after_the_check():
        check()
        if not looked:
            looked.append(True)
            newer_run(folder, monkeypatch)

    monkeypatch.setattr(fence, "check", stopped_after_the_check)
    with pytest.raises(LockError), atomic_file(path) as temporary:
        temporary.write_text("of four dates")
    assert path.read_text() == "of five dates"


def test_an_orphan_of_a_queue_that_starts_late_does_not_begin(folder, monkeypatch, without_locks):
    fence.begin(folder)
    newer_run(folder, monkeypatch)
    with pytest.raises(LockError, match="newer run"):
        fence.join()


def test_the_newest_run_goes_on(folder, without_locks):
    fence.begin(folder)
    fence.join()
    with atomic_file(folder / "results" / "a.txt") as temporary:
        temporary.write_text("done")
    assert (folder / "results" / "a.txt").read_text() == "done"


def test_a_run_removes_what_earlier_ones_left_unfinished_and_nothing_else(folder, monkeypatch, without_locks):
    place = folder / "results" / "deep"
    place.mkdir()
    kept = [".S1A.zip.part", ".git", "a.part.tif", ".notes.part"]
    for name in kept:
        (place / name).write_text("")
    monkeypatch.setenv(fence.VARIABLE, "0123abcd")
    fence.unfinished(place / "rate.tif").write_text("half")
    (fence.unfinished(place / "folder") / "below").mkdir(parents=True)
    fence.begin(folder)
    assert sorted(path.name for path in place.iterdir()) == sorted(kept)


JOB = """
import subprocess, sys
from sarslide.io import fence
fence.join()
if "child" in sys.argv:
    program = subprocess.Popen(["sleep", "60"], pass_fds=fence.inherited(), stdout=subprocess.DEVNULL)
    print("ready", flush=True)
    print(program.pid, flush=True)
else:
    print("ready", flush=True)
    sys.stdin.read()
"""


def job(folder, *arguments):
    """A process that is a job of the folder's run, once it holds its lock."""
    script = folder / ".snakemake" / "scripts" / "tmp1.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(JOB)
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    return process


def test_a_run_does_not_begin_while_a_job_of_another_works(folder):
    (folder / fence.RECORD).write_text("0123abcd")
    with job(folder) as working:
        for begin in (fence.begin, fence.refuse_jobs):
            with pytest.raises(LockError, match=rf"E1012 .*process {working.pid}\); cure: wait for its end"):
                begin(folder)
        assert (folder / fence.RECORD).read_text() == "0123abcd"
        working.kill()
    fence.refuse_jobs(folder)
    fence.begin(folder)


def test_a_program_that_a_job_has_started_holds_the_lock_when_the_job_is_gone(folder):
    (folder / fence.RECORD).write_text("0123abcd")
    with job(folder, "child") as ended:
        program = int(ended.stdout.readline())
        ended.wait()
    with pytest.raises(LockError):
        fence.begin(folder)
    os.kill(program, signal.SIGKILL)


def test_two_runs_do_not_work_in_one_folder(folder):
    fence.begin(folder)
    with pytest.raises(LockError):
        fence.begin(folder)


def test_a_rename_by_itself_is_fenced(folder, monkeypatch, without_locks):
    fence.begin(folder)
    (folder / "results" / "a").write_text("")
    newer_run(folder, monkeypatch)
    with pytest.raises(LockError):
        atomic.rename(folder / "results" / "a", folder / "results" / "b")

"""Orphans, zeroed files, a clock that jumps: what the small demo makes is what it makes undisturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sarslide import exit_codes
from sarslide.io import fence
from sarslide.io.hashes import sha256
from tests.support import small_demo
from tests.support.small_demo import REGION
from tests.workflow.conftest import Checkout, copied

EARLIER_NEWS, NEWS = (["--set", f"simulation.new_dates={count}"] for count in (1, 2))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Checkout:
    """A finished run, into which nobody writes."""
    return small_demo.finished(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def with_news(whole, tmp_path_factory) -> dict[str, str]:
    """Content after two new dates, undisturbed."""
    own = copied(whole, tmp_path_factory.mktemp("with_news") / "own")
    assert sarslide(own, "run", *NEWS).wait() == 0
    return content(own)


def sarslide(checkout: Checkout, *words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "sarslide", words[0], REGION, *words[1:]]
    command += ["--cores", "2"] if words[0] != "verify" or "--repair" in words else []
    with open(checkout.folder / "console.txt", "a") as console:
        return subprocess.Popen(
            command,
            cwd=checkout.folder,
            env=checkout.environment,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )


def content(checkout: Checkout) -> dict[str, str]:
    """Content hash of the current release, and hashes of all rasters."""
    results = checkout.folder / "results" / REGION
    found = {"release": json.loads((results / "inventory" / "current.json").read_text())["content_hash"]}
    rasters = (path for path in results.rglob("*.tif") if not path.name.startswith("."))
    return found | {path.relative_to(results).as_posix(): sha256(path) for path in rasters}


def stopped_job(checkout: Checkout, rule: str, *words: str) -> tuple[subprocess.Popen, int]:
    """A run whose job of a rule stands still, with its process."""
    run = sarslide(checkout, *words)
    while run.poll() is None:
        for pid in fence.jobs_in(checkout.folder):
            if f".{rule}.py" in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGSTOP)
                return run, pid
        time.sleep(0.02)
    raise AssertionError(f"{rule} did not run: {(checkout.folder / 'console.txt').read_text()[-3000:]}")


def killed_above(run: subprocess.Popen, orphan: int) -> None:
    """Kill the command and its Snakemake; the job lives on."""
    import psutil

    for process in [*psutil.Process(run.pid).children(recursive=True), psutil.Process(run.pid)]:
        if process.pid != orphan:
            process.kill()
    run.wait()


def ended(pid: int) -> None:
    """Wait for the end of a process that is nobody's child."""
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        time.sleep(0.1)


def test_an_orphan_stops_new_runs_here_and_changes_nothing_after_one_elsewhere(whole, with_news, tmp_path):
    own = copied(whole, tmp_path / "own")
    run, orphan = stopped_job(own, "stack_rates", "run", *EARLIER_NEWS)
    killed_above(run, orphan)
    assert sarslide(own, "resume", *NEWS).wait() == exit_codes.LOCKED
    assert sarslide(own, "schedule", *NEWS).wait() == exit_codes.LOCKED
    (line,) = [
        one for one in (own.folder / "console.txt").read_text().splitlines() if "E1012" in one and str(orphan) in one
    ][:1]
    assert f"works here (process {orphan}); cure: wait for its end, or end it" in line
    # A second host sees neither the locks nor the processes of this one.
    (own.folder / fence.JOBS).unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sitecustomize.py").write_text("from sarslide.io import fence\nfence.jobs_in = lambda folder: []\n")
    own.environment["PYTHONPATH"] = f"{elsewhere}{os.pathsep}{own.environment['PYTHONPATH']}"
    assert sarslide(own, "resume", *NEWS).wait() == 0, (own.folder / "console.txt").read_text()[-3000:]
    assert content(own) == with_news
    os.kill(orphan, signal.SIGCONT)
    ended(orphan)
    assert content(own) == with_news
    log = (own.folder / f"logs/{REGION}/stack_rates").rglob("*.log")
    assert any("a newer run has begun" in path.read_text() for path in log)
    assert not list((own.folder / "results").rglob(".*.part*"))


@pytest.mark.full
def test_files_of_the_last_seconds_are_zeroed_by_a_power_loss(whole, tmp_path):
    own = Checkout(tmp_path / "own", small_demo.CONFIG)
    run, job = stopped_job(own, "stack_rates", "run")
    os.killpg(run.pid, signal.SIGKILL)
    os.kill(job, signal.SIGKILL)
    run.wait()
    last = time.time() - 9
    zeroed = [path for top in ("results", "resources") for path in (own.folder / top).rglob("*") if path.is_file()]
    zeroed = [path for path in zeroed if path.stat().st_mtime > last]
    for path in zeroed:
        state = path.stat()
        path.write_bytes(bytes(state.st_size))
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert zeroed and sarslide(own, "resume").wait() == 0, (own.folder / "console.txt").read_text()[-3000:]
    assert content(own) == content(whole)


@pytest.mark.full
def test_a_clock_that_was_ahead(whole, with_news, tmp_path):
    own = copied(whole, tmp_path / "own")
    for top in ("results", "resources"):
        for path in (own.folder / top).rglob("*"):
            state = path.lstat()
            later = state.st_mtime_ns + 3 * 86_400 * 10**9
            os.utime(path, ns=(later, later), follow_symlinks=False)
    assert sarslide(own, "schedule", *NEWS).wait() == 0, (own.folder / "console.txt").read_text()[-3000:]
    assert content(own) == with_news
    log = max((own.folder / f"logs/{REGION}/scheduled").glob("*.log")).read_text()
    assert "E1014 " in log and "as the clock was ahead" in log


@pytest.mark.full
def test_lost_records_of_snakemake_and_a_changed_key(whole, tmp_path):
    import shutil

    own = copied(whole, tmp_path / "own")
    shutil.rmtree(own.folder / ".snakemake")
    assert sarslide(own, "run").wait() == 0
    assert "E1014" not in (own.folder / "console.txt").read_text()
    shutil.rmtree(own.folder / ".snakemake", ignore_errors=True)
    assert sarslide(own, "run", "--set", "inventory.min_area_km2=0.03").wait() == 0
    assert "E1014" in (own.folder / "console.txt").read_text()


@pytest.mark.full
def test_damaged_outputs_are_found_and_made_again(whole, tmp_path):
    own = copied(whole, tmp_path / "own")
    before = content(own)
    for pattern in ("D062/f0/native/gslc/*.tif", "D062/f0/native/ifg/*.json"):
        path = sorted((own.folder / "results" / REGION).glob(pattern))[-1]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    assert sarslide(own, "verify").wait() == exit_codes.FAILED
    assert sarslide(own, "verify", "--repair").wait() == 0, (own.folder / "console.txt").read_text()[-3000:]
    assert sarslide(own, "verify").wait() == 0
    assert content(own) == before
    assert own.planned() == {}

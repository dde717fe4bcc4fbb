"""`make test-slurm`: the workflow through a real Slurm with profiles/slurm, while a job, the node and the controller are killed.

The release must be the one of a local run: same content. Reduced to four dates of one track, a small region of two frames;
`--full` runs the whole demo. `--record` writes the outcome into studies/records/operations.json, key "slurm". Needs root: it
installs and starts Slurm.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sarslide.io.hashes import sha256
from tests.slurm import cluster
from tests.workflow.conftest import Checkout

PROFILE = "profiles/slurm"
# What a copy of the profile for this cluster would say: no database, no accounts, two cores.
SITE = ["--workflow-profile", PROFILE, "--cores", "2", "--jobs", "4", "--set-threads", "segment=2", "train_network=2"]
SITE += ["--slurm-status-command", "squeue", "--slurm-no-account", "--slurm-init-seconds-before-status-checks", "2"]
SITE += ["--latency-wait", "20"]
# Two frames, one above the other, and what joins them.
FRAMES = "grid={bounds: [517500, 3206400, 520500, 3210000], frame_km: 2, frame_margin_km: 0.3}"
REDUCED = ["region=valley", "stacks=[A128]", FRAMES, "simulation={dates: 4}"]
NODE_AWAY_S = 30  # longer than SlurmdTimeout: the controller takes the node for dead
PATIENCE_S = 3600


class Faults(threading.Thread):
    """One fault after the other, each while a job runs that was submitted after the last fault's."""

    def __init__(self, slurm: cluster.Cluster) -> None:
        super().__init__(daemon=True)
        self.slurm, self.met, self.last, self.over = slurm, [], 0, threading.Event()

    def run(self) -> None:
        try:
            for fault in (self.kill_job, self.kill_controller, self.kill_node):
                job = self.next_job()
                if not job:
                    return
                # the comment of a submission: its rule or group
                what = self.slurm.ask("squeue", "--noheader", f"--jobs={job}", "--format=%k")
                self.met.append({"fault": fault.__doc__.rstrip("."), "job": f"{job} {what}", **fault(job)})
                say(str(self.met[-1]))
        except Exception as error:
            self.met.append({"fault": str(error)})
            say(f"the faults ended: {error!r}")

    def next_job(self) -> str:
        """A running job that was submitted after the last that was hit, some seconds old; empty when the run is over."""

        def later() -> list[str]:
            return [job for job in self.slurm.jobs() if int(job) > self.last]

        while not self.over.is_set():
            self.slurm.until(lambda: later() or self.over.is_set(), PATIENCE_S, "no new job")
            self.over.wait(3)
            if found := later():
                self.last = int(found[0])
                return found[0]
        return ""

    def kill_job(self, job: str) -> dict:
        """a running job is killed."""
        self.slurm.ask("scancel", "--signal=KILL", "--full", job)
        seconds = self.slurm.until(lambda: job not in self.slurm.jobs(), 120, "the job lives on")
        return {"then": "Snakemake submits it again", "seconds": round(seconds, 1)}

    def kill_controller(self, job: str) -> dict:
        """the controller (slurmctld) is killed and comes back after 10 s."""
        self.slurm.kill("slurmctld")
        time.sleep(10)
        self.slurm.start("slurmctld")
        seconds = self.slurm.until(lambda: self.slurm.ask("squeue", "--noheader"), 120, "no controller")
        return {"then": "jobs run on, Snakemake asks again", "seconds": round(10 + seconds, 1)}

    def kill_node(self, job: str) -> dict:
        """the node's daemons (slurmd, slurmstepd) are killed and come back after 30 s."""
        self.slurm.kill_node()
        orphans = len(self.slurm.processes("python"))
        time.sleep(NODE_AWAY_S)
        self.slurm.start("slurmd")
        seconds = self.slurm.until(lambda: self.slurm.restarts(job), 300, "the job is not run again")
        then = f"the cluster puts it back into the queue, while {orphans} programs of the first try still run"
        return {"then": then, "seconds": round(NODE_AWAY_S + seconds, 1)}


def say(line: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def release(checkout: Checkout) -> dict:
    """The pointer to the release of a finished run."""
    return json.loads((checkout.folder / "results/valley/inventory/current.json").read_text())


def rasters(checkout: Checkout) -> dict[str, str]:
    """Checksum of every raster of the results, by its path."""
    results = checkout.folder / "results"
    return {path.relative_to(results).as_posix(): sha256(path) for path in sorted(results.rglob("*.tif"))}


def timed(work: Callable[[], None]) -> float:
    """Seconds of a piece of work."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


def through_slurm(checkout: Checkout, slurm: cluster.Cluster, faults: bool) -> list[dict]:
    """One run through the cluster: the faults that it met. AssertionError where the run fails."""
    thread = Faults(slurm)
    if faults:
        thread.start()
    inherited = [path for path in [os.environ.get("PYTHONPATH")] if path]  # where the plugin may lie
    checkout.environment["SLURM_CONF"] = slurm.environment["SLURM_CONF"]
    checkout.environment["PYTHONPATH"] = os.pathsep.join([checkout.environment["PYTHONPATH"], *inherited])
    try:
        checkout.snakemake(*SITE)
    finally:
        thread.over.set()
    if faults:
        thread.join(PATIENCE_S)
    return thread.met


def submissions(slurm: cluster.Cluster) -> int:
    """Number of the last job of the cluster, which counts from 1."""
    numbers = slurm.ask("squeue", "--noheader", "--states=all", "--format=%i").split()
    return max((int(number) for number in numbers), default=0)


def compare(folder: Path, config: list[str], faults: bool = True) -> dict:
    """The same region locally and through Slurm: what was run and met, and whether the releases are the same."""
    for name in ("local", "slurm", "cluster"):
        (folder / name).mkdir(parents=True)
    local, remote = Checkout(folder / "local", config), Checkout(folder / "slurm", config)
    say("local run")
    local_s = timed(lambda: local.snakemake())
    cpus = os.cpu_count() or 1
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    met: list[dict] = []
    with cluster.Cluster(folder / "cluster", cpus, memory_mb) as slurm:
        say("run through Slurm")
        slurm_s = timed(lambda: met.extend(through_slurm(remote, slurm, faults)))
        jobs = submissions(slurm)
        say("once more: nothing to do")
        again = remote.snakemake("--workflow-profile", PROFILE, "--dry-run").stdout
    here, there = release(local), release(remote)
    maps, others = rasters(local), rasters(remote)
    version = subprocess.run(["slurmctld", "-V"], capture_output=True, text=True).stdout.strip()
    return {
        "cluster": f"{version}, one node, {cpus} cores",
        "config": config,
        "submissions": jobs,
        "local_s": round(local_s),
        "slurm_s": round(slurm_s),
        "faults": met,
        "release": there["release"],
        "content_hash": {"local": here["content_hash"], "slurm": there["content_hash"]},
        "rasters": {"made": len(maps), "equal": sum(others.get(path) == digest for path, digest in maps.items())},
        "same": all(here[word] == there[word] for word in ("content_hash", "release")) and maps == others,
        "second_run": "nothing to be done" if "Nothing to be done" in again else again[-500:],
    }


def wrong(outcome: dict) -> list[str]:
    """What is wrong with an outcome of `compare`; empty where the run met all faults and made what the local run made."""
    met = sum("then" in fault for fault in outcome["faults"])
    return (
        ([] if outcome["same"] else ["the release through Slurm differs from the local one"])
        + ([] if outcome["second_run"] == "nothing to be done" else [f"a second run: {outcome['second_run']}"])
        + ([] if met == 3 else [f"{met} of 3 faults were met: {outcome['faults']}"])
    )


def record(outcome: dict, key: str) -> None:
    """Put an outcome under `slurm` of studies/records/operations.json and write the page."""
    from studies import operations

    known = json.loads(operations.CONTENT.read_text())
    operations.record({"slurm": known.get("slurm", {}) | {key: outcome}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the whole demo instead of a small region")
    parser.add_argument("--record", action="store_true", help="write the outcome into studies/records/operations.json")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the runs")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("make test-slurm installs and starts Slurm: run it as root, on a machine or container of your own")
    cluster.install()
    if lacking := cluster.missing():
        sys.exit(f"no Slurm can be started here without: {', '.join(lacking)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the daemons are ended in any case
    folder = Path(tempfile.mkdtemp(prefix="sarslide-slurm-"))
    try:
        outcome = compare(folder, ["region=valley"] if asked.full else REDUCED)
    finally:
        if asked.keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(outcome, indent=1))
    if asked.record:
        record(outcome, "valley" if asked.full else "reduced")
    if found := wrong(outcome):
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()

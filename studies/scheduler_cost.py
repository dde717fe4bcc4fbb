"""What Snakemake's main process costs, with Snakemake's own settings and with ours.

Stub jobs in the demo's shape.

    python -m studies.scheduler_cost                300 and 3,000 jobs, alone and beside busy loops,
                                                    about ten minutes
    python -m studies.scheduler_cost --jobs 300     300 only

The stub workflow has the demo's chains (SLC, pair, unwrapping), its fan-in (all pairs of a track
into each of its maps), several outputs, a log and a benchmark a job. Its jobs are a `touch`; those
of a run of 300 sleep too, so that the run lasts: what timers cost grows with jobs times time.
Writes its rows into studies/records/structure.json; `before` are Snakemake's own settings, run
beside ours at the same time.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studies.structure import records
from studies.structure.records import REPOSITORY
from studies.structure.snakemake_cost import run

COMMAND = "python -m studies.scheduler_cost"
GOAL_CPU_S = 0.2  # of the main process, a job
DATES, NEIGHBOURS = 22, 3
BUSY_LOOPS = 2

SNAKEFILE = """
from sarslide.workflow import scheduling

DATES, NEIGHBOURS, WAIT_S = int(config["dates"]), int(config["neighbours"]), config["wait_s"]
STACKS = [f"A{number:03d}" for number in range(int(config["tracks"]))]
PAIRS = [f"{one:03d}_{two:03d}" for two in range(DATES) for one in range(max(0, two - NEIGHBOURS), two)]
MAPS = ["rate", "std", "coherence", "terrain", "quality", "window", "features", "mask", "segment"]
UNWRAPPED = [f"unwrap/{pair}.{kind}" for pair in PAIRS for kind in ("tif", "json")]
COHERENCE = [f"pair/{pair}.coherence.tif" for pair in PAIRS]


rule all:
    input: "results/inventory.json"
RULES

rule inventory:
    input: expand("results/{stack}/map/{map}.tif", stack=STACKS, map=MAPS)
    output: "results/inventory.json"
    shell: "touch {output}"


onstart:
    if config["ours"] == "yes":
        scheduling.drop_default_rate_limit(workflow)
"""

RULE = """
rule {rule}:
    input: {inputs}
    output: {outputs}
    log: "logs/{{stack}}/{rule}/{{{key}}}.log"
    benchmark: "benchmarks/{{stack}}/{rule}/{{{key}}}.tsv"
    params: code=lambda wildcards: "0123456789abcdef"
    resources: mem_mb=lambda wildcards, input, attempt: int(1000 * attempt)
    shell: f"sleep {{WAIT_S}}; touch {{{{output}}}} {{{{log}}}}"
"""
# Rule, its wildcard beside the track, endings of its outputs, inputs.
CHAIN = [
    ("slc", "date", ("tif", "json"), "[]"),
    (
        "pair",
        "pair",
        ("tif", "coherence.tif", "json"),
        'lambda w: [f"results/{w.stack}/slc/{date}.tif" for date in w.pair.split("_")]',
    ),
    (
        "unwrap",
        "pair",
        ("tif", "json"),
        '"results/{stack}/pair/{pair}.tif", "results/{stack}/pair/{pair}.coherence.tif"',
    ),
    ("map", "map", ("tif",), 'lambda w: [f"results/{w.stack}/{name}" for name in UNWRAPPED + COHERENCE]'),
]


def snakefile() -> str:
    """Text of the stub workflow."""
    rules = []
    for rule, key, endings, inputs in CHAIN:
        outputs = ", ".join(f'"results/{{stack}}/{rule}/{{{key}}}.{ending}"' for ending in endings)
        rules.append(RULE.format(rule=rule, key=key, inputs=inputs, outputs=outputs))
    return SNAKEFILE.replace("RULES", "\n".join(rules))


@dataclass(frozen=True)
class Case:
    """One run.

    jobs: about so many. wait_s: each job sleeps so long. ours: with our profile and without the
    rate limit.
    """

    jobs: int
    wait_s: float
    ours: bool
    cores: int = 2

    @property
    def tracks(self) -> int:
        """Tracks of the stub: one has about 150 jobs."""
        return max(1, round(self.jobs / 152))

    def run(self) -> dict[str, float]:
        """CPU seconds of the main process, and jobs."""
        config = {"tracks": self.tracks, "dates": DATES, "neighbours": NEIGHBOURS, "wait_s": self.wait_s}
        words = [f"{name}={value}" for name, value in config.items()] + [f"ours={'yes' if self.ours else 'no'}"]
        profile = ["--workflow-profile", str(REPOSITORY / "profiles/default")] if self.ours else []
        with tempfile.TemporaryDirectory() as folder:
            stub = Path(folder) / "Snakefile"
            stub.write_text(snakefile())
            options = ("--cores", str(self.cores), *profile, "--config", *words)
            cost, _ = run(REPOSITORY, Path(folder), *options, snakefile=stub)
            jobs = len(list(Path(folder).glob("benchmarks/*/*/*.tsv"))) + 2
        return {"cpu_s": cost["main_cpu_s"], "jobs": jobs}


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Loops beside what is measured that take a core each."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def measured(jobs: int, wait_s: float, loaded: bool, before: bool) -> dict:
    """The row of one size.

    `before`: Snakemake's own settings beside ours, at the same time on the same machine.
    """
    with busy(BUSY_LOOPS * loaded), ThreadPoolExecutor() as pool:
        theirs = pool.submit(Case(jobs, wait_s, ours=False).run) if before else None
        ours = pool.submit(Case(jobs, wait_s, ours=True).run).result()
    cost = _cost(ours)
    load = f"{BUSY_LOOPS} busy loops beside" if loaded else "nothing started beside"
    what = f"stub jobs: CPU s of Snakemake's main process a job, {jobs:,} jobs, {load}"
    earlier = _cost(theirs.result()) if theirs else None
    return records.row(what, cost, COMMAND, f"<= {GOAL_CPU_S}", cost <= GOAL_CPU_S, earlier)


def _cost(run: dict[str, float]) -> float:
    """CPU seconds a job."""
    return round(run["cpu_s"] / run["jobs"], 4)


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[300, 3000])
    parser.add_argument("--wait-s", type=float, default=0.6, help="sleep of each of 300 jobs (default 0.6)")
    parser.add_argument("--no-record", action="store_true", help="print only")
    chosen = parser.parse_args()
    rows = []
    for jobs in chosen.jobs:
        small = jobs <= 300
        for loaded in (False, True):
            rows.append(measured(jobs, chosen.wait_s if small else 0, loaded, before=small))
            print(rows[-1], flush=True)
    if not chosen.no_record:
        records.publish(rows)


if __name__ == "__main__":
    main()

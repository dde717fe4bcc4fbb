"""CPU s of the default chain of the native engine and of the chain before it, in turn.

    python -m studies.rates.cost --made FOLDER --region demo --folder OUT

FOLDER holds the region, finished. Each run makes it again in a copy from geocoded SLCs on: pairs,
rates, maps, inventory, scores and report, one job at a time. The chain before has no linked phases,
one weight for all pairs and the cycles of the unwrapper. CPU s are those of all jobs as the system
counts them, without Snakemake's own. The whole chain adds what the benchmark files of FOLDER say
of simulation, SLCs, geometry and terrain, which both chains share.
"""

import argparse
import os
import shutil
from pathlib import Path

from sarslide.report.tables import run_time_rows
from studies.rates import put, row
from studies.structure.records import REPOSITORY
from studies.structure.snakemake_cost import run

COMMAND = "python -m studies.rates.cost --made FOLDER --region {region} --folder OUT"
BEFORE = ("interferogram={linking: none}", "rates={weighting: none, rate_cycles: false}")
MOST, ROUNDS = 1.3, 2
OF_PAIRS = ("linked", "ifg", "averaging", "quality", "observability", "stacking")
OF_REGION = ("inventory", "report", "smallest_speed", "east_up", "benchmarks", "logs", ".snakemake", ".sarslide.*")
SHARED = ("simulate_world", "simulate_stack", "geocode_slc", "stack_geometry", "mean_amplitude", "terrain")


def _linked(source: str, target: str) -> None:
    """Large files are linked, no job writes into one; others are copied."""
    if source.endswith((".tif", ".tiff")):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def cpu_s(made: Path, folder: Path, region: str, keys: tuple[str, ...]) -> float:
    """CPU s of all jobs from geocoded SLCs on, in a copy of a finished region."""
    shutil.rmtree(folder, ignore_errors=True)
    leave = shutil.ignore_patterns(*OF_PAIRS, *OF_REGION)
    shutil.copytree(made, folder, copy_function=_linked, ignore=leave)
    words = ("--cores", "1", "--nolock", "--rerun-triggers", "mtime", "--config", f"region={region}", *keys)
    cost, _ = run(REPOSITORY, folder, *words)
    shutil.rmtree(folder)
    return cost["jobs_and_children_cpu_s"]


def rows_of(made: Path, folder: Path, region: str, rounds: int) -> list[dict]:
    """Run both chains in turn; rows from pairs on and of the whole chain, means of the runs."""
    costs: dict[str, list[float]] = {"before": [], "now": []}
    for number in range(rounds):
        for name, keys in (("before", BEFORE), ("now", ())):
            costs[name].append(cpu_s(made, folder / f"{name}{number}", region, keys))
    before, now = (sum(found) / rounds for found in costs.values())
    benchmarks = run_time_rows(made / "results" / region / "benchmarks")
    shared = sum(one["cpu_s"] for one in benchmarks if one["rule"].startswith(SHARED))
    each = "; ".join(f"{name} {', '.join(f'{value:.1f}' for value in found)}" for name, found in costs.items())

    def ratio(what: str, other: float) -> dict:
        found = (other + now) / (other + before)
        text = f"{other + now:.1f} ({found:.2f} times)"
        command = COMMAND.format(region=region)
        return row(
            f"cost, {region}: CPU s of jobs, {what}",
            text,
            command,
            f"<= {MOST} of before",
            found <= MOST,
            round(other + before, 1),
        )

    return [ratio(f"from pairs on, {rounds} runs in turn ({each})", 0.0), ratio("whole chain", shared)]


def main() -> None:
    """Run, compare; record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=Path, required=True, metavar="FOLDER", help="working folder, finished")
    parser.add_argument("--region", required=True)
    parser.add_argument("--folder", type=Path, required=True, metavar="OUT", help="for the copies, emptied again")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/rates.json")
    chosen = parser.parse_args()
    found = rows_of(chosen.made.resolve(), chosen.folder.resolve(), chosen.region, chosen.rounds)
    if chosen.record:
        put(found)
    else:
        print("\n".join(f"{each['what']}: {each['before']} -> {each['measured']}" for each in found))


if __name__ == "__main__":
    main()

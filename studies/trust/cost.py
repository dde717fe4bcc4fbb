"""What syncing, reading back, hashes and fences cost: the demo with and without them, alternately.

    python -m studies.trust.cost --folder FOLDER
    python -m studies.trust.cost --folder FOLDER --region demo_small --pairs 3

Without: a `sitecustomize` in front of every process turns them off. CPU seconds are those of all
processes; wall clock is that of a machine with nothing else to do. Writes rows of
studies/records/trust.json.
"""

import argparse
import json
import os
import shutil
from pathlib import Path
from statistics import median

from studies.demo import run_region
from studies.trust import put, row

COMMAND = "python -m studies.trust.cost --folder FOLDER"
MAX_CPU_PERCENT, MAX_WALL_PERCENT = 5, 10
OFF = '''
"""Turns off what makes files safe, module by module as they are imported."""

import importlib.util
import sys


def nothing(*arguments, **options):
    return ""


CHANGES = {
    "sarslide.io.atomic": {"_settled": nothing, "_sync": nothing},
    "sarslide.io.hashes": {"remember": nothing},
    "sarslide.io.blocks": {"Checksums.add": nothing, "Checksums.compare": nothing},
    "sarslide.io.raster": {"_compare_cog": nothing},
    "sarslide.io.vector": {"_whole": lambda *_: nothing},
    "sarslide.io.fence": {"begin": nothing, "join": nothing, "check": nothing},
    "sarslide.workflow.checksums": dict.fromkeys(("check_inputs", "record", "record_sources", "forget"), nothing),
    "sarslide.workflow.history": {"correct_times": lambda folder: [], "found": lambda *_: []},
}


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name not in CHANGES:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            for place, change in CHANGES[name].items():
                owner, _, leaf = place.rpartition(".")
                setattr(getattr(module, owner) if owner else module, leaf, change)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())
'''


def measured(folder: Path, region: str, safe: bool) -> dict[str, float]:
    """Cost of one run."""
    shutil.rmtree(folder, ignore_errors=True)
    off = folder.parent / "off"
    off.mkdir(parents=True, exist_ok=True)
    (off / "sitecustomize.py").write_text(OFF)
    before = os.environ.get("PYTHONPATH", "")
    if not safe:
        os.environ["PYTHONPATH"] = f"{off}{os.pathsep}{before}"
    try:
        cost, scores = run_region(region, folder, 2)
    finally:
        os.environ["PYTHONPATH"] = before
    shutil.rmtree(folder)
    return cost | {name: scores[name] for name in ("object_recall", "object_precision", "scored")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the runs go")
    parser.add_argument("--region", default="valley")
    parser.add_argument("--pairs", type=int, default=2, help="runs with and runs without")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    record = folder / f"cost-{chosen.region}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    found = [json.loads(line) for line in record.read_text().splitlines()] if record.is_file() else []
    while len(found) < 2 * chosen.pairs:
        safe = len(found) % 2 == 0
        found.append({"safe": safe} | measured(folder / "run", chosen.region, safe))
        with open(record, "a") as stream:
            print(json.dumps(found[-1]), file=stream)
        print(found[-1], flush=True)
    put(rows(found, chosen.region))


def rows(found: list[dict], region: str) -> list[dict]:
    """Of runs with and without, alternately."""
    made = []
    for key, name, most in (("cpu_s", "CPU s", MAX_CPU_PERCENT), ("wall_s", "wall clock", MAX_WALL_PERCENT)):
        with_, without = (median(one[key] for one in found if one["safe"] == safe) for safe in (True, False))
        percent = 100 * (with_ / without - 1)
        what = f"{region}: cost of syncing, reading back, hashes and fences, % of {name}"
        shown = f"{percent:.1f} ({with_:g} against {without:g} s, {len(found) // 2} runs each)"
        made.append(row(what, shown, COMMAND, f"<= {most}", percent <= most))
    return made


if __name__ == "__main__":
    main()

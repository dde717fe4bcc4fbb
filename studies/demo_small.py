"""The small demo end to end, as after a fresh installation: seconds, and landslides found.

    python -m studies.demo_small --folder FOLDER

The folder is a working folder of its own and must be empty. Numba's compiled functions are kept in
it, so that none of an earlier run counts. Wall clock is that of a machine with nothing else to do.
"""

import argparse
import json
import os
from pathlib import Path

from studies.demo import run_region
from studies.door import put, row

COMMAND = "python -m studies.demo_small --folder FOLDER"
MAX_WALL_S, MIN_FOUND = 180, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder, in which it runs")
    parser.add_argument("--cores", type=int, default=2, help="cores for Snakemake (default 2)")
    chosen = parser.parse_args()
    os.environ["NUMBA_CACHE_DIR"] = str((chosen.folder / "numba").resolve())
    cost, scores = run_region("demo_small", chosen.folder, chosen.cores)
    put(rows(cost, scores, chosen.cores))
    (chosen.folder / "cost.json").write_text(json.dumps(cost) + "\n")


def rows(cost: dict, scores: dict, cores: int) -> list[dict]:
    """Of one run; cost and scores as of `run_region`."""
    least = scores["criteria"]["match_iou"]
    found = sum(planted["iou"] >= least for planted in scores["objects"]["planted"])
    quick, wall = cost["wall_s"] <= MAX_WALL_S, f"<= {MAX_WALL_S}"
    return [
        row(f"small demo on {cores} cores: wall clock, s", cost["wall_s"], COMMAND, wall, quick),
        row("small demo: CPU s, Snakemake and all jobs", cost["cpu_s"], COMMAND),
        row("small demo: peak memory, GB", cost["peak_gb"], COMMAND),
        row("small demo: landslides planted", scores["planted"], COMMAND, f">= {MIN_FOUND}", scores["planted"] >= MIN_FOUND),
        row("small demo: landslides released", scores["released"], COMMAND),
        row("small demo: released that match a planted one", found, COMMAND, f">= {MIN_FOUND}", found >= MIN_FOUND),
    ]  # fmt: skip


if __name__ == "__main__":
    main()

"""Run the demo, or the drawn valley, end to end for given seeds, each in a folder of its own.

    python -m studies.demo --seeds 101 102 103 --folder /tmp/demo [--region valley]

prints one line per seed (scores, CPU seconds, memory and disk) and the worst of them, and writes
the same numbers to studies/results/{region}.json. The valley has goals.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from studies.demo_goals import unmet

REPOSITORY = Path(__file__).resolve().parents[1]
WANTED = ["object_recall", "object_precision", "object_f1", "planted", "scored", "decoys"]
WANTED += ["los_rmse_mm_per_yr", "predicted_rmse_mm_per_yr"]


def run_seed(region: str, seed: int, folder: Path, cores: int) -> dict:
    """One run of a region on a seed: its cost and its scores."""
    cost, scores = run_region(region, folder, cores, f"simulation={{seed: {seed}}}")
    return {"seed": seed, **cost, **{key: scores[key] for key in WANTED}}


def run_region(region: str, folder: Path, cores: int, *config: str) -> tuple[dict, dict]:
    """One run of the workflow in `folder`.

    Cost: wall and CPU seconds, peak memory of all its processes (GB), disk (GB). And the scores.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        str(Path(sys.executable).parent / "snakemake"), "--cores", str(cores), "--snakefile", str(REPOSITORY / "Snakefile"),
        "--directory", str(folder), "--config", f"region={region}", *config,
    ]  # fmt: skip
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with open(folder / "snakemake.log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        peak = PeakMemory(process.pid)
        peak.start()
        code = process.wait()
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        raise SystemExit(f"{region}: the run failed, see {folder / 'snakemake.log'}")
    cost = {
        "wall_s": round(wall),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime),
        "peak_gb": round(peak.bytes / 1e9, 2),
        "disk_gb": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e9, 2),
    }
    return cost, json.loads((folder / f"results/{region}/report/scores.json").read_text())


class PeakMemory(threading.Thread):
    """Samples the summed resident memory of a process and its descendants ten times a second."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.root, self.bytes = psutil.Process(pid), 0

    def run(self) -> None:
        while self.root.is_running():
            total = 0
            try:
                for process in [self.root, *self.root.children(recursive=True)]:
                    total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            self.bytes = max(self.bytes, total)
            time.sleep(0.1)


def line(row: dict) -> str:
    """One run as a line of text."""
    predicted = row["predicted_rmse_mm_per_yr"]
    rmse = ", ".join(f"{k} {v:.2f} ({v / predicted[k]:.2f} of predicted)" for k, v in row["los_rmse_mm_per_yr"].items())
    return (
        f"seed {row['seed']}: recall {row['object_recall']:.3f} precision {row['object_precision']:.3f},"
        f" scored {row['scored']}, planted {row['planted']}; RMSE mm/yr {rmse}; {row['wall_s']} s wall, {row['cpu_s']} CPU s,"
        f" {row['peak_gb']} GB memory, {row['disk_gb']} GB disk"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region", choices=["demo", "valley"], default="demo")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1848], help="seeds of the region (default: its own)")
    parser.add_argument("--folder", type=Path, required=True, help="where the runs go, one subfolder a seed")
    parser.add_argument("--cores", type=int, default=2, help="cores for Snakemake (default 2)")
    parser.add_argument("--keep", action="store_true", help="keep SAFE products and geocoded SLCs of finished runs")
    chosen = parser.parse_args()
    rows = []
    for seed in chosen.seeds:
        folder = chosen.folder / str(seed)
        rows.append(run_seed(chosen.region, seed, folder, chosen.cores))
        missed = unmet(rows[-1]) if chosen.region == "valley" else []
        print(line(rows[-1]), *missed, sep="\n  ", flush=True)
        if not chosen.keep:
            shutil.rmtree(folder / "resources" / chosen.region / "slc")
            for gslc in folder.glob(f"results/{chosen.region}/*/*/native/gslc"):
                shutil.rmtree(gslc)
    recall, precision = (min(row[f"object_{name}"] for row in rows) for name in ("recall", "precision"))
    print(f"worst recall {recall:.3f}, worst precision {precision:.3f}")
    output = REPOSITORY / f"studies/results/{chosen.region}.json"
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Peak memory of every rule for regions of 1, 4 and 9 frames, and for a frame of the default size.

    python -m studies.frames.memory --folder FOLDER

One simulated track of four dates in the drawn valley, to inventory and report. Memory is
that of Snakemake's benchmarks, `max_rss`. A region of one frame has no margin, a frame of 20 km
among others has 1.44 times its cells: the ratio of regions of 4 and 9 frames stands beside. What
stands in FOLDER is read, not made again.
"""

import argparse
from pathlib import Path

from sarslide.report.tables import run_time_rows
from studies.frames import put, row
from studies.runs import sarslide

COMMAND = "python -m studies.frames.memory --folder FOLDER"
STACK, DATES, WEST, SOUTH = "D062", 4, 480_000, 3_180_000
SIDE_KM, FRAMES, DEFAULT_KM = 20, (1, 4, 9), 60
RATIO, LIMIT_MB = 1.1, 8 * 1024


def made(folder: Path, side_km: float, frame_km: float) -> dict[str, float]:
    """Largest memory of the jobs of each rule, MB, of a square region."""
    work = folder / f"{side_km:g}_{frame_km:g}"
    report = work / "results/demo_small/report/report.html"
    if not report.is_file():
        work.mkdir(parents=True, exist_ok=True)
        bounds = [WEST, SOUTH, WEST + int(1000 * side_km), SOUTH + int(1000 * side_km)]
        keys = {"stacks": f"[{STACK}]", "grid.bounds": bounds, "simulation.dates": DATES}
        if side_km > frame_km:  # a region of one frame takes no size of frames
            keys["grid.frame_km"] = frame_km
        words = [f"--set={key}={value}" for key, value in keys.items()]
        sarslide(work, "run", "run", "demo_small", "--cores", "2", *words)
    return {one["rule"]: one["memory_mb"] for one in run_time_rows(report.parents[1] / "benchmarks")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    folder = parser.parse_args().folder.resolve()
    by_size = [made(folder, SIDE_KM * round(count**0.5), SIDE_KM) for count in FRAMES]
    for rule in sorted(set.intersection(*map(set, by_size))):
        peaks = [peak[rule] for peak in by_size]
        ratio, of_frames = (max(some) / min(some) for some in (peaks, peaks[1:]))
        put(
            [
                row(
                    f"{rule}: MB for {', '.join(map(str, FRAMES))} frames of {SIDE_KM} km, largest over smallest",
                    f"{', '.join(f'{peak:.0f}' for peak in peaks)}; {ratio:.2f}, of 4 and 9 frames {of_frames:.2f}",
                    COMMAND,
                    goal=f"<= {RATIO}",
                    met=ratio <= RATIO,
                )
            ]
        )
    rule, peak = max(made(folder, DEFAULT_KM, DEFAULT_KM).items(), key=lambda item: item[1])
    what = f"a frame of {DEFAULT_KM} km, {DATES} dates: rule with the largest memory, MB"
    put([row(what, f"{rule}, {peak:.0f}", COMMAND, goal=f"<= {LIMIT_MB}", met=peak <= LIMIT_MB)])


if __name__ == "__main__":
    main()

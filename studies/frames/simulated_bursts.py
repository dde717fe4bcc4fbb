"""Peak memory and CPU time of a simulated date against the number of its bursts.

`python -m studies.frames.simulated_bursts` writes the rows.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time

from studies.frames import put, row

COMMAND = "python -m studies.frames.simulated_bursts"
KM = {2: 30, 6: 106}  # of region along the track, by the bursts that hold it
WIDTH_KM, SAMPLES, CELL_M, MARGIN_M = 4.0, 6000, 30.0, 300.0
MOST = 1.1  # times the smallest


def main() -> None:
    """Measure each number of bursts in a process of its own, and write the row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", type=int, choices=KM, help="print what one number of bursts takes, and write no row")
    if chosen := parser.parse_args().one:
        print(json.dumps(simulate(chosen)))
        return
    found = {count: measured(count) for count in KM}
    peaks = [one["peak_mb"] for one in found.values()]
    text = "; ".join(
        f"{count} bursts: {one['peak_mb']:.0f} MB, {one['cpu_s']:.1f} CPU s" for count, one in found.items()
    )
    what = f"peak memory of a simulated date, bursts of {SAMPLES} samples"
    put([row(what, text, COMMAND, f"largest at most {MOST} times the smallest", max(peaks) <= MOST * min(peaks))])


def measured(bursts: int) -> dict[str, float]:
    """Peak memory, MB, and CPU time, s, of one date."""
    command = [sys.executable, "-m", "studies.frames.simulated_bursts", "--one", str(bursts)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def simulate(bursts: int) -> dict[str, float]:
    """One date over hills of rock that need so many bursts.

    Parameters
    ----------
    bursts : int
        A key of `KM`.

    Returns
    -------
    dict
        `peak_mb` and `cpu_s`.
    """
    import numpy as np

    from sarsim import landcover
    from sarsim.stack import StackSimulator
    from sarsim.world import World
    from sarslide.grid import RegionGrid

    half_x, half_y = (500 * side for side in (WIDTH_KM, KM[bursts]))
    bounds = (519000 - half_x, 3207000 - half_y, 519000 + half_x, 3207000 + half_y)
    region = RegionGrid.from_bounds(32647, bounds, CELL_M)
    grid = region.pad(MARGIN_M)
    height = (3000 + 150 * np.sin(grid.x() / 900) * np.cos(grid.y()[:, None] / 800)).astype(np.float32)
    still, cover = np.zeros((3, *grid.shape), np.float32), np.full(grid.shape, landcover.ROCK, np.uint8)
    stack = StackSimulator(World(region, grid, height, cover, still, None, None, 4100.0, 1), "A128", samples=SAMPLES)
    if len(stack.burst_numbers) != bursts or stack.swaths != ("IW2",):
        raise SystemExit(f"{stack.burst_numbers} of {stack.swaths} instead of {bursts} bursts of IW2")
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        stack.simulate("20190306", f"{folder}/20190306")
        spent = time.process_time() - start
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "cpu_s": spent}


if __name__ == "__main__":
    main()

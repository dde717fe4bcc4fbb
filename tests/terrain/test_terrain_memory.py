"""Memory that jobs ask for follows the size of the region."""

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_a_larger_region_asks_for_more(tmp_path):
    """3,000 x 3,000 cells: 150 bytes a cell above what every job has; measured were 109 of 1,000 to 2,500 cells a side."""
    grid = "grid={bounds: [500010, 3200010, 590010, 3290010], frame_km: 90}"
    command = [Path(sys.executable).parent / "snakemake", "--dry-run", "--cores", "1", "--directory", tmp_path]
    command += ["--snakefile", REPOSITORY / "Snakefile", "results/valley/terrain/f0/slope_deg.tif"]
    command += ["--config", "region=valley", "simulation={dates: 4}", grid]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    found = re.search(r"^ *rule terrain:.*?mem_mb=(\d+)", run.stdout + run.stderr, flags=re.M | re.S)
    assert found, run.stdout[-2000:] + run.stderr[-2000:]
    assert int(found.group(1)) == 1000 + 3000 * 3000 * 150 // 2**20

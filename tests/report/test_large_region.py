"""The report of 300 million cells: a page as light as that of a small region, in as much memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

from sarslide.grid import RegionGrid
from sarslide.io import raster
from tests.conftest import REPOSITORY

# Cells, and how many of them a side share a value: fewer than the screen steps over.
LARGE, SMALL = (15_000, 20_000, 10), (1_500, 2_000, 1)
# Renders a region whose layers are all one file, and prints what it took: the peak is of a process.
PROBE = """
import dataclasses, json, resource, sys
from pathlib import Path
from sarslide.io import raster
from sarslide.report.page import render
from tests.support.report_inputs import make_region

noise = Path(sys.argv[1])
small = make_region(noise.parent)
stack = dataclasses.replace(small.stacks[0], rasters=dict.fromkeys(("los_rate_mm_per_yr", "probability"), noise))
page = render(dataclasses.replace(small, grid=raster.grid_of(noise), frames=(), stacks=(stack,), candidates=None,
                                  terrain={"hillshade": noise}))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
print(json.dumps({"page": len(page.html.encode()), "peak": peak}))
"""


def write_noise(path: Path, rows: int, cols: int, patch: int) -> None:
    """A raster of noise with an overview: on the screen no two neighbours are equal."""
    grid, rng = RegionGrid(32647, 300_000.0, 4_000_000.0, 30.0, rows, cols), np.random.default_rng(1)
    tiled = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "ZSTD", "zstd_level": 1}
    place = {"crs": "EPSG:32647", "transform": grid.transform, "width": cols, "height": rows, "nodata": np.nan}
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="float32", **place, **tiled) as target:
        for row in range(0, rows, 512):
            noise = rng.standard_normal((-(-512 // patch), -(-cols // patch)), np.float32)
            noise = noise.repeat(patch, 0).repeat(patch, 1)[: min(512, rows - row), :cols]
            target.write(noise, 1, window=Window(0, row, cols, len(noise)))
        if patch > 1:
            target.build_overviews([8], Resampling.nearest)


def rendered(folder: Path, rows: int, cols: int, patch: int) -> dict[str, int]:
    """Bytes of the page and of peak memory."""
    write_noise(folder / "noise.tif", rows, cols, patch)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(folder / "noise.tif")],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert not done.returncode, done.stderr
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("large"), *LARGE)


def test_the_page_stays_below_15_mb(large):
    """Noise: no picture is larger. `test_beside` has what a page has no room for."""
    assert large["page"] < 15e6


def test_memory_does_not_follow_the_region(large, tmp_path):
    """A hundred times the cells: GDAL keeps what it has read of a file, at most `raster.CACHE`."""
    small = rendered(tmp_path, *SMALL)
    assert large["peak"] < small["peak"] + raster.CACHE
    assert 4 * LARGE[0] * LARGE[1] / 4 > raster.CACHE  # a quarter of one layer

"""A disk that takes no more: every writer leaves nothing, or the whole file; never a broken one.

A limit of the size of a file (`RLIMIT_FSIZE`) refuses what reaches beyond it, in every thread and
library, as a full disk does; the process tries one size after the other. GDAL and HDF5 lose that
refusal where it comes while they close a file.
"""

import errno
import json
import resource
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from sarslide.errors import OutputError
from sarslide.grid import RegionGrid
from sarslide.io import arrays, fence, raster, series, vector
from sarslide.io.atomic import atomic_file

GRID = RegionGrid(32647, 515130, 3215640, 30, 60, 70)
BANDED = RegionGrid(32647, 515130, 3215640, 30, 700, 600)
SIZES = 24


def values(grid: RegionGrid) -> np.ndarray:
    return np.random.default_rng(3).uniform(size=grid.shape).astype(np.float32)


def frame(count: int) -> gpd.GeoDataFrame:
    shapes = [box(k, k, k + 10, k + 10) for k in range(count)]
    return gpd.GeoDataFrame({"ls_id": [f"LS{k:06d}" for k in range(count)]}, geometry=shapes, crs=32647)


def put_all(put, grid: RegionGrid) -> None:
    cells = values(grid)
    for row in range(0, grid.rows, 256):
        rows = slice(row, min(row + 256, grid.rows))
        put(rows, slice(0, grid.cols), cells[rows])


def write_blocks(path: Path) -> None:
    with raster.create(path, BANDED, "probability") as put:
        put_all(put, BANDED)


def write_cog(path: Path) -> None:
    with raster.create_cog(path, BANDED, "probability") as put:
        put_all(put, BANDED)


def write_series(path: Path) -> None:
    with series.create(path, GRID, ["20200101", "20200113"]) as put:
        put(slice(0, 60), slice(0, 70), np.stack([values(GRID)] * 2))


WRITERS = {
    "whole.tif": lambda path: raster.write(path, values(GRID), GRID, "probability"),
    "blocks.tif": write_blocks,
    "cog.tif": write_cog,
    "series.nc": write_series,
    "objects.gpkg": lambda path: vector.write_layers(path, {"a": frame(200), "b": frame(0)}, [{"styleName": "x"}]),
    "objects.parquet": lambda path: vector.write_parquet(path, frame(200)),
    "scene.npz": lambda path: arrays.write_npz(path, {"label": values(GRID)}),
}


def outcomes(folder: Path) -> dict[str, list[str]]:
    """By writer, what became of it at each size of `SIZES` and its whole size."""
    found: dict[str, list[str]] = {}
    for name, write in WRITERS.items():
        path = folder / name
        write(path)
        whole = path.read_bytes()
        path.unlink()
        sizes = np.linspace(0, len(whole) - 1, SIZES).astype(int).tolist()
        # The last of a file is what is lost in silence.
        for size in [*sizes, *(len(whole) - step for step in (2, 16, 200, 1000, 4096, 9000)), 1 << 30]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(size, 0), resource.RLIM_INFINITY))
            try:
                write(path)
                became = "whole" if path.read_bytes() == whole else "broken"
            except OutputError as error:
                became = "refused" if not path.exists() and str(path) in str(error) else "left"
            except Exception as error:
                became = f"{type(error).__name__}: {error}"
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            left = [entry.name for entry in folder.iterdir() if entry != path]
            found.setdefault(name, []).append(f"leaves {left}" if left else became)
            path.unlink(missing_ok=True)
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes")
    command = [sys.executable, "-c", f"import {__name__} as m; m.main({str(folder)!r})"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def main(folder: str) -> None:
    """What the child does."""
    print(json.dumps(outcomes(Path(folder))))


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_may_not_grow_is_refused_or_whole(found, name):
    assert set(found[name]) <= {"refused", "whole"}
    assert (found[name][0], found[name][-1]) == ("refused", "whole")


def test_a_block_that_a_full_disk_has_lost_names_the_disk(tmp_path, monkeypatch):
    def lost(path: Path) -> None:
        raise OSError(errno.EIO, "a block that was written reads otherwise", str(path))

    (tmp_path / "full").symlink_to("/dev/full")
    monkeypatch.setattr(fence, "unfinished", lambda path: tmp_path / "full")
    with pytest.raises(OutputError, match="no space left on the disk"), atomic_file(tmp_path / "a.tif", lost):
        pass


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_coded_line(tmp_path, monkeypatch, name):
    """What is written goes to /dev/full."""
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    monkeypatch.setattr(fence, "unfinished", lambda path: full)
    with pytest.raises(OutputError, match=rf"^E1007 {tmp_path}/out/{name}: cannot be written.*; cure: "):
        WRITERS[name](tmp_path / "out" / name)
    assert list((tmp_path / "out").iterdir()) == []

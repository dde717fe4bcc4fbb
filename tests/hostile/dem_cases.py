"""Hostile and impossible elevation models."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

from sarslide.grid import RegionGrid
from sarslide.retrieve.dem import check_file, check_posting, region_dem
from tests.hostile.damaged import damaged
from tests.hostile.raster_cases import SOURCE, VRT

GRID = RegionGrid(32647, 515130, 3215640, 30, 40, 50)
MARGIN_M = 90.0
PADDED = GRID.pad(300)


def heights(grid: RegionGrid = PADDED, steep: float = 0.4) -> np.ndarray:
    """A ridge between 2,000 and 2,300 m."""
    x, y = np.meshgrid(grid.x() - PADDED.west, grid.y() - PADDED.north)
    return (2000 + steep * np.abs(x - 700) + 10 * np.sin(y / 90)).astype(np.float32)


def written(path: Path, values: np.ndarray, grid: RegionGrid = PADDED, units: str = "", **about: Any) -> Path:
    """A GeoTIFF."""
    profile = {"crs": f"EPSG:{grid.epsg}", "transform": grid.transform, "dtype": values.dtype} | about
    with rasterio.open(path, "w", driver="GTiff", height=grid.rows, width=grid.cols, count=1, **profile) as target:
        target.write(values, 1)
        if units:
            target.units = (units,)
    return path


def readers(path: Path) -> Iterator[Callable[[], object]]:
    """Of preflight, and of the job that prepares it."""
    yield partial(check_file, path, GRID.pad(MARGIN_M))
    yield partial(region_dem, path, GRID, MARGIN_M, "ellipsoidal", None)


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "dems"
    folder.mkdir()
    good = heights()
    for name, values in {
        "-32768 that is not declared": np.where(np.indices(good.shape)[0] < 20, np.float32(-32768), good),
        "a single -9999": np.where(np.indices(good.shape).sum(axis=0) == 60, np.float32(-9999), good),
        "1e38": np.where(np.indices(good.shape)[1] < 30, np.float32(1e38), good),
        "3e38 in the margin": np.where(np.indices(good.shape)[1] < 9, np.float32(3e38), good),
        "infinite": np.where(np.indices(good.shape)[1] < 30, np.float32(np.inf), good),
        "millimetres": good * 1000,
        "feet above 9,000": good * 3.28084 + 3000,
        "complex": good.astype(np.complex64),
    }.items():
        path = written(folder / f"{name.replace(' ', '_')}.tif", values)
        for read in readers(path):
            yield name, read
    for name, path in {
        "feet by the unit of the band": written(folder / "band.tif", good, units="ft"),
        "feet by the CRS": written(folder / "crs.tif", good, crs="EPSG:32647+6360"),
        "no CRS": written(folder / "none.tif", good, crs=None),
        "elsewhere": written(folder / "far.tif", good, RegionGrid(32647, 0, 0, 30, PADDED.rows, PADDED.cols)),
        "a CRS of another planet": written(folder / "moon.tif", good, crs="+proj=longlat +a=1737400 +b=1737400"),
        "absent": folder / "absent.tif",
    }.items():
        for read in readers(path):
            yield name, read
    yield "too small", partial(check_file, written(folder / "small.tif", heights(GRID), GRID), GRID.pad(MARGIN_M))
    above_geoid = written(folder / "egm96.tif", good, crs="EPSG:32647+5773")
    yield (
        "of the geoid by its CRS, called ellipsoidal",
        partial(region_dem, above_geoid, GRID, MARGIN_M, "ellipsoidal", None),
    )
    rows = PADDED.transform
    turned = {
        "rotated by a degree": Affine.translation(rows.c, rows.f) @ Affine.rotation(1.0) @ Affine.scale(30, -30),
        "south up": Affine(30, 0, rows.c, 0, 30, rows.f - 30 * PADDED.rows),
    }
    for name, transform in turned.items():
        path = written(folder / f"{name.replace(' ', '_')}.tif", good, transform=transform)
        for read in readers(path):
            yield name, read
    coarse = RegionGrid(32647, PADDED.west, PADDED.north, 60, PADDED.rows // 2, PADDED.cols // 2)
    yield "coarser than the cells", partial(check_posting, written(folder / "60m.tif", heights(coarse), coarse), GRID)
    steep = written(folder / "steep.tif", heights(steep=0.4 * 3.28084))
    yield "feet of a steep region", partial(region_dem, steep, GRID, MARGIN_M, "ellipsoidal", None)
    holes = written(folder / "holes.tif", np.where(np.indices(good.shape)[0] < 30, np.float32(np.nan), good))
    yield "holes", partial(region_dem, holes, GRID, MARGIN_M, "ellipsoidal", None)
    yield "no geoid", partial(region_dem, written(folder / "o.tif", good), GRID, MARGIN_M, "orthometric", None)
    vrt = folder / "vrt.tif"
    vrt.write_text(VRT.format(kind="", source=SOURCE.format(folder / "o.tif")))
    for read in readers(vrt):
        yield "a VRT", read
    yield from _mutations(folder)


def _mutations(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Seeded changes of a DEM, a real one where there are any."""
    whole, grid = written(folder / "o.tif", heights()), GRID
    if real := os.environ.get("SARSLIDE_REAL_DATA"):
        whole = Path(real) / "dem" / "srtm_bigtujunga30m_utm11.tif"
        with rasterio.open(whole) as source:
            grid = RegionGrid(32611, source.transform.c + 3000, source.transform.f - 3000, 30, 40, 50)
    for k, (name, content) in enumerate(damaged(whole.read_bytes(), 28, 11, 1024)):
        path = folder / f"m{k}.tif"
        path.write_bytes(content)
        yield f"mutation: {name}?", partial(region_dem, path, grid, MARGIN_M, "ellipsoidal", None)

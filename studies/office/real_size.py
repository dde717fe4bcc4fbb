"""Files of ground and of what stands on it, at the size in which they are published.

    python -m studies.office.real_size --folder FOLDER [--record]

The buildings of a country (two million outlines over ten degrees, a file of each format) and the
glaciers of a region of the Randolph Glacier Inventory (50,000 outlines of 200 points) are drawn;
what lies in a region of 34 x 34 km is read as `ground` does it, each in a process of its own. What
must come out is counted from the numbers that were drawn, without any file.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer

from sarslide.grid import RegionGrid
from studies.office import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.office.real_size --folder FOLDER --record"
GRID = RegionGrid(32632, 560_000, 5_160_000, 30.0, 1152, 1152)
WEST, SOUTH, SIDE_DEG = 5.0, 42.0, 10.0
FORMATS = ("gpkg", "fgb", "shp", "parquet")
GOAL_MB = 1000
READ = """
import json, resource, sys
from sarslide.inventory import exposure, ground
from studies.office.real_size import GRID
path, kind = sys.argv[1:]
if kind == "buildings":
    found = exposure.read(path, kind, exposure.ExposureFile(within_m=0), GRID).features
else:
    with ground.opened(path, ground.GroundFile(), GRID) as opened:
        found = opened.outlines
used = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss, which a process begins with that of its parent.
peak_kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([len(found), used.ru_utime + used.ru_stime, peak_kb / 1000]))
"""


def outlines(count: int, points: int, size_deg: float, seed: int) -> np.ndarray:
    """Polygons over the whole square.

    Parameters
    ----------
    count, points : int
        How many, of how many points each.
    size_deg : float
        Radius.
    seed : int
        Of the random numbers.

    Returns
    -------
    (count,) array of Polygon
        Longitude and latitude, degrees.
    """
    generator = np.random.default_rng(seed)
    middles = np.array([WEST, SOUTH]) + generator.uniform(0, SIDE_DEG, (count, 1, 2))
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radii = size_deg * generator.uniform(0.5, 1.0, (count, points, 1))
    return shapely.polygons(middles + radii * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def in_region(drawn: np.ndarray) -> int:
    """How many outlines touch the region, by their own coordinates in its CRS."""
    west, south, east, north = Transformer.from_crs(GRID.epsg, 4326, always_xy=True).transform_bounds(*GRID.bounds)
    bounds = shapely.bounds(drawn)
    touching = (bounds[:, 0] <= east) & (bounds[:, 1] <= north) & (bounds[:, 2] >= west) & (bounds[:, 3] >= south)
    near = gpd.GeoSeries(drawn[touching], crs=4326).to_crs(GRID.epsg)
    return int(near.intersects(shapely.box(*GRID.bounds)).sum())


def write(path: Path, drawn: np.ndarray) -> None:
    """The outlines as a file of the format that the suffix names; GeoParquet in the order of the
    ground, with a covering, as those of Overture Maps.
    """
    if path.exists():
        return
    frame = gpd.GeoDataFrame({"number": np.arange(len(drawn))}, geometry=drawn, crs=4326)
    if path.suffix == ".parquet":
        frame = frame.iloc[frame.hilbert_distance().argsort()]
        frame.to_parquet(path, write_covering_bbox=True, schema_version="1.1.0", row_group_size=20_000)
    else:
        frame.to_file(path)


def rows(folder: Path) -> Iterator[dict]:
    """Write each file, read it, and tell what that took."""
    kinds = {"buildings": (2_000_000, 4, 1e-4), "glaciers": (50_000, 200, 5e-3)}
    for seed, (kind, (count, points, size)) in enumerate(kinds.items()):
        drawn = outlines(count, points, size, seed)
        expected = in_region(drawn)
        for suffix in FORMATS:
            path = folder / f"{kind}.{suffix}"
            write(path, drawn)
            told = subprocess.run([sys.executable, "-c", READ, path, kind], check=True, capture_output=True, text=True)
            found, cpu_s, peak_mb = json.loads(told.stdout.splitlines()[-1])
            what = f"{count:,} {kind} as {suffix}, {path.stat().st_size / 1e6:,.0f} MB: those of a region of 34 x 34 km"
            measured = f"{found} of {expected}, {cpu_s:.0f} CPU s, {peak_mb:,.0f} MB of memory"
            met = found == expected and peak_mb <= GOAL_MB
            yield row(what, measured, COMMAND, f"all that lie there, at most {GOAL_MB:,} MB", met)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.real_size", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the files are written, about 2 GB")
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    keep_or_tell(list(rows(arguments.folder)), put, arguments.record)


if __name__ == "__main__":
    main()

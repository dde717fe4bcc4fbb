"""A simulated EGMS tile, zipped bursts as delivered, to the release: time and memory.

    python -m studies.displacement.tile --folder OUT [--side-km 100] [--record]

300 points a km2 (3 million in a tile of 100 x 100 km) with series of 300 dates, in the columns of
level 2b (EGMS Product Description, table 5), of twelve bursts of one track that overlap by 1 km.
Points lie anywhere, ground is hills of sines, landslides move down their slopes; noise of a series
is 4 mm, of a rate 0.5 mm/yr. Rates, angles and series are drawn, not processed: what is measured
is time and memory. OUT/products is kept; the region is begun and run anew. CPU time is that of
`sarslide displacement` and `sarslide run`, one job at a time, with all that they start; memory is
the largest of any process.
"""

import argparse
import resource
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv
from pyproj import Transformer

from sarslide.grid import RegionGrid
from sarslide.inventory.velocity_threshold import LAYERS, PRINTED, active_areas
from sarslide.io import raster
from sarslide.network import years_of
from sarslide.report.tables import run_time_rows
from studies.displacement import objects, put, row
from studies.runs import sarslide
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.displacement.tile --folder OUT --side-km {side:g} --record"
WEST, NORTH, EPSG = 4.3e6, 2.7e6, 32632  # corner of the tile E43N26, EPSG:3035, and the UTM zone of its middle
DENSITY, DATES, ACROSS, ALONG, OVERLAP_M = 300, 300, 2, 6, 500.0
STACK, HEADING, INCIDENCE = "A117", 350.0, 38.0
PER_KM2, SIZE_M, SPEED = 1 / 100, 400.0, 80.0  # landslides: number, scale, mm/yr down the slope
WHOLE_KM, MAX_MB = 100.0, 4096
PIECE, SEED = 20_000, 3
TABLE_5 = (
    "pid mp_type latitude longitude easting northing height height_wgs84 line pixel rmse temporal_coherence"
    " amplitude_dispersion incidence_angle track_angle los_east los_north los_up mean_velocity mean_velocity_std"
    " acceleration acceleration_std seasonality seasonality_std"
)
HEAD = tuple(TABLE_5.split())
DAYS = [str(day).replace("-", "") for day in np.datetime64("2019-01-03") + 6 * np.arange(DATES)]
YEARS = (years_of(DAYS) - years_of(DAYS)[0]).astype(np.float32)


def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the ground at UTM coordinates, m."""
    return 1500 + 700 * np.sin(x / 1500) * np.sin(y / 1700)


def toward() -> np.ndarray:
    """East, north and up of the direction to the satellite."""
    azimuth, incidence = np.radians(HEADING - 90), np.radians(INCIDENCE)
    return np.array([np.sin(incidence) * np.sin(azimuth), np.sin(incidence) * np.cos(azimuth), np.cos(incidence)])


def seen_downslope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of a motion down the slope that the satellite sees, positive towards it."""
    east, north = ((height(x + a, y + b) - height(x - a, y - b)) / 2 for a, b in ((1, 0), (0, 1)))
    down = np.stack([-east, -north, -(east**2 + north**2)])
    return toward() @ down / np.maximum(np.linalg.norm(down, axis=0), 1e-9)


@dataclass(frozen=True)
class Tile:
    """The tile of a side, EPSG:3035.

    Attributes
    ----------
    side_m : float
        Its side, m.
    """

    side_m: float

    def utm(self, east: np.ndarray, north: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """UTM coordinates of places."""
        return Transformer.from_crs(3035, EPSG, always_xy=True).transform(east, north)

    def landslides(self) -> np.ndarray:
        """(landslides, 3) x, y, UTM, and LOS rate of the middle, mm/yr, of slopes that are seen."""
        rng, count = np.random.default_rng(SEED), max(1, round(PER_KM2 * (self.side_m / 1e3) ** 2))
        east, north = rng.uniform(1e3, self.side_m - 1e3, (2, 20 * count))
        x, y = self.utm(WEST + east, NORTH - north)
        share = seen_downslope(x, y)
        chosen = np.flatnonzero(np.abs(share) > 0.5)[:count]
        return np.stack([x[chosen], y[chosen], SPEED * share[chosen]], axis=1)

    def bursts(self) -> list[tuple[float, float, float, float]]:
        """West, east, south, north of each burst, which overlap."""
        wide, high = self.side_m / ACROSS, self.side_m / ALONG
        return [
            (
                max(WEST, WEST + k * wide - OVERLAP_M),
                min(WEST + self.side_m, WEST + (k + 1) * wide + OVERLAP_M),
                max(NORTH - self.side_m, NORTH - (n + 1) * high - OVERLAP_M),
                min(NORTH, NORTH - n * high + OVERLAP_M),
            )
            for n in range(ALONG)
            for k in range(ACROSS)
        ]


def points(
    rng: np.random.Generator, box: tuple[float, float, float, float], count: int, tile: Tile, planted: np.ndarray
) -> pa.Table:
    """Rows of points of a burst, in the columns and decimals of table 5."""
    from scipy.spatial import cKDTree

    east, north = rng.uniform(box[0], box[1], count).round(2), rng.uniform(box[2], box[3], count).round(2)
    x, y = tile.utm(east, north)
    away, which = cKDTree(planted[:, :2]).query(np.column_stack([x, y]))
    rate = (planted[which, 2] * np.exp(-((away / SIZE_M) ** 2))).astype(np.float32)
    longitude, latitude = Transformer.from_crs(3035, 4326, always_xy=True).transform(east, north)
    los, ground = toward(), height(x, y)
    constant = {"mp_type": 0, "line": 275, "pixel": 3600, "incidence_angle": INCIDENCE, "track_angle": HEADING}
    constant |= dict(zip(("los_east", "los_north", "los_up"), los.round(3), strict=True))
    constant |= {"acceleration": 0.0, "acceleration_std": 0.4, "seasonality": 2.0, "seasonality_std": 0.5}
    values = {name: np.full(count, value) for name, value in constant.items()} | {
        "pid": [f"2RxqT{number:05x}" for number in rng.integers(0, 1 << 20, count)],
        "latitude": latitude.round(6),
        "longitude": longitude.round(6),
        "easting": east,
        "northing": north,
        "height": (ground - 48).round(1),
        "height_wgs84": ground.round(1),
        "rmse": rng.uniform(2, 6, count).round(1),
        "temporal_coherence": rng.uniform(0.5, 0.98, count).round(2),
        "amplitude_dispersion": rng.uniform(0.1, 0.4, count).round(2),
        "mean_velocity": (rate + rng.normal(0, 0.5, count)).round(1),
        "mean_velocity_std": np.full(count, 0.5),
    }
    season = 2 * np.cos(2 * np.pi * YEARS)[:, None] + 4 * rng.standard_normal((DATES, count), np.float32)
    series = (YEARS[:, None] * rate + season).round(1).astype(np.float32)
    columns = [values[name] for name in HEAD] + list(series)
    return pa.table(dict(zip((*HEAD, *DAYS), columns, strict=True)))


def write(folder: Path, tile: Tile) -> None:
    """The zips of the bursts that are not there yet, each CSV a piece at a time, and the DEM."""
    folder.mkdir(parents=True, exist_ok=True)
    planted, area_km2 = tile.landslides(), (tile.side_m / 1e3) ** 2
    every = round(DENSITY * area_km2 / (ACROSS * ALONG))
    for number, box in enumerate(tile.bursts()):
        name = f"EGMS_L2b_{STACK[1:]}_{280 + number // ACROSS:04d}_IW{1 + number % ACROSS}_VV_2019_2023_1"
        path, part = folder / f"{name}.zip", folder / f"{name}.part"
        if path.is_file():
            continue
        rng = np.random.default_rng([SEED, number])
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open(f"{name}.csv", "w", force_zip64=True) as stream:
                stream.write((",".join((*HEAD, *DAYS)) + "\n").encode())
                for start in range(0, every, PIECE):
                    table = points(rng, box, min(PIECE, every - start), tile, planted)
                    csv.write_csv(table, stream, csv.WriteOptions(include_header=False, quoting_style="none"))
            archive.writestr(f"{name}.xml", "<?xml version='1.0'?><BURST><product_level>L2b</product_level></BURST>")
        part.rename(path)
    x, y = tile.utm(np.array([WEST + tile.side_m / 2]), np.array([NORTH - tile.side_m / 2]))
    half = 0.58 * tile.side_m + 5e3
    bounds = tuple(float(side) for side in (x[0] - half, y[0] - half, x[0] + half, y[0] + half))
    grid = RegionGrid.from_bounds(EPSG, (bounds[0], bounds[1], bounds[2], bounds[3]), 100.0)
    raster.write(
        folder.parent / "dem.tif", height(*np.meshgrid(grid.x(), grid.y())), grid, "dem_m", {"vertical": "ellipsoidal"}
    )


def measured(folder: Path, name: str) -> tuple[float, float, Path]:
    """CPU s and largest memory, MB, from the zips to the release; results of the region."""
    for old in ("regions", "resources", "results", "logs", ".snakemake"):
        shutil.rmtree(folder / old, ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    sarslide(folder, "begin", "displacement", name, f"{STACK}=products", "--dem", "dem.tif")
    sarslide(folder, "run", "run", name, "--cores", "1")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, after.ru_maxrss / 1024, folder / "results" / name


def found_of(results: Path, planted: np.ndarray) -> int:
    """Planted landslides whose middle is within a cell of one of the release."""
    import shapely

    near = shapely.union_all(objects.landslides(results).geometry.buffer(100.0))
    return int(shapely.contains_xy(near, planted[:, 0], planted[:, 1]).sum())


def over_threshold(results: Path, planted: np.ndarray) -> int:
    """Planted landslides whose middle is within a cell of ground over the velocity threshold."""
    from scipy.ndimage import maximum_filter

    found = np.zeros(len(planted), bool)
    for path in sorted((results / STACK).glob("*/displacement/delivered/los_rate_mm_per_yr.tif")):
        grid, frame = raster.grid_of(path), path.parents[2].name
        folders = {"slope_deg": results / "terrain" / frame}
        layers = [raster.read(folders.get(name, path.parent) / f"{name}.tif", grid) for name in LAYERS]
        near = maximum_filter(active_areas(*layers, PRINTED), 3)
        col, row = (planted[:, 0] - grid.west) // grid.cell_m, (grid.north - planted[:, 1]) // grid.cell_m
        inside = (col >= 0) & (row >= 0) & (col < grid.cols) & (row < grid.rows)
        found[inside] |= near[row[inside].astype(int), col[inside].astype(int)]
    return int(found.sum())


def rows_of(side_km: float, folder: Path) -> list[dict]:
    """Rows of the record."""
    tile, command = Tile(side_km * 1e3), COMMAND.format(side=side_km)
    products = folder / "products"
    write(products, tile)
    title = f"EGMS tile of {side_km:g} x {side_km:g} km, {DENSITY * side_km**2:,.0f} points, {DATES} dates"
    cpu_s, memory_mb, results = measured(folder, "egms_tile")
    jobs = run_time_rows(results / "benchmarks")
    top = ", ".join(f"{one['rule']} {one['cpu_s']:.0f} ({one['jobs']} jobs)" for one in jobs[:5])
    ingest = next(one for one in jobs if one["rule"] == "ingest_displacement")
    size_gb = sum(path.stat().st_size for path in products.iterdir()) / 1e9
    planted = tile.landslides()
    count = len(planted)
    ways = {"found of them by the packaged network": found_of(results, planted)}
    ways |= {"over the velocity threshold": over_threshold(results, planted)}
    return [
        row(f"{title}: largest memory of a process, MB", f"{memory_mb:,.0f}", command, f"<= {MAX_MB:,}", memory_mb <= MAX_MB),
        row(f"{title}: memory of ingest_displacement, MB", f"{ingest['memory_mb']:,.0f}", command),
        row(f"{title}: CPU s from {size_gb:.1f} GB of zips to the release", f"{cpu_s:,.0f}; jobs: {top}", command),
        *(row(f"{title}: planted, {by}", f"{count}, {seen}", command, "all", seen == count) for by, seen in ways.items()),
    ]  # fmt: skip


def unrun() -> dict:
    """The row of the whole tile, where a smaller one was run."""
    title = f"EGMS tile of {WHOLE_KM:g} x {WHOLE_KM:g} km, {DENSITY * WHOLE_KM**2:,.0f} points, {DATES} dates"
    command = COMMAND.format(side=WHOLE_KM)
    return row(f"{title}: largest memory of a process, MB", "not run", command, f"<= {MAX_MB:,}", False)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--side-km", type=float, default=WHOLE_KM)
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    rows = rows_of(asked.side_km, asked.folder.resolve())
    if asked.side_km < WHOLE_KM:
        rows.append(unrun())
    keep_or_tell(rows, put, asked.record)


if __name__ == "__main__":
    main()

"""Regions out of a folder of DEMs: where they lie, what climate they have, and which of them train,
validate and test.

All of it follows from the files, their table and the tables below: whoever changes a number makes
another set, and `settings_hash` tells.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import rasterio
from rasterio.warp import transform_bounds

from sarsim import benchmark, default_chain, landcover
from sarsim.bodies import CLASSES, SPEEDS_MM_PER_YR, BodySettings
from sarsim.climates import CLIMATES, GRID, Climate
from sarsim.product_settings import ProductSettings
from sarsim.scattering import MEASURED
from sarslide.config.crs import utm_epsg
from sarslide.errors import DemError
from sarslide.grid import RegionGrid
from sarslide.io.hashes import sha256
from sarslide.retrieve.dem import check_posting

SIDE_M = 7680.0  # 256 cells of 30 m: whole tiles of networks
CELL_M = 30.0
PER_RANGE = 2  # regions
TABLE = "MANIFEST.csv"
OF_BENCHMARK = (SIDE_M / 1000) ** 2 / (GRID.rows * GRID.cols * GRID.cell_area_km2)  # area of its regions
# Seams of the published file show in second derivatives: its ground trains no network that reads
# curvature, and its fold is shown apart (README of the DEMs).
SEAMED = frozenset({"lostriver_north_30m"})
# The climate of the benchmark whose noise, decoys and acquisitions a range has, and what is its
# own: share of forest, and snowline above the geoid, m (none: above all ground). They are choices
# of this study; the snowline of the Alps is the mean steady-state equilibrium line of their
# glaciers (Zemp et al. 2007, doi:10.1016/j.gloplacha.2006.07.003).
OWN_CLIMATES: dict[str, tuple[str, tuple[float, float], float | None]] = {
    "alpine humid": ("alpine_glacier", (0.25, 0.5), 2900.0),
    "monsoon to dry": ("hengduan_dry_valley", (0.05, 0.25), 5200.0),
    "semi-arid": ("hengduan_dry_valley", (0.0, 0.05), None),
    "mediterranean": ("plateau_loess", (0.05, 0.3), None),
    "mediterranean, foggy coast": ("monsoon_forest", (0.55, 0.8), None),
    "semi-arid continental": ("hengduan_dry_valley", (0.1, 0.3), None),
    "continental, forested": ("monsoon_forest", (0.5, 0.75), None),
    "arctic, permafrost": ("alpine_glacier", (0.0, 0.0), 600.0),
    "mediterranean montane": ("monsoon_forest", (0.4, 0.7), None),
}
OTHER_CLIMATE = "alpine humid"  # of files without a table
BODIES = BodySettings(count=30, large_slopes=1, rock_glaciers=1)  # of a region of SIDE_M
NO_SNOW_M = 9000.0


@dataclass(frozen=True)
class GroundFile:
    """A DEM file and what is known of it.

    Attributes
    ----------
    path : Path
        The file.
    mountains : str
        Its range, in one word; the split keeps a range together.
    climate : str
        Of `OWN_CLIMATES`.
    geoid_m : float or None
        Undulation that is added to its heights, m; None: they are ellipsoidal.
    """

    path: Path
    mountains: str
    climate: str
    geoid_m: float | None


@dataclass(frozen=True)
class GroundRegion:
    """A region on real ground.

    Attributes
    ----------
    name : str
        `<file>_<number>`.
    file : GroundFile
        Its ground.
    grid : RegionGrid
        Its cells.
    seed : int
        By its name alone, so that further files change no region.
    """

    name: str
    file: GroundFile
    grid: RegionGrid

    @property
    def seed(self) -> int:
        return int(hashlib.sha256(self.name.encode()).hexdigest()[:7], 16)


def files_of(folder: Path, geoid_m: float | None, ellipsoidal: bool) -> list[GroundFile]:
    """The DEMs of a folder: those of its table, or else every GeoTIFF, each a range of its own.

    geoid_m: of files whose table states none. Raises DemError without a DEM, or where nobody says
    what heights refer to.
    """
    table = folder / TABLE
    if table.is_file():
        rows = list(csv.DictReader(table.read_text().splitlines()))
    else:
        rows = [{"name": path.stem} for path in folder.glob("*.tif")]
    if not rows:
        raise DemError(f"{folder}: holds no DEM", "give a folder of GeoTIFF files")
    return sorted((_file(folder, row, geoid_m, ellipsoidal) for row in rows), key=lambda file: file.path.name)


def _file(folder: Path, row: Mapping[str, str], geoid_m: float | None, ellipsoidal: bool) -> GroundFile:
    path = folder / (row.get("file") or f"{row['name']}.tif")
    # "Northern Rockies (Bitterroot)" is a part of the Northern Rockies.
    mountains = re.sub(r"\W+", "_", row.get("range", path.stem).partition(" (")[0].lower()).strip("_")
    stated = float(row["geoid_m"]) if row.get("geoid_m") else geoid_m
    if stated is None and not ellipsoidal:
        raise DemError(
            f"{path}: nothing says what its heights refer to",
            f"add the column geoid_m to {TABLE}, or give --geoid METRES or --ellipsoidal",
        )
    climate = row.get("climate", OTHER_CLIMATE)
    return GroundFile(path, mountains, climate if climate in OWN_CLIMATES else OTHER_CLIMATE, stated)


def regions_of(files: Iterable[GroundFile], per_range: int = PER_RANGE, cell_m: float = CELL_M) -> list[GroundRegion]:
    """Regions of SIDE_M that do not overlap: of each range the first of every file, then the second
    of every file, and so on, until there are `per_range`.

    Raises DemError for a file that is coarser than the cells, or too small for a region.
    """
    by_range: dict[str, list[list[GroundRegion]]] = {}
    for file in files:
        by_range.setdefault(file.mountains, []).append(_tiles(file, cell_m))
    chosen = []
    for tiles in by_range.values():
        ranked = sorted((number, region.name) for of_file in tiles for number, region in enumerate(of_file))
        wanted = {name for _, name in ranked[:per_range]}
        chosen += [region for of_file in tiles for region in of_file if region.name in wanted]
    return chosen


def names_of(regions: Sequence[GroundRegion]) -> list[str]:
    """Ranges, then regions."""
    return [*dict.fromkeys(region.file.mountains for region in regions), *(region.name for region in regions)]


def _tiles(file: GroundFile, cell_m: float) -> list[GroundRegion]:
    """All regions of a file, north to south, west to east; what is left over lies around them."""
    epsg, (west, south, east, north), posting = _extent(file.path)
    check_posting(file.path, RegionGrid(epsg, west, north, CELL_M, 1, 1))
    down, across = int((north - south) // SIDE_M), int((east - west) // SIDE_M)
    if not down * across:
        raise DemError(f"{file.path}: is smaller than a region of {SIDE_M / 1000:g} km", "give a larger DEM")
    # Half of what is left over, in whole cells of the file: cells of the same size are its own.
    left = west + (east - west - across * SIDE_M) // (2 * posting) * posting
    top = north - (north - south - down * SIDE_M) // (2 * posting) * posting
    cells = round(SIDE_M / cell_m)
    return [
        GroundRegion(
            f"{file.path.stem}_{row * across + col + 1}",
            file,
            RegionGrid(epsg, left + col * SIDE_M, top - row * SIDE_M, cell_m, cells, cells),
        )
        for row in range(down)
        for col in range(across)
    ]


def _extent(path: Path) -> tuple[int, tuple[float, float, float, float], float]:
    """CRS, bounds and posting of a DEM, m: its own where it is UTM, else those of the UTM zone."""
    with rasterio.open(path) as source:
        if source.crs is None:
            raise DemError(f"{path}: has no CRS", "give a georeferenced DEM")
        own = source.crs.to_epsg() or 0
        if str(own)[:3] in ("326", "327", "258"):
            return own, tuple(source.bounds), float(source.res[0])
        west, south, east, north = transform_bounds(source.crs, 4326, *source.bounds)
        zone = utm_epsg((west + east) / 2, (south + north) / 2)
        # Its sides are slanted there: the largest rectangle that lies inside of all four.
        left, bottom, right, top = source.bounds
        edges = (
            (left, bottom, left, top),
            (left, bottom, right, bottom),
            (right, bottom, right, top),
            (left, top, right, top),
        )
        on_west, on_south, on_east, on_north = (transform_bounds(source.crs, zone, *edge) for edge in edges)
        return zone, (on_west[2], on_south[3], on_east[0], on_north[1]), 1.0


def drawn(region: GroundRegion) -> benchmark.RegionDraw:
    """The settings of a region: those that it draws from its climate, with bodies as they are, on
    ground that scatters as measured, and pairs as the default configuration makes them.
    """
    found = benchmark.draw(climate_of(region.file), region.seed)
    snowline = OWN_CLIMATES[region.file.climate][2]
    height = NO_SNOW_M if snowline is None else snowline + (region.file.geoid_m or 0.0)
    return replace(
        found,
        world=replace(found.world, snowline_m=height, bodies=BODIES),
        products=default_chain.products(replace(found.products, scattering=MEASURED)),
    )


def climate_of(file: GroundFile) -> Climate:
    """The ranges of a file's climate."""
    base, forest, snowline = OWN_CLIMATES[file.climate]
    climate = CLIMATES[base]
    decoys = {
        name: tuple(round(OF_BENCHMARK * count) for count in getattr(climate, name))
        for name in ("subsidence", "glacier", "snow", "mining")
    }
    if snowline is None:
        decoys |= {"glacier": (0, 0), "snow": (0, 0)}
    return replace(climate, forest_share=forest, **decoys)


def folds(files: Iterable[GroundFile], curvature: bool = False) -> list[dict[str, list[str]]]:
    """Leave one range out: each is the test of one fold, the next one, in an order that their
    names' hashes fix, its validation, the others its training.

    curvature: for networks that read it: ranges with SEAMED ground are in no training or
    validation.
    """
    files = list(files)
    ranges = sorted({file.mountains for file in files}, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    seamed = {file.mountains for file in files if file.path.stem in SEAMED} if curvature else set()
    made = []
    for k, test in enumerate(ranges):
        others = [name for name in (*ranges[k + 1 :], *ranges[:k]) if name not in seamed]
        made.append({"test": [test], "validation": others[:1], "train": others[1:]})
    return made


def settings(regions: Sequence[GroundRegion]) -> dict[str, Any]:
    """All that decides a set: grounds, regions, generator, noise and splits; JSON-ready."""
    files = list(dict.fromkeys(region.file for region in regions))
    shared = benchmark.settings()
    return {
        "grounds": {file.path.name: [file.mountains, file.climate, file.geoid_m, sha256(file.path)] for file in files},
        "regions": {region.name: [region.seed, region.grid.to_dict()] for region in regions},
        "climates": {file.climate: [asdict(climate_of(file)), *OWN_CLIMATES[file.climate]] for file in files},
        "bodies": [asdict(BODIES), {name: asdict(each) for name, each in CLASSES.items()}, SPEEDS_MM_PER_YR],
        "measured_cover": {str(code): asdict(cover) for code, cover in landcover.MEASURED.items()},
        "products": asdict(default_chain.products(ProductSettings(scattering=MEASURED))),
        "rates": asdict(default_chain.rates(regions[0].grid)),
        "folds": folds(files),
        "folds_of_curvature": folds(files, curvature=True),
        "generator": {name: value for name, value in shared.items() if name not in ("climates", "parts", "grid")},
    }


def settings_hash(regions: Sequence[GroundRegion]) -> str:
    """Name of a set, 16 hex digits."""
    return hashlib.sha256(json.dumps(settings(regions), sort_keys=True).encode()).hexdigest()[:16]

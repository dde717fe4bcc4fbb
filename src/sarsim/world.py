"""A simulated mountain region with everything that a satellite could see moving, and its planted
truth.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from rasterio.features import rasterize

from sarsim.bodies import BodySettings, plant_bodies
from sarsim.courses import calendar_years, gained_years
from sarsim.decoys import far_from, plant_decoys, with_mines
from sarsim.landcover import ROCK, WATER, map_land_cover
from sarsim.landslides import plant_landslides
from sarsim.mining import plant_mines
from sarsim.slopes import DownslopeField
from sarsim.terrain import Terrain, TerrainSettings, valley_terrain
from sarslide.errors import GridError, RasterError
from sarslide.grid import RegionGrid, window_of
from sarslide.io.arrays import read_npz, write_npz


@dataclass(frozen=True)
class WorldSettings:
    """What a region is made of; the defaults make a Hengduan valley.

    Attributes
    ----------
    terrain : TerrainSettings
        Numbers of the ground.
    snowline_m : float
        Ellipsoidal height, m.
    forest_share : float
        Part of the slopes below the tree line under forest.
    landslides : tuple[int, int, int]
        How many of each type (P2: large chair-shaped, elongated, small round).
    subsidence, glacier, snow, mining : int
        How many decoys of each kind.
    speed_factor : float
        On the speeds of these types.
    bodies : BodySettings, optional
        Landslides as they are, in the place of the three types.
    """

    terrain: TerrainSettings = field(default_factory=TerrainSettings)
    snowline_m: float = 4100.0
    forest_share: float = 0.3
    landslides: tuple[int, int, int] = (8, 22, 20)
    subsidence: int = 1
    glacier: int = 3
    snow: int = 5
    mining: int = 0
    speed_factor: float = 1.0
    bodies: BodySettings | None = None

    def stated(self) -> dict[str, Any]:
        """The settings for a record.

        Returns
        -------
        dict of str to Any
            JSON-ready, without what is off.
        """
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class World:
    """A simulated region.

    Attributes
    ----------
    region : RegionGrid
        The region.
    grid : RegionGrid
        `region` padded by a margin, on the same lattice.
    elevation_m : (rows, cols) array of float32
        Ellipsoidal heights on `grid`, m.
    land_cover : (rows, cols) array of uint8
        Codes of the layer `land_cover`.
    velocity_mm_per_yr : (3, rows, cols) array of float32
        East, north, up, landslides and decoys together; those of landslides times their course.
    landslides, decoys : GeoDataFrame
        The planted objects, all inside `region`, in its CRS; `courses.COLUMNS` of `landslides` say
        how their motion goes on in time (without them: steadily).
    snowline_m : float
        Ellipsoidal height, m.
    seed : int
        Its seed.
    """

    region: RegionGrid
    grid: RegionGrid
    elevation_m: np.ndarray
    land_cover: np.ndarray
    velocity_mm_per_yr: np.ndarray
    landslides: gpd.GeoDataFrame
    decoys: gpd.GeoDataFrame
    snowline_m: float
    seed: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of `grid` that the region covers: `world.elevation_m[world.window]`."""
        return window_of(self.grid, self.region)

    @property
    def body(self) -> np.ndarray:
        """uint16 on `grid`: k in the cells of the k-th row of `landslides`, counted from 1, else 0;
        made anew at each call.
        """
        if self.landslides is None or self.landslides.empty:
            return np.zeros(self.grid.shape, np.uint16)
        shapes = [(outline, k) for k, outline in enumerate(self.landslides.geometry, 1)]
        return rasterize(shapes, self.grid.shape, transform=self.grid.transform, dtype="uint16")

    def elapsed_years(self, date: str) -> np.ndarray:
        """How long everything has moved at its velocity by a date.

        The displacement of a cell since the epoch of motion is
        `velocity_mm_per_yr * elapsed_years(date)[body]`.

        Parameters
        ----------
        date : str
            YYYYMMDD.

        Returns
        -------
        (landslides + 1,) array of float64
            Years since `courses.MOTION_EPOCH`: those of the calendar first and for steady bodies,
            then each landslide's.
        """
        return calendar_years(date) + self._gained_years(date)

    def mean_course(self, first: str, last: str) -> np.ndarray:
        """Mean velocity between two dates over the planted one.

        Parameters
        ----------
        first, last : str
            YYYYMMDD.

        Returns
        -------
        (landslides + 1,) array of float64
            Exactly 1 first and for steady bodies.
        """
        span = calendar_years(last) - calendar_years(first)
        gained = self._gained_years(last) - self._gained_years(first)
        return 1 + (gained / span if span else gained)

    def _gained_years(self, date: str) -> np.ndarray:
        if self.landslides is None:
            return np.zeros(1)
        return np.concatenate([[0.0], gained_years(self.landslides, calendar_years(date))])


def build_world(
    region: RegionGrid,
    seed: int,
    margin_m: float | tuple[float, float] = (8000.0, 14000.0),
    settings: WorldSettings | None = None,
    ground: Callable[[RegionGrid], Terrain] | None = None,
) -> World:
    """The world of a seed.

    Deterministic: the same region, seed, margin and settings give the same bytes.

    Parameters
    ----------
    region : RegionGrid
        The region.
    seed : int
        Its seed.
    margin_m : float or tuple of float
        Added around the region, m: one number, or east-west and north-south.
    settings : WorldSettings, optional
        What it is made of.
    ground : callable, optional
        Terrain of a grid, such as that of a DEM file (`dem_terrain`); None: a valley of
        `settings.terrain`.

    Returns
    -------
    World
        The world.
    """
    settings = settings or WorldSettings()
    margin_x, margin_y = margin_m if isinstance(margin_m, tuple) else (margin_m, margin_m)
    grid = _padded(region, margin_x, margin_y)
    children = np.random.SeedSequence([seed, 1]).spawn(5)
    for_terrain, for_cover, for_landslides, for_decoys, for_mines = children

    terrain = ground(grid) if ground else valley_terrain(grid, region, settings.terrain, for_terrain)
    cover = map_land_cover(grid, terrain, settings.snowline_m, settings.forest_share, for_cover)
    decoys, apparent = plant_decoys(
        grid,
        region,
        DownslopeField(grid, terrain.elevation_m),
        terrain.main_floor,
        terrain.elevation_m > settings.snowline_m,
        {"subsidence": settings.subsidence, "glacier": settings.glacier, "snow": settings.snow},
        for_decoys,
    )
    elevation = terrain.elevation_m
    slopes = (elevation < settings.snowline_m - 40) & ~terrain.floor & (cover != WATER)
    if settings.mining:
        free = slopes & far_from(np.any(apparent != 0, axis=0), grid.cell_m)
        mines = plant_mines(grid, region, elevation, free, settings.mining, for_mines)
        elevation, decoys, apparent = mines.elevation_m, with_mines(decoys, mines.table), apparent + mines.velocity
        cover[mines.mask] = ROCK
    free = far_from(np.any(apparent != 0, axis=0), grid.cell_m)
    if settings.bodies:
        landslides, velocity = plant_bodies(
            grid, region, elevation, free & slopes, settings.snowline_m, settings.bodies, for_landslides
        )
    else:
        landslides, velocity = plant_landslides(
            grid, region, elevation, free & slopes, settings.landslides, for_landslides, settings.speed_factor
        )
    return World(
        region,
        grid,
        elevation,
        cover,
        velocity + apparent,
        landslides,
        decoys,
        float(settings.snowline_m),
        int(seed),
    )


def _padded(region: RegionGrid, margin_x: float, margin_y: float) -> RegionGrid:
    nx, ny = (int(np.ceil(margin / region.cell_m)) for margin in (margin_x, margin_y))
    return RegionGrid(
        region.epsg,
        region.west - nx * region.cell_m,
        region.north + ny * region.cell_m,
        region.cell_m,
        region.rows + 2 * ny,
        region.cols + 2 * nx,
    )


def elevation_on(world: World, part: RegionGrid) -> np.ndarray:
    """Heights on a grid on the world's lattice.

    Parameters
    ----------
    world : World
        The simulated region.
    part : RegionGrid
        The grid.

    Returns
    -------
    (rows, cols) array of float32
        Ellipsoidal heights, m.

    Raises
    ------
    GridError
        The world's margin does not hold it.
    """
    rows, cols = window_of(world.grid, part)
    if min(rows.start, cols.start) < 0 or rows.stop > world.grid.rows or cols.stop > world.grid.cols:
        raise GridError(f"the simulated world {world.grid} does not hold {part}", "choose a smaller margin")
    return world.elevation_m[rows, cols]


def true_los_rate(
    velocity_mm_per_yr: np.ndarray, los_east: np.ndarray, los_north: np.ndarray, los_up: np.ndarray
) -> np.ndarray:
    """Line-of-sight rate of a velocity.

    Parameters
    ----------
    velocity_mm_per_yr : (3, ...) array of float
        East, north, up.
    los_east, los_north, los_up : ndarray
        Unit vector from the ground to the satellite.

    Returns
    -------
    array of float32
        mm/yr, positive towards the satellite.
    """
    east, north, up = velocity_mm_per_yr
    return (east * los_east + north * los_north + up * los_up).astype(np.float32)


ARRAYS = ("elevation_m", "land_cover", "velocity_mm_per_yr")
TABLES = ("landslides", "decoys")


def save_world(path: str | Path, world: World) -> None:
    """Write a world as an `.npz` of plain arrays: same world, same bytes (no times, no pickle).

    Parameters
    ----------
    path : str or Path
        The file.
    world : World
        The simulated region.
    """
    head = {
        "region": world.region.to_dict(),
        "grid": world.grid.to_dict(),
        "snowline_m": world.snowline_m,
        "seed": world.seed,
        **{name: _table_to_json(getattr(world, name)) for name in TABLES},
    }
    arrays = {name: getattr(world, name) for name in ARRAYS}
    arrays["head"] = np.frombuffer(json.dumps(head, sort_keys=True).encode(), np.uint8)
    write_npz(path, arrays)


def load_world(path: str | Path) -> World:
    """Read what `save_world` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    World
        The world.

    Raises
    ------
    RasterError
        A file that is missing or holds no world.
    """
    try:
        stored = read_npz(path, RasterError, "run simulate_world again")
        arrays = {name: stored[name] for name in ARRAYS}
        head = json.loads(stored["head"].tobytes())
    except (KeyError, ValueError) as error:
        raise RasterError(f"{path}: is not a simulated world ({error})", "run simulate_world again") from error
    return World(
        region=RegionGrid.from_dict(head["region"]),
        grid=RegionGrid.from_dict(head["grid"]),
        snowline_m=head["snowline_m"],
        seed=head["seed"],
        **{name: _table_from_json(head[name]) for name in TABLES},
        **arrays,
    )


def _table_to_json(frame: gpd.GeoDataFrame) -> dict[str, Any]:
    columns = [name for name in frame.columns if name != "geometry"]
    return {
        "epsg": frame.crs.to_epsg(),
        "columns": {name: frame[name].tolist() for name in columns},
        "order": columns,
        "geometry": [geometry.wkb_hex for geometry in frame.geometry],
    }


def _table_from_json(table: dict[str, Any]) -> gpd.GeoDataFrame:
    from shapely import from_wkb

    columns = {name: table["columns"][name] for name in table["order"]}
    return gpd.GeoDataFrame(columns, geometry=from_wkb(table["geometry"]), crs=f"EPSG:{table['epsg']}")

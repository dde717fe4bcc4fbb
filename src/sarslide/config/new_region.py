"""Begin a region of one's own, offline: UTM grid, tracks of the repeat orbit, regions/NAME.yaml."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sarslide import names
from sarslide.catalog.ground_track import Track, tracks_over
from sarslide.catalog.region import outline
from sarslide.config.crs import utm_epsg
from sarslide.config.loading import OWN_REGIONS, check_region_name, existing, load, presets, resolve
from sarslide.errors import ConfigError, CoverageError, GridError, SarslideError, VectorError
from sarslide.grid import RegionGrid
from sarslide.io.atomic import atomic_file, check_writable
from sarslide.report.track_map import write_track_map
from sarslide.retrieve.dem_tiles import MODELS

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

ARCHIVES = ("asf", "copernicus", "folder")
CELL_M = 30
UTM_LATITUDES = (-80.0, 84.0)
MIN_SIDE_M, LARGE_SIDE_M, MAX_SIDE_M = 2e3, 100e3, 800e3
FIRST_DATE = "20141003"  # of Sentinel-1A's archive
WINDOW_DAYS = 365  # searched where no start is given
SAME_PASS_DEG = 0.1
EDGES = 32  # pieces of the longer side of an area that is projected


@dataclass(frozen=True)
class NewRegion:
    """A region that was begun.

    Attributes
    ----------
    path : Path
        Its file, regions/NAME.yaml.
    picture : Path
        Map of it beside its file.
    grid : RegionGrid
        Its grid.
    tracks : tuple of Track
        All that see the region or a part, best first.
    stacks : tuple of str
        The chosen ones.
    notes : tuple of str
        What a user should know: its size, what no track sees.
    """

    path: Path
    picture: Path
    grid: RegionGrid
    tracks: tuple[Track, ...]
    stacks: tuple[str, ...]
    notes: tuple[str, ...]


def box_area(west: float, south: float, east: float, north: float) -> "BaseGeometry":
    """The area of a box.

    Parameters
    ----------
    west, south, east, north : float
        Degree, WGS 84.

    Returns
    -------
    shapely geometry
        Longitude and latitude, degree.

    Raises
    ------
    GridError
        For a box that is empty, outside the world, or crosses the antimeridian.
    """
    import shapely

    text = f"bbox {west:g} {south:g} {east:g} {north:g}"
    inside = all(-180 <= lon <= 180 for lon in (west, east)) and all(-90 <= lat <= 90 for lat in (south, north))
    if not inside:  # also for NaN
        raise GridError(
            f"{text} is not on the Earth", "give west, south, east, north in degrees, longitudes -180 to 180"
        )
    if not (south < north and west != east):
        raise GridError(f"{text} is empty", "give west, south, east, north in degrees, in this order")
    if west > east:
        if west - east > 180:
            raise _crosses(text)
        raise GridError(f"{text}: west is greater than east", "give west, south, east, north, in this order")
    return shapely.box(west, south, east, north)


def file_area(path: str | Path) -> "BaseGeometry":
    """The area that a vector file outlines.

    Parameters
    ----------
    path : str or Path
        Polygons in any CRS.

    Returns
    -------
    shapely geometry
        Longitude and latitude, degree.

    Raises
    ------
    VectorError
        For a file that cannot be read, has no CRS, or holds anything but polygons.
    GridError
        For an area that crosses the antimeridian.
    """
    import numpy as np
    import shapely

    from sarslide.io.vector import read

    frame = read(path)
    shapes = frame.geometry[~(frame.geometry.isna() | frame.geometry.is_empty)]
    if shapes.empty:
        raise VectorError(f"{path}: holds no area", "give a file with at least one polygon")
    kinds = set(shapes.geom_type) - {"Polygon", "MultiPolygon"}
    if kinds:
        raise VectorError(f"{path}: holds {', '.join(sorted(kinds))}", "give polygons only, or --bbox")
    west, south, east, north = shapes.total_bounds
    # Straight lines of its CRS are none in degrees.
    shapes = shapes.force_2d().segmentize(max(east - west, north - south) / EDGES).to_crs(4326)
    west, south, east, north = shapes.total_bounds
    if not np.isfinite(shapes.total_bounds).all() or max(abs(south), abs(north)) > 90:
        raise VectorError(f"{path}: its coordinates are none of its CRS", "correct the CRS of the file")
    if east - west > 180:
        raise _crosses(str(path))
    return shapely.MultiPolygon([part for shape in shapes for part in getattr(shape, "geoms", [shape])])


def _crosses(what: str) -> GridError:
    return GridError(f"{what} crosses the antimeridian", "begin two regions, one on each side of 180 degrees")


def new_region(
    name: str,
    area: "BaseGeometry",
    origin: str = "",
    start: str | None = None,
    end: str | None = None,
    archive: str = "asf",
    dem: str = "glo30",
    folder: Path = Path(),
) -> NewRegion:
    """Write the file of a region of the user's own, and a map beside it.

    Parameters
    ----------
    name : str
        Of the region.
    area : shapely geometry
        Longitude and latitude, degree; of `box_area` or `file_area`.
    origin : str
        Where the area is from, for the first line of the file.
    start, end : str, optional
        First and last date that are searched, `YYYYMMDD` or `YYYY-MM-DD`; by default a year ago,
        and open.
    archive : str
        One of ARCHIVES.
    dem : str
        One of MODELS, or a file with ellipsoidal heights.
    folder : Path
        Working folder.

    Returns
    -------
    NewRegion
        What was found and written.

    Raises
    ------
    ConfigError
        Where the name is taken or cannot name a region, or a date, an archive or a DEM is wrong.
    GridError
        Where the area is too small, too large or beyond the reach of UTM.
    CoverageError
        Where no track sees it.
    """
    path = _free(name, folder)
    first, last = _window(start, end)
    if archive not in ARCHIVES:
        raise ConfigError(f"--archive {archive}: unknown archive", f"one of {', '.join(ARCHIVES)}")
    if dem not in MODELS:
        existing("--dem", str(folder / resolve(dem)))
    grid = utm_grid(area)
    tracks = tuple(tracks_over(outline(grid)))
    if not tracks:
        raise CoverageError(
            "no track of Sentinel-1 sees the area", "it sees nothing south of 78.5 S: choose another area"
        )
    stacks = chosen(tracks)
    notes = (*_size_notes(grid), *_track_notes(tracks, stacks))
    text = _text(name, origin, area, grid, tracks, stacks, first, last, archive, dem)
    _validate(name, text)
    picture = path.with_suffix(".png")
    write_track_map(picture, name, area, grid, tracks, stacks)
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return NewRegion(path, picture, grid, tracks, stacks, notes)


def utm_grid(area: "BaseGeometry") -> RegionGrid:
    """The smallest grid of 30 m cells around an area, in the UTM zone of its middle.

    Parameters
    ----------
    area : shapely geometry
        Longitude and latitude, degree.

    Returns
    -------
    RegionGrid
        Its edges are multiples of the cell size.

    Raises
    ------
    GridError
        Where the area is too small, too large or beyond the reach of UTM.
    """
    import numpy as np
    import shapely
    from pyproj import Transformer

    west, south, east, north = area.bounds
    lowest, highest = UTM_LATITUDES
    if south < lowest or north > highest:
        raise GridError(
            f"area from {south:g} to {north:g} degrees north is beyond the reach of UTM",
            f"choose an area between {lowest:g} and {highest:g}",
        )
    epsg = utm_epsg((west + east) / 2, (south + north) / 2)
    dense = shapely.segmentize(area, max(east - west, north - south) / EDGES)
    lon, lat = shapely.get_coordinates(dense).T
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, lat)
    if not max(np.ptp(x), np.ptp(y)) <= MAX_SIDE_M:  # also for what cannot be projected
        raise GridError(
            f"area of {_km(np.ptp(x), np.ptp(y))} is too large",
            f"begin several regions of at most {MAX_SIDE_M / 1e3:g} km",
        )
    bounds = float(x.min()), float(y.min()), float(x.max()), float(y.max())
    grid = RegionGrid.from_bounds(epsg, bounds, CELL_M)
    if min(_sides_m(grid)) < MIN_SIDE_M:
        raise GridError(
            f"area of {_km(*_sides_m(grid))} is too small",
            "give at least 2 x 2 km: rates refer to stable ground around landslides",
        )
    lon = [point[0] for point in outline(grid)]
    if max(lon) - min(lon) > 180:  # the grid is a little wider than the area
        raise _crosses("the grid around the area")
    return grid


def chosen(tracks: Sequence[Track]) -> tuple[str, ...]:
    """The tracks that a region begins with.

    Parameters
    ----------
    tracks : sequence of Track
        Best first.

    Returns
    -------
    tuple of str
        The best of each pass that there is, ascending first.
    """
    best = {track.stack[0]: track.stack for track in reversed(tracks)}
    return tuple(best[letter] for letter in sorted(best))


def _free(name: str, folder: Path) -> Path:
    """The file of a region whose name is not taken."""
    check_region_name(name)
    path = folder / OWN_REGIONS / f"{name}.yaml"
    if name in presets():
        raise ConfigError(f"{path}: '{name}' is a packaged region", "choose another name")
    if path.exists():
        raise ConfigError(f"{path}: exists", "edit it, or choose another name")
    check_writable(path.parent)
    return path


def _window(start: str | None, end: str | None) -> tuple[str, str | None]:
    """First and last date of the search, YYYYMMDD."""
    today = f"{datetime.now(UTC):%Y%m%d}"
    dates = {"--start": start and start.replace("-", ""), "--end": end and end.replace("-", "")}
    for option, date in dates.items():
        if date and names.parse_date(date) > names.parse_date(today):
            raise ConfigError(f"{option} {date} lies in the future", "leave --end out: the search stays open")
    last = dates["--end"] or None
    if last and last < FIRST_DATE:
        raise ConfigError(f"--end {last} is before Sentinel-1", f"its archive begins on {FIRST_DATE}")
    first = dates["--start"] or f"{names.parse_date(last or today) - timedelta(days=WINDOW_DAYS):%Y%m%d}"
    if last and first > last:
        raise ConfigError(f"--start {first} is after --end {last}", "give the earlier date first")
    return first, last


def _sides_m(grid: RegionGrid) -> tuple[float, float]:
    return grid.cols * grid.cell_m, grid.rows * grid.cell_m


def _km(width_m: float, height_m: float) -> str:
    return f"{width_m / 1e3:.1f} x {height_m / 1e3:.1f} km"


def _size_notes(grid: RegionGrid) -> list[str]:
    cells = grid.rows * grid.cols / 1e6
    if max(_sides_m(grid)) <= LARGE_SIDE_M:
        return []
    return [
        f"{_km(*_sides_m(grid))} are {cells:.0f} million cells a date and track: `sarslide preflight` tells disk and hours; "
        f"grid.cell_m: {2 * CELL_M} has a quarter of the cells"
    ]


def _track_notes(tracks: Sequence[Track], stacks: Sequence[str]) -> list[str]:
    found = {track.stack: track for track in tracks}
    notes = []
    for letter, name in (("A", "ascending"), ("D", "descending")):
        stack = next((stack for stack in stacks if stack[0] == letter), None)
        if stack is None:
            notes.append(f"no {name} track sees the area")
        elif found[stack].share < 1:
            notes.append(f"no single {name} track sees the whole area, {stack} sees {found[stack].share_text}")
    for one, other in zip(tracks, tracks[1:], strict=False):
        if one.stack[0] == other.stack[0] == "A" and abs(one.incidence_deg - other.incidence_deg) < SAME_PASS_DEG:
            notes.append(f"{one.stack} and {other.stack} are one pass, whose number changes at the equator")
    return notes


def _text(
    name: str,
    origin: str,
    area: "BaseGeometry",
    grid: RegionGrid,
    tracks: Sequence[Track],
    stacks: Sequence[str],
    start: str,
    end: str | None,
    archive: str,
    dem: str,
) -> str:
    """The region's file."""
    west, south, east, north = area.bounds
    zone, hemisphere = grid.epsg % 100, "north" if grid.epsg < 32700 else "south"
    bounds = ", ".join(f"{value:.0f}" for value in grid.bounds)
    source = f" from {' '.join(origin.split())}" if origin else ""
    slc = (
        f"; SAFE folders and orbits lie below resources/{name}/slc" if archive == "folder" else ", copernicus or folder"
    )
    window = f"""\
  start: "{start}" # first and last date; end null: open, for scheduled runs
  end: {json.dumps(end)}
"""
    # Folders are taken as they are: no search reads a window.
    window = "" if archive == "folder" else window
    rows = "\n".join(f"# {line}" for line in track_table(tracks, stacks))
    return f"""\
# {name}: {_km(*_sides_m(grid))}, begun by `sarslide new`{source}.
# In degrees: west {west:.4f}, south {south:.4f}, east {east:.4f}, north {north:.4f}. Map: {name}.png.
# Every key of config.yaml may stand here as well; `sarslide config KEY` explains one.
source: safe
# Tracks that see the area, by the repeat orbit; which passes were acquired, only the archive knows.
# Incidence and flight direction at the centre, degree; share of the area that is seen, at sea level.
{rows}
stacks: [{", ".join(stacks)}]
grid:
  epsg: {grid.epsg} # UTM zone {zone} {hemisphere}
  bounds: [{bounds}] # west, south, east, north; m
  cell_m: {CELL_M}
  dem: {dem if dem in MODELS else json.dumps(dem)} # glo30, aw3d30, srtm, or a file with ellipsoidal heights
catalog:
  archive: {archive} # asf{slc}
{window}inventory:
  snowline_m: null # m above the ellipsoid; objects above are masked as snow or glacier; null: no snowline is set
"""


def track_table(tracks: Sequence[Track], stacks: Sequence[str] = ()) -> list[str]:
    """Tracks as lines of text.

    Parameters
    ----------
    tracks : sequence of Track
        Best first.
    stacks : sequence of str
        Those that are marked as chosen.

    Returns
    -------
    list of str
        A head and a line each.
    """
    lines = ["track  pass        incidence  flight  seen"]
    for track in sorted(tracks, key=lambda track: track.stack[0]):
        name = "ascending" if track.stack[0] == "A" else "descending"
        mark = "  chosen" if track.stack in stacks else ""
        angles = f"{track.incidence_deg:9.1f}  {track.heading_deg:6.0f}"
        lines.append(f"{track.stack}   {name:<10}  {angles}  {track.share_text:>4}{mark}")
    return lines


def _validate(name: str, text: str) -> None:
    """Read the file as every command will, before it has its name."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / OWN_REGIONS / f"{name}.yaml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        try:
            load({"region": name}, Path(temporary))
        except SarslideError as error:
            error.args = tuple(str(text).replace(f"{temporary}/", "") for text in error.args)
            raise

"""The only reader and writer of vectors: GeoPackage with styles inside, GeoParquet beside it.

What a file may be is seen from its first bytes, and GDAL reads it as that: of the other formats
that GDAL knows some fetch addresses, open files elsewhere or run code. What these formats
themselves could ask for (a CRS behind a link, a table that is computed) is refused before.
"""

import errno
import io
import json
import math
import sqlite3
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import pandas as pd
from shapely.geometry import box

from sarslide.errors import SarslideError, VectorError
from sarslide.grid import RegionGrid
from sarslide.io import geoparquet
from sarslide.io.atomic import atomic_file
from sarslide.io.bounded import content, plain_file, shown

FORMAT_VERSION = 1
CURE = "give a GeoPackage, Shapefile, GeoJSON, FlatGeobuf or GeoParquet"
SMALLER = "cut it to the region, and save it as a GeoPackage"
# What may be read whole; of a GeoPackage, a Shapefile, FlatGeobuf and GeoParquet with a covering, a
# part may be read of any size.
MAX_FEATURES = 1_000_000
MAX_BYTES, MAX_GEOJSON_BYTES = 256 << 20, 64 << 20
MAX_MEMBERS = 1000
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")  # of a Shapefile
OPTIONS = {
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z",  # so that bytes do not depend on the time of writing
}


def read(path: str | Path, layer: str | None = None, around: RegionGrid | None = None) -> gpd.GeoDataFrame:
    """A vector layer in its own CRS.

    Parameters
    ----------
    path : str or Path
        The file: GeoPackage, Shapefile (also in a zip), GeoJSON, FlatGeobuf or GeoParquet.
    layer : str, optional
        Its layer; None for the first.
    around : RegionGrid, optional
        Read what may touch this region alone; by rectangles.

    Returns
    -------
    geopandas.GeoDataFrame
        Its features.

    Raises
    ------
    VectorError
        For a file that is missing, unreadable, of another format, too large or without a CRS; it
        names the file.
    """
    kind = _kind(path)
    if kind == "GeoParquet":
        frame = _parquet(path, around)
    else:
        frame = _features(path, kind, _gdal_name(path, kind, layer), layer, around)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise VectorError(f"{path}: has no geometry", CURE)
    if frame.crs is None:
        raise VectorError(f"{path}: has no CRS", "assign the coordinate reference system before use")
    return frame


def layer_names(path: str | Path) -> list[str]:
    """Names of the layers with a geometry.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    list of str
        In the order of the file.

    Raises
    ------
    VectorError
        As `read`.
    """
    kind = _kind(path)
    if kind == "GeoParquet":
        return [Path(path).stem]
    if kind == "zip":
        return [PurePosixPath(name).stem for name in _shapefiles(path)]
    with _readable(path):
        layers = _gdal().list_layers(_gdal_name(path, kind, None))
    return [str(name) for name, geometry in layers if geometry is not None]


@dataclass(frozen=True)
class Extent:
    """How much a layer holds, and where.

    Attributes
    ----------
    features : int
        Their number.
    bounds : tuple of float
        West, south, east, north in the CRS of the layer; NaN without features.
    crs : str or None
        Its CRS, as EPSG code or WKT; None where it has none.
    """

    features: int
    bounds: tuple[float, ...]
    crs: str | None


def extent(path: str | Path, layer: str | None = None) -> Extent:
    """How much a layer holds, and where, without its features.

    Parameters
    ----------
    path : str or Path
        The file.
    layer : str, optional
        Its layer; None for the first.

    Returns
    -------
    Extent
        Of the layer.

    Raises
    ------
    VectorError
        As `read`, but for a missing CRS.
    """
    kind = _kind(path)
    if kind == "GeoParquet":
        with _readable(path):
            about = geoparquet.header(path)
        return Extent(about.rows, about.bounds or tuple(_parquet(path, None).total_bounds), about.crs)
    name = _gdal_name(path, kind, layer)
    with _readable(path):
        about = _gdal().read_info(name, layer=layer, force_feature_count=True, force_total_bounds=True)
    bounds = about["total_bounds"]
    return Extent(about["features"], tuple(bounds) if bounds is not None else (math.nan,) * 4, about["crs"])


def values(path: str | Path, name: str, layer: str | None = None) -> pd.Series:
    """A column of a layer, of all its features, which are not read.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str
        Name of the column.
    layer : str, optional
        Its layer; None for the first.

    Returns
    -------
    pandas.Series
        Its values, of the first `MAX_FEATURES` features.

    Raises
    ------
    VectorError
        As `read` and `column`.
    """
    kind = _kind(path)
    if kind == "GeoParquet":
        with _readable(path):
            known = geoparquet.columns(path)
            _check_column(path, known, name)
            return geoparquet.values(path, name, MAX_FEATURES)
    gdal_name, gdal = _gdal_name(path, kind, layer), _gdal()
    with _readable(path):
        _check_column(path, list(gdal.read_info(gdal_name, layer=layer)["fields"]), name)
        table = gdal.read_dataframe(
            gdal_name, layer=layer, columns=[name], read_geometry=False, max_features=MAX_FEATURES
        )
    return table[name]


def read_table(path: str | Path, name: str) -> pd.DataFrame | None:
    """A table without outlines of a GeoPackage.

    Parameters
    ----------
    path : str or Path
        The GeoPackage.
    name : str
        Of the table.

    Returns
    -------
    pandas.DataFrame or None
        Its rows; None where there is no such table.

    Raises
    ------
    VectorError
        As `read`.
    """
    with _readable(path):
        if name not in [str(layer) for layer, geometry in _gdal().list_layers(path) if geometry is None]:
            return None
    return _features(path, "GPKG", _gdal_name(path, _kind(path), name), name, None)


def read_layer(path: str | Path, layer: str = "") -> gpd.GeoDataFrame:
    """The features of one layer, where it is clear which.

    Parameters
    ----------
    path : str or Path
        The file.
    layer : str
        Its layer; empty: its only one.

    Returns
    -------
    geopandas.GeoDataFrame
        At least one feature, numbered from 0 in the order of the file.

    Raises
    ------
    VectorError
        As `read`; for a layer that is not there, several without a name, and one without features.
    """
    known = layer_names(path)
    if layer and layer not in known:
        raise VectorError(f"{path}: has no layer '{layer}'", f"use {listed(known)}")
    if not layer and len(known) > 1:
        raise VectorError(f"{path}: has {len(known)} layers: {listed(known)}", "name one of them")
    frame = read(path, layer or None)
    if frame.empty:
        raise VectorError(f"{path}: has no features", "give a file with features of this region")
    return frame.reset_index(drop=True)


def column(path: str | Path, frame: gpd.GeoDataFrame, name: str) -> pd.Series:
    """A column of attributes.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    frame : geopandas.GeoDataFrame
        Its features.
    name : str
        Name of the column.

    Returns
    -------
    pandas.Series
        Its values.

    Raises
    ------
    VectorError
        Where there is no such column; it lists those that there are.
    """
    _check_column(path, [other for other in frame.columns if other != frame.geometry.name], name)
    return frame[name]


def listed(values: Iterable[object], most: int = 10) -> str:
    """Some values as a message shows them.

    Parameters
    ----------
    values : iterable
        Names of layers, columns or classes from a file.
    most : int
        So many are named.

    Returns
    -------
    str
        `a, b, c and 4 more`, on one line.
    """
    values = list(values)
    text = ", ".join(shown(value) for value in values[:most])
    return text if len(values) <= most else f"{text} and {len(values) - most} more"


def _check_column(path: str | Path, known: Sequence[str], name: str) -> None:
    if name not in known:
        raise VectorError(f"{path}: has no column '{name}'", f"its columns are: {listed(known) or 'none'}")


def _kind(path: str | Path) -> str:
    """The format of a file, by its first bytes."""
    with open(plain_file(path, VectorError, CURE), "rb") as stream:
        head = stream.read(100)
    if head.startswith(b"SQLite format 3\0"):
        return "GPKG"
    if head.startswith(b"\0\0\x27\x0a"):
        return "ESRI Shapefile"
    if head.startswith(b"fgb\x03fgb"):
        return "FlatGeobuf"
    if head.startswith(b"PAR1"):
        return "GeoParquet"
    if head.startswith(b"PK\3\4"):
        return "zip"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "GeoJSON"
    raise VectorError(f"{path}: cannot be read (none of the formats that are known)", CURE)


def _gdal_name(path: str | Path, kind: str, layer: str | None) -> str:
    """The name by which GDAL opens a file as what it is, after what GDAL does not check."""
    absolute = Path(path).absolute()
    if kind == "GPKG":
        _check_geopackage(path)
    elif kind == "GeoJSON":
        _check_geojson(path)
        return f"GeoJSON:{absolute}"
    elif kind == "ESRI Shapefile":
        for suffix in PARTS[1:]:
            if (part := absolute.with_suffix(suffix)).exists():
                plain_file(part, VectorError, CURE)
    elif kind == "zip":
        members = {PurePosixPath(name).stem: name for name in _shapefiles(path)}
        if layer is not None and layer not in members:
            raise VectorError(f"{path}: has no layer '{shown(layer)}'", f"use {listed(members)}")
        return f"/vsizip/{{{absolute}}}/{members[layer] if layer else next(iter(members.values()))}"
    return str(absolute)


def _gdal() -> ModuleType:
    import pyogrio

    pyogrio.set_gdal_config_options(OPTIONS)
    return pyogrio


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Whatever fails is a VectorError that names the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of GDAL, on outlines that are checked later
            yield
    except SarslideError:
        raise
    except Exception as error:  # pyogrio and pyarrow raise many unrelated types for a corrupt file
        problem = shown((str(error).splitlines() or [type(error).__name__])[0])
        raise VectorError(f"{path}: cannot be read ({problem})", CURE) from error


def _features(path: str | Path, kind: str, name: str, layer: str | None, around: RegionGrid | None) -> Any:
    gdal = _gdal()
    with _readable(path):
        about = gdal.read_info(name, layer=layer)
        if kind != "zip" and about["driver"] != kind:
            raise VectorError(f"{path}: is no {kind}", CURE)
        bounds = _bounds_in(about["crs"], around)
        if bounds is None:
            _check_size(path, Path(path).stat().st_size, about["features"])
        return gdal.read_dataframe(name, layer=layer, bbox=bounds, max_features=MAX_FEATURES)


def _bounds_in(crs: str | None, around: RegionGrid | None) -> tuple[float, ...] | None:
    """Rectangle around a region, in another CRS; None where there is none."""
    if crs is None or around is None:
        return None
    outline = box(*around.pad(10 * around.cell_m).bounds).segmentize(100 * around.cell_m)
    bounds = gpd.GeoSeries([outline], crs=around.epsg).to_crs(crs).total_bounds
    return tuple(bounds) if abs(bounds).max() < float("inf") else None


def _check_size(path: str | Path, size: int, features: int) -> None:
    if features > MAX_FEATURES or size > MAX_BYTES:
        raise VectorError(f"{path}: has {features} features and {size / 2**20:.0f} MiB, too much at once", SMALLER)


def _parquet(path: str | Path, around: RegionGrid | None) -> gpd.GeoDataFrame:
    with _readable(path):
        about = geoparquet.header(path)
        bounds = _bounds_in(about.crs, around) if about.covering else None
        near = geoparquet.within(path, about, bounds) if bounds else about.rows
        _check_size(path, about.size * near // max(about.rows, 1), near)
        return gpd.read_parquet(path, bbox=bounds)


def _shapefiles(path: str | Path) -> list[str]:
    """Members of a zip that are Shapefiles."""
    with _readable(path), zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if PurePosixPath(info.filename).suffix.lower() in PARTS]
        _check_size(path, sum(info.file_size for info in members), 0)
        found = [info.filename for info in members if info.filename.lower().endswith(".shp")]
        plain = not any(info.flag_bits & 1 for info in members)
    if not found or not plain or len(members) > MAX_MEMBERS:
        raise VectorError(f"{path}: holds no Shapefile that can be read", CURE)
    return found


def _check_geojson(path: str | Path) -> None:
    """VectorError for what is no JSON, and for a CRS behind a link, which GDAL would fetch."""

    def types(pairs: list[tuple[str, Any]]) -> tuple[str, ...]:
        """The types that an object states, in place of the object; GDAL does not mind the case."""
        for key, value in pairs:
            if key.lower() == "crs" and isinstance(value, tuple) and set(value) != {"name"}:
                raise ValueError("its CRS is no name")
        return tuple(str(value).lower() for key, value in pairs if key.lower() == "type")

    try:
        json.loads(content(path, VectorError, MAX_GEOJSON_BYTES, SMALLER), object_pairs_hook=types)
    except (ValueError, RecursionError) as error:
        raise VectorError(f"{path}: is no GeoJSON that can be read ({shown(error)})", CURE) from None


def _check_geopackage(path: str | Path) -> None:
    """VectorError for a damaged database, no GeoPackage, and tables that are computed."""
    with _readable(path), closing(_database(path)) as database:
        entries = database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        tables = [name for kind, name, _ in entries if kind == "table"]
        computed = [
            name
            for kind, name, sql in entries
            if kind == "view" or (str(sql).upper().startswith("CREATE VIRTUAL") and not name.startswith("rtree_"))
        ]
        if "gpkg_contents" not in tables:
            raise VectorError(f"{path}: is an SQLite database without the tables of a GeoPackage", CURE)
        for name in tables:
            columns = database.execute("SELECT hidden FROM pragma_table_xinfo(?)", (name,)) if not computed else []
            computed += [name for (hidden,) in columns if hidden > 1]
        if computed:
            raise VectorError(
                f"{path}: '{shown(computed[0])}' is computed when it is read", "save its features as a new layer"
            )


def _database(path: str | Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(Path(path).absolute()))}?mode=ro", uri=True)


def write(path: str | Path, frame: gpd.GeoDataFrame, layer: str) -> None:
    """Write one layer as a GeoPackage whose bytes do not depend on the time of writing.

    Parameters
    ----------
    path : str or Path
        The file.
    frame : geopandas.GeoDataFrame
        Its features.
    layer : str
        Name of the layer.
    """
    write_layers(path, {layer: frame})


def write_layers(
    path: str | Path,
    frames: dict[str, gpd.GeoDataFrame],
    styles: list[dict[str, Any]] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write several layers into one GeoPackage; empty ones keep their columns.

    Parameters
    ----------
    path : str or Path
        The file.
    frames : dict
        Features by name of the layer.
    styles : list of dict, optional
        Rows of the `layer_styles` table, in which QGIS and others look for the style of a layer.
    tables : mapping of str to DataFrame, optional
        Rows without outlines, by name of the table.

    Raises
    ------
    OutputError
        When it cannot be written, or the disk has lost a part of it.
    """
    tables = tables or {}
    rows = {name: len(table) for name, table in tables.items()} | ({"layer_styles": len(styles)} if styles else {})
    with atomic_file(path, _whole(frames, rows)) as temporary:
        for name, frame in frames.items():
            _add(temporary, name, frame, geometry_type=_geometry_type(frame))
        for name, table in tables.items():
            _add(temporary, name, gpd.GeoDataFrame(table))
        if styles:
            _add(temporary, "layer_styles", gpd.GeoDataFrame(styles), layer_options={"FID": "id"})


def write_as(path: Path, frame: gpd.GeoDataFrame, layer: str, driver: str, **options: str) -> None:
    """Write one layer of polygons in the format of another program.

    Parameters
    ----------
    path : Path
        The file; of a Shapefile several of its name.
    frame : GeoDataFrame
        Its features.
    layer : str
        Name of the layer.
    driver : str
        GDAL's name of the format.
    **options : str
        GDAL's options of the layer.
    """
    _gdal().write_dataframe(
        frame, path, layer=layer, driver=driver, geometry_type=_geometry_type(frame), layer_options=options
    )


def write_parquet(path: str | Path, frame: gpd.GeoDataFrame) -> None:
    """Write a table as GeoParquet, without an index.

    Parameters
    ----------
    path : str or Path
        The file.
    frame : geopandas.GeoDataFrame
        Its features.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    table = io.BytesIO()
    frame.to_parquet(table, index=False, compression="zstd")
    with atomic_file(path) as temporary:
        temporary.write_bytes(table.getbuffer())


def _whole(frames: Mapping[str, gpd.GeoDataFrame], tables: Mapping[str, int]) -> Callable[[Path], None]:
    """What raises OSError unless a GeoPackage has its rows, extents and indexes, undamaged."""
    rows = {name: len(frame) for name, frame in frames.items()} | dict(tables)
    placed = {name: int((frame.geometry.notna() & ~frame.geometry.is_empty).sum()) for name, frame in frames.items()}

    def counted(database: sqlite3.Connection, table: str) -> int:
        return database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]

    def check(path: Path) -> None:
        try:
            with closing(_database(path)) as database:
                lost = database.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",)
                lost |= rows != {name: counted(database, name) for name in rows}
                lost |= rows != dict(database.execute("SELECT table_name, feature_count FROM gpkg_ogr_contents"))
                extents = database.execute("SELECT table_name FROM gpkg_contents WHERE min_x NOT NULL").fetchall()
                lost |= any((name,) not in extents for name in frames if placed[name])
                lost |= placed != {name: counted(database, f"rtree_{name}_geom_rowid") for name in frames}
        except sqlite3.Error as error:
            raise OSError(errno.EIO, str(error), str(path)) from error
        if lost:
            raise OSError(errno.EIO, "not all of it can be read back", str(path))

    return check


def _add(path: Path, name: str, frame: gpd.GeoDataFrame, **options: Any) -> None:
    _gdal().write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists(), **options)


def _geometry_type(frame: gpd.GeoDataFrame) -> str | None:
    """Polygons and their multiples share one type; other layers have that of their features."""
    kinds = set(frame.geom_type)
    if kinds <= {"Polygon"}:
        return "Polygon"
    return "MultiPolygon" if kinds <= {"Polygon", "MultiPolygon"} else None

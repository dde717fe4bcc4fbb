"""The objects of a release in the formats of other programs, one function a format.

Numbers are those of the release. What a format cannot hold is told beside it.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd

from sarslide.inventory import records
from sarslide.inventory.styles import style_row, style_rows
from sarslide.io import vector
from sarslide.io.spreadsheet import csv_text
from sarslide.publish import columns
from sarslide.publish.source import Publication
from sarslide.publish.styles import by_rate_qml, by_rate_sld

PACKAGE, SERIES = "landslides.gpkg", "series"
MOVING = ("landslides", "non_landslide_deformation")  # the layers with a style by rate
BY_CLASS, BY_RATE = "by class", "by rate"  # names of styles
TEXT_BYTES = 254  # of a field of dBASE
SCHEMA = "http://www.geopackage.org/spec121/#extension_schema"


def geopackage(publication: Publication, folder: Path) -> None:
    """`landslides.gpkg`: all layers, styles by class and by rate, and of every column title, unit,
    meaning and value map (extension Schema of the GeoPackage standard, 12-128r18 F.9); the table of
    time series where the release has it.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where it is written.
    """
    path, title = folder / PACKAGE, f"{publication.region}, {publication.manifest.release}"
    series = vector.read_table(publication.folder / records.PACKAGE, SERIES)
    styles = [*style_rows(), *(_by_rate(layer) for layer in MOVING)]
    vector.write_layers(path, dict(publication.layers), styles, {} if series is None else {SERIES: series})
    with closing(sqlite3.connect(path)) as database, database:
        describe(database, publication.layers, title)


def geojson(publication: Publication, folder: Path) -> None:
    """`geojson/{layer}.geojson`: longitude and latitude, as RFC 7946 asks for.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where they are written.
    """
    for layer, frame in publication.layers.items():
        path = _inside(folder / "geojson", f"{layer}.geojson")
        vector.write_as(path, frame.to_crs(4326), layer, "GeoJSON", RFC7946="YES", COORDINATE_PRECISION="7")


def shapefile(publication: Publication, folder: Path) -> None:
    """`shapefile/{layer}.shp`, and `shapefile/COLUMNS.csv` with the names in full.

    Text is cut to 254 bytes.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where they are written.
    """
    for layer, frame in publication.layers.items():
        names = columns.short_names(_attributes(frame))
        texts = {name: frame[name].map(_cut) for name in names if frame[name].dtype == object}
        path = _inside(folder / "shapefile", f"{layer}.shp")
        vector.write_as(path, frame.assign(**texts).rename(columns=names), layer, "ESRI Shapefile", ENCODING="UTF-8")
    rows = [
        {"shapefile": short, "column": name, "unit": columns.unit(name), "title": columns.title(name)}
        for name, short in names.items()
    ]
    (folder / "shapefile" / "COLUMNS.csv").write_text(csv_text(rows, dict.fromkeys(rows[0], str)))


def geoparquet(publication: Publication, folder: Path) -> None:
    """`geoparquet/{layer}.parquet`: GeoParquet 1.1 with the bounds of each object, by which readers
    skip what lies elsewhere.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where they are written.
    """
    for layer, frame in publication.layers.items():
        path = _inside(folder / "geoparquet", f"{layer}.parquet")
        frame.to_parquet(path, index=False, compression="zstd", schema_version="1.1.0", write_covering_bbox=True)


def _inside(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    return folder / name


def _attributes(frame: gpd.GeoDataFrame) -> list[str]:
    return [name for name in frame.columns if name != frame.geometry.name]


def _cut(text: str) -> str:
    return text.encode()[:TEXT_BYTES].decode(errors="ignore")


def _by_rate(layer: str) -> dict[str, Any]:
    words = f"{layer.replace('_', ' ')} by line-of-sight rate"
    return style_row(layer, f"{layer} {BY_RATE}", by_rate_qml(), by_rate_sld(layer), words, default=False)


def describe(database: sqlite3.Connection, layers: Mapping[str, gpd.GeoDataFrame], title: str) -> None:
    """Add the tables of the extension Schema, and what the layers are called.

    Parameters
    ----------
    database : sqlite3.Connection
        An open GeoPackage.
    layers : mapping of str to GeoDataFrame
        Its layers.
    title : str
        What they are of.
    """
    database.execute(
        "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,"
        " description TEXT, mime_type TEXT, constraint_name TEXT, PRIMARY KEY (table_name, column_name),"
        " UNIQUE (table_name, name))"
    )
    database.execute(
        "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL,"
        " value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,"
        " UNIQUE (constraint_name, constraint_type, value))"
    )
    tables = ("gpkg_data_columns", "gpkg_data_column_constraints")
    database.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
        [(table, SCHEMA) for table in tables],
    )
    database.executemany("INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, ?)", _columns(layers))
    database.executemany(
        "INSERT INTO gpkg_data_column_constraints VALUES (?, 'enum', ?, NULL, NULL, NULL, NULL, ?)",
        [(name, value, words) for name, values in columns.VALUES.items() for value, words in values.items()],
    )
    for layer in layers:
        words = layer.replace("_", " ")
        database.execute("UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (f"{words}: {title}", layer))


def _columns(layers: Mapping[str, gpd.GeoDataFrame]) -> Iterator[tuple[str | None, ...]]:
    for layer, frame in layers.items():
        for name in _attributes(frame):
            title = columns.title(name)
            constraint = name if name in columns.VALUES else None
            yield layer, name, title, title, columns.meaning(name), constraint

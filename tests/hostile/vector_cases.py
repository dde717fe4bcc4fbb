"""Hostile and broken vectors: labels, polygons of series, inventories of others."""

import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from shapely.geometry import LineString, Polygon, box

from sarslide.dataset.labels import Reading, read_labels
from sarslide.evaluate.external_files import read_inventory
from sarslide.grid import RegionGrid
from sarslide.inventory.series import polygons_of
from sarslide.io import vector
from tests.hostile.changed import changed
from tests.hostile.damaged import damaged
from tests.hostile.support import pipe

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 60, 80)
ADDRESS = "http://127.0.0.1:9/crs"
SLIDES = [box(500300, 3199200, 500900, 3199800), box(501200, 3198600, 501700, 3199000)]
VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
LINK = {"type": "link", "properties": {"href": ADDRESS}}
READERS: tuple[Callable[[Path], object], ...] = (
    partial(read_labels, grid=GRID),
    partial(polygons_of, grid=GRID),
    partial(read_inventory, grid=GRID),
)


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "vectors"
    folder.mkdir()
    for made in (_texts, _databases, _outlines, _attributes, _mutations):
        for k, (name, path) in enumerate(made(folder)):
            yield name, partial(READERS[k % len(READERS)], path)
    yield "class values of 1 MB with line feeds", partial(_classes, folder)
    for name, place in {
        "no file": folder / "absent.gpkg",
        "a folder": folder,
        "a pipe": pipe(folder / "pipe.gpkg"),
        "/dev/zero": Path("/dev/zero"),
        "an address": ADDRESS,
        "/vsicurl": f"/vsicurl/{ADDRESS}",
    }.items():
        yield name, partial(vector.read, place)


def collection(geometry: Any, **members: Any) -> dict[str, Any]:
    """One feature as GeoJSON."""
    feature = {"type": "Feature", "properties": {"a": 1}, "geometry": geometry}
    return {"type": "FeatureCollection", "features": [feature], **members}


def degrees() -> dict[str, Any]:
    """The slides as GeoJSON in degrees."""
    return json.loads(gpd.GeoSeries(SLIDES, crs=GRID.epsg).to_crs(4326).to_json())


def _texts(folder: Path) -> Iterator[tuple[str, Path]]:
    one = degrees()["features"][0]["geometry"]
    turned = {"type": "Polygon", "coordinates": [[[y, x] for x, y in one["coordinates"][0]]]}
    far = {"type": "Polygon", "coordinates": [[[1e15, 0], [1e15, 1e15], [0, 1e15], [1e15, 0]]]}
    texts = {
        "a VRT": VRT.format("/etc/passwd"),
        "a VRT of an address": VRT.format(f"/vsicurl/{ADDRESS}"),
        "GeoJSON that is a VRT": json.dumps({"x": VRT.format(ADDRESS), "features": [], "type": "FeatureCollection"}),
        "a CRS behind a link": json.dumps(collection(one, crs=LINK)),
        "a CRS behind a link, by another case": json.dumps(collection(one, CRS=LINK | {"Type": "LINK"})),
        "a CRS behind a link, of a geometry": json.dumps(collection(one | {"crs": LINK})),
        "a CRS behind a link, escaped": json.dumps(collection(one, crs=LINK)).replace('"crs"', '"\\u0063rs"'),
        "KML": '<kml xmlns="http://www.opengis.net/kml/2.2"></kml>',
        "an ESRI service": json.dumps({"serviceUrl": ADDRESS, "type": "FeatureServer"}),
        "an address": ADDRESS,
        "empty": "",
        "an empty object": "{}",
        "no geometry": json.dumps(collection(None)),
        "no features": json.dumps({"type": "FeatureCollection", "features": []}),
        "a point": json.dumps(collection({"type": "Point", "coordinates": [99.0, 28.9]})),
        "latitude and longitude swapped": json.dumps(collection(turned)),
        "coordinates of 1e15": json.dumps(collection(far)),
        "not a number": json.dumps(
            collection({"type": "Polygon", "coordinates": [[[99, 28], [np.nan, 29], [100, 29]]]})
        ),
        "nested deep": '{"a":' * 100_000,
        "nested deep in coordinates": '{"type":"Polygon","coordinates":' + "[" * 100_000,
        "half a text": json.dumps(collection(one))[:-40],
        "UTF-16?": json.dumps(collection(one)).encode("utf-16").decode("latin-1"),
    }
    for k, (name, text) in enumerate(texts.items()):
        path = folder / f"t{k}.{'gpkg' if k % 2 else 'geojson'}"
        path.write_bytes(text.encode("latin-1"))
        yield name, path


def _databases(folder: Path) -> Iterator[tuple[str, Path]]:
    """GeoPackages that compute, and databases that are none."""
    endless = (
        "WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n) SELECT fid, zeroblob(9) AS geom FROM n"
    )
    layer = (
        "INSERT INTO gpkg_contents SELECT 'v', data_type, 'v', '', last_change, 0, 0, 9, 9, srs_id FROM gpkg_contents"
    )
    column = "INSERT INTO gpkg_geometry_columns SELECT 'v', 'geom', 'POLYGON', srs_id, 0, 0 FROM gpkg_geometry_columns"
    statements = {
        "a view without an end": (f"CREATE VIEW v AS {endless}", layer, column),
        "a view of a pixel elsewhere": (
            f"CREATE VIEW v AS SELECT gdal_get_pixel_value('/vsicurl/{ADDRESS}', 1, 'georef', 0, 0) AS fid, 1 AS geom",
            layer,
            column,
        ),
        "contents that are a view": (
            "ALTER TABLE gpkg_contents RENAME TO c",
            f"CREATE VIEW gpkg_contents AS {endless}",
        ),
        "a column that is computed": ("ALTER TABLE slides ADD COLUMN big AS (zeroblob(500000000))",),
        "no tables of a GeoPackage": ("DROP TABLE gpkg_contents",),
        "an unknown CRS": ("UPDATE gpkg_geometry_columns SET srs_id = 4711", "UPDATE gpkg_contents SET srs_id = 4711"),
        "a table that is gone": ("DROP TABLE slides",),
        "a trigger that waits?": ("CREATE TRIGGER t AFTER DELETE ON slides BEGIN DELETE FROM slides; END",),
    }
    for k, (name, commands) in enumerate(statements.items()):
        path = folder / f"d{k}.gpkg"
        vector.write(path, gpd.GeoDataFrame(geometry=SLIDES, crs=GRID.epsg), "slides")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f'DROP TRIGGER "{trigger}"')
            for command in commands:
                database.execute(command)
        yield name, path


def _outlines(folder: Path) -> Iterator[tuple[str, Path]]:
    """Outlines that cannot be, or that take too long."""
    chance = np.random.default_rng(1)
    scribble = chance.uniform((500000, 3198200), (502400, 3200000), (20_000, 2))
    away = Polygon([(1e15, 1e15), (1e15, 2e15), (2e15, 2e15)])
    outlines = {
        "a scribble of 20,000 vertices": [Polygon(scribble)],
        "coordinates of 1e15 metres": [away],
        "infinite": [Polygon([(500000, 3199000), (np.inf, 3199000), (500300, np.inf)])],
        "not a number": [Polygon([(500000, 3199000), (np.nan, 3199000), (500300, 3199300)])],
        "empty and none": [SLIDES[0], Polygon(), None],
        "a line": [LineString([(500000, 3199000), (500300, 3199300)])],
        "elsewhere": [box(600000, 3100000, 600100, 3100100)],
        "no area": [Polygon([(500300, 3199300), (500600, 3199300), (500900, 3199300)])],
    }
    for k, (name, shapes) in enumerate(outlines.items()):
        path = folder / f"o{k}.gpkg"
        gpd.GeoDataFrame(geometry=shapes, crs=GRID.epsg).to_file(path)
        yield name, path
    sides = {"long edges in another CRS": 4326, "far away in another CRS": 3857}
    for k, (name, epsg) in enumerate(sides.items()):
        ring = [(0, 0), (8e7, 0), (8e7, 8e7), (0, 8e7)] if epsg == 3857 else [(-359, -89), (359, -89), (359, 89)]
        path = folder / f"s{k}.gpkg"
        gpd.GeoDataFrame(geometry=[Polygon(ring)] * 200, crs=epsg).to_file(path)
        yield name, path


def _attributes(folder: Path) -> Iterator[tuple[str, Path]]:
    frame = gpd.GeoDataFrame({"name": ["a\nb", "x" * 1_000_000]}, geometry=SLIDES, crs=GRID.epsg)
    frame.to_file(folder / "names.gpkg")
    yield "names without a use?", folder / "names.gpkg"
    yield "names of 1 MB with line feeds", folder / "names.gpkg"
    frame.to_file(folder / "layers.gpkg", layer="one\ntwo")
    frame.to_file(folder / "layers.gpkg", layer="y" * 5000, mode="a")
    yield "layers with odd names", folder / "layers.gpkg"
    with zipfile.ZipFile(folder / "none.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "none")
    yield "a zip without a Shapefile", folder / "none.zip"
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.shp", "w") as stream,
    ):
        for _ in range(300):
            stream.write(bytes(1 << 20))
    yield "a Shapefile of 300 MB in a small zip", folder / "bomb.zip"


def _classes(folder: Path) -> object:
    frame = gpd.GeoDataFrame(
        {"kind": [f"c{k}\n" + "x" * 10_000 for k in range(100)]}, geometry=SLIDES[:1] * 100, crs=GRID.epsg
    )
    frame.to_file(folder / "classes.gpkg")
    return read_labels(folder / "classes.gpkg", GRID, Reading("", "kind", {"slide": "landslide"}))


def _mutations(folder: Path) -> Iterator[tuple[str, Path]]:
    """Seeded changes of one good file of each format."""
    good = gpd.GeoDataFrame({"kind": ["a", "b"]}, geometry=SLIDES, crs=GRID.epsg)
    for suffix, count, write in (
        ("gpkg", 28, good.to_file), ("shp", 21, good.to_file), ("fgb", 21, good.to_file), ("parquet", 21, good.to_parquet),
    ):  # fmt: skip
        whole = folder / f"good.{suffix}"
        write(whole)
        for k, (name, content) in enumerate(damaged(whole.read_bytes(), count, 7)):
            path = folder / f"{suffix}{k}.{suffix}"
            for part in folder.glob("good.*") if suffix == "shp" else ():
                path.with_suffix(part.suffix).write_bytes(part.read_bytes())
            path.write_bytes(content)
            yield f"mutation of {suffix}: {name}?", path
    for k, (name, content) in enumerate(changed(json.dumps(degrees(), indent=0), 32, 9)):
        path = folder / f"json{k}.geojson"
        path.write_bytes(content)
        yield f"mutation of geojson: {name}?", path

"""The landslides of a release as files beside the page, and the links to them."""

import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.polygon import orient

from sarslide.inventory import records
from sarslide.inventory.tables import OBJECTS, further
from sarslide.io.spreadsheet import csv_text
from sarslide.report.beside import FOLDER
from sarslide.report.look_up import placed

GEOJSON, CSV = "landslides.geojson", "landslides.csv"
CENTIMETRES = 1e-7  # degree


def files(landslides: gpd.GeoDataFrame) -> dict[str, bytes]:
    """GeoJSON (RFC 7946: longitude and latitude) and CSV of landslides.

    Parameters
    ----------
    landslides : GeoDataFrame
        Layer of the release.

    Returns
    -------
    dict of str to bytes
        By name, with `lon` and `lat` of a point inside each; the CSV has no outlines.
    """
    rows = placed(landslides)
    shapes = [_right_handed(shape) for shape in landslides.to_crs(4326).geometry.set_precision(CENTIMETRES)]
    features = [
        {"type": "Feature", "geometry": mapping(shape), "properties": _known(row)}
        for shape, row in zip(shapes, rows, strict=True)
    ]
    known = OBJECTS | further(landslides.columns) | {"lon": str, "lat": str}
    kinds = {name: kind for name, kind in known.items() if name in (*landslides, "lon", "lat")}
    texts = [row | {"lon": f"{row['lon']:.7f}", "lat": f"{row['lat']:.7f}"} for row in rows]
    return {
        GEOJSON: json.dumps({"type": "FeatureCollection", "features": features}).encode(),
        CSV: csv_text(texts, kinds).encode(),
    }


def _right_handed(shape: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Outer rings run against the clock, holes with it (RFC 7946, 3.1.6)."""
    parts = [orient(part) for part in getattr(shape, "geoms", [shape])]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    return {name: None if value != value else value for name, value in row.items()}


def links(release: str) -> list[tuple[str, str]]:
    """What the page offers.

    Parameters
    ----------
    release : str
        Id of the release.

    Returns
    -------
    list of (str, str)
        Label and address from the page.
    """
    package = f"../inventory/{records.RELEASES}/{release}/{records.PACKAGE}"
    return [
        ("GeoPackage (all layers)", package),
        ("GeoJSON", f"{FOLDER}/{GEOJSON}"),
        ("CSV", f"{FOLDER}/{CSV}"),
    ]

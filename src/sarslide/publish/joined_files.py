"""A register as a folder: a GeoPackage, a page, a table of duplicates, and a STAC catalogue with a
collection of each region.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from sarslide.inventory.styles import STYLES, style_rows
from sarslide.io import vector
from sarslide.io.spreadsheet import csv_text
from sarslide.publish import columns, page_map, stac
from sarslide.publish.files import describe
from sarslide.publish.joined import Register, equal_area_about

PACKAGE, PAGE, TABLE = "register.gpkg", "register.html", "duplicates.csv"
REGIONS = "regions"
SHOWN = ("landslides", "non_landslide_deformation")  # on the page
DUPLICATE_COLUMNS = {
    **dict.fromkeys(("uid", "region", "ls_id", "layer", "kept_uid", "kept_region", "why"), str),
    **dict.fromkeys(("area_km2", "common_km2", "share", "alone_km2", "lon", "lat"), float),
}


def write(register: Register, folder: Path) -> None:
    """`register.gpkg`, `register.html`, `duplicates.csv`, `regions/{region}.geojson`, `stac/`.

    Parameters
    ----------
    register : Register
        The register.
    folder : Path
        Where it is written.
    """
    _package(register, folder / PACKAGE)
    (folder / TABLE).write_text(csv_text(register.duplicates.to_dict("records"), DUPLICATE_COLUMNS))
    (folder / PAGE).write_text(page(register))
    _regions(register, folder / REGIONS)
    shared = [folder / PACKAGE, folder / TABLE]
    stac.save(
        [
            stac.collection(one, folder, [folder / REGIONS / f"{one.region}.geojson", *shared])
            for one in register.publications
        ],
        folder,
    )


def page(register: Register) -> str:
    """A page that opens offline: the regions, a map, the landslides, and what is left out.

    Parameters
    ----------
    register : Register
        The register.

    Returns
    -------
    str
        HTML.
    """
    equal_area = equal_area_about(register.publications)
    shown = {layer: _rows(register.layers[layer], equal_area) for layer in SHOWN}
    regions = _rows(register.regions, equal_area)
    left_out = _rows(register.duplicates, equal_area)
    styles = {layer: STYLES[layer][1][0] for layer in SHOWN}
    drawn = [
        *({"kind": "region", "title": one["region"], **one} for one in regions),
        *(
            {"kind": layer, "title": f"{one['region']} {one['ls_id']} {one['name']}", **one}
            for layer in SHOWN
            for one in shown[layer]
        ),
    ]
    return page_map.template(PAGE).render(
        register=register, regions=regions, shown=shown, left_out=left_out, styles=styles,
        map=page_map.drawn(drawn), reasons=columns.VALUES["why"],
    )  # fmt: skip


def _package(register: Register, path: Path) -> None:
    layers = {**register.layers, "duplicates": register.duplicates, "regions": register.regions}
    vector.write_layers(path, layers, style_rows())
    with closing(sqlite3.connect(path)) as database, database:
        describe(database, layers, f"register {register.release}")


def _regions(register: Register, folder: Path) -> None:
    """The objects of each region that the register keeps, as RFC 7946 asks for."""
    folder.mkdir()
    for one in register.publications:
        parts = [frame[frame.region == one.region].assign(layer=layer) for layer, frame in register.layers.items()]
        objects = pd.concat([part for part in parts if len(part)] or parts[:1]).to_crs(4326)
        path = folder / f"{one.region}.geojson"
        vector.write_as(path, objects, one.region, "GeoJSON", RFC7946="YES", COORDINATE_PRECISION="7")


def _rows(frame: gpd.GeoDataFrame, crs: Any) -> list[dict[str, Any]]:
    return frame.to_crs(crs).to_dict("records")

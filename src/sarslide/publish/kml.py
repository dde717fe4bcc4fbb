"""KMZ, which Google Earth and map viewers of phones open: a folder a layer, coloured by class, the
columns of a release in the balloon of each object (KML 2.2, OGC 07-147r2).
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as XML

from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.polygon import orient

from sarslide.inventory.styles import STYLES, Style
from sarslide.io.xml_text import allowed
from sarslide.publish import columns
from sarslide.publish.source import Publication

NAMESPACE = "http://www.opengis.net/kml/2.2"
FILE = "landslides.kmz"
TIME = (2000, 1, 1, 0, 0, 0)  # so that bytes do not depend on the time of writing


def kmz(publication: Publication, folder: Path) -> None:
    """`landslides.kmz`: all layers, longitude and latitude.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where it is written.
    """
    with zipfile.ZipFile(folder / FILE, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("doc.kml", TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, document(publication))


def document(publication: Publication) -> bytes:
    """The document of a KMZ.

    Parameters
    ----------
    publication : Publication
        The release.

    Returns
    -------
    bytes
        KML, UTF-8.
    """
    root = XML.Element("kml", xmlns=NAMESPACE)
    top = XML.SubElement(root, "Document")
    _text(top, "name", f"{publication.region}, {publication.manifest.release}")
    for layer, (_, styles) in STYLES.items():
        for style in styles:
            _style(top, f"{layer}-{style.value}", style)
    for layer, frame in publication.layers.items():
        part = XML.SubElement(top, "Folder")
        _text(part, "name", layer.replace("_", " "))
        _text(part, "visibility", str(int(layer == "landslides")))
        for row in frame.to_crs(4326).to_dict("records"):
            _placemark(part, layer, row)
    return XML.tostring(root, encoding="UTF-8", xml_declaration=True)


def _text(parent: XML.Element, tag: str, text: str) -> None:
    XML.SubElement(parent, tag).text = allowed(text)


def _style(parent: XML.Element, name: str, style: Style) -> None:
    drawn = XML.SubElement(parent, "Style", id=name)
    line = XML.SubElement(drawn, "LineStyle")
    _text(line, "color", _colour(style.line, 1))
    _text(line, "width", "1.5")
    _text(XML.SubElement(drawn, "PolyStyle"), "color", _colour(style.fill, style.opacity))


def _colour(rgb: str, opacity: float) -> str:
    """aabbggrr of #rrggbb."""
    return f"{round(255 * opacity):02x}{rgb[5:7]}{rgb[3:5]}{rgb[1:3]}"


def _placemark(parent: XML.Element, layer: str, row: dict) -> None:
    mark = XML.SubElement(parent, "Placemark")
    _text(mark, "name", row["name"] or row["ls_id"])
    _text(mark, "styleUrl", f"#{layer}-{row['status']}")
    data = XML.SubElement(mark, "ExtendedData")
    for name, value in row.items():
        if name != "geometry" and value == value and value != "":
            entry = XML.SubElement(data, "Data", name=name)
            _text(entry, "displayName", columns.title(name))
            _text(entry, "value", str(value))
    several = XML.SubElement(mark, "MultiGeometry")
    for polygon in _parts(row["geometry"]):
        outline = XML.SubElement(several, "Polygon")
        for tag, ring in (("outerBoundaryIs", polygon.exterior), *(("innerBoundaryIs", r) for r in polygon.interiors)):
            corners = " ".join(f"{x:.7f},{y:.7f}" for x, y in ring.coords)
            _text(XML.SubElement(XML.SubElement(outline, tag), "LinearRing"), "coordinates", corners)


def _parts(geometry: Polygon | MultiPolygon) -> Iterator[Polygon]:
    """Polygons whose outer ring runs anticlockwise."""
    yield from (orient(part) for part in getattr(geometry, "geoms", [geometry]))

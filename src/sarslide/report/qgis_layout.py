"""Print layout of a QGIS project: A4 with map, legend, scale bar, title and what it is made of.

Elements and attributes are those that QGIS 3.22 writes; what is left out has its default there.
"""

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_DNS, uuid5
from xml.etree import ElementTree as XML

from sarslide.report.figures import round_length

NAME = "A4"
A4_MM = (210, 297)  # upright
EDGE_MM, TITLE_MM, FOOT_MM = 10, 12, 42
# Kinds of QGIS's layout items (QgsLayoutItemRegistry::ItemType).
PAGE, MAP, LABEL, LEGEND, SCALE_BAR = 65638, 65639, 65641, 65642, 65646
LEFT, MIDDLE = 1, 128  # Qt::AlignLeft, Qt::AlignVCenter
FONT = "DejaVu Sans"
FONTS_OF_LEGEND = {"title": 9, "group": 8, "subgroup": 8, "symbol": 7, "symbolLabel": 7}


def layout(bounds: Sequence[float], title: str, credit: str) -> XML.Element:
    """The layout.

    Parameters
    ----------
    bounds : sequence of float
        West, south, east, north, m, all of which the map shows.
    title : str
        Above the map.
    credit : str
        In the foot: sources and dates.

    Returns
    -------
    XML.Element
        Element `Layouts` of a project.
    """
    west, south, east, north = bounds
    wide = east - west > north - south
    width, height = A4_MM[::-1] if wide else A4_MM
    room = (width - 2 * EDGE_MM, height - 2 * EDGE_MM - TITLE_MM - FOOT_MM)
    foot = EDGE_MM + TITLE_MM + room[1] + 2
    root = XML.Element("Layouts")
    made = XML.SubElement(root, "Layout", name=NAME, units="mm", printResolution="300", worldFileMap=_uuid("map"))
    pages = XML.SubElement(made, "PageCollection")
    _item(pages, PAGE, "page", (0, 0), (width, height))
    drawn = _item(made, MAP, "map", (EDGE_MM, EDGE_MM + TITLE_MM), room, frame="true", background="true")
    for word, value in zip(("xmin", "ymin", "xmax", "ymax"), _shown(bounds, room), strict=True):
        _child(drawn, "Extent").set(word, f"{value:.3f}")
    _label(made, "title", (EDGE_MM, EDGE_MM - 2), (room[0], TITLE_MM), title, 16)
    _scale_bar(made, (EDGE_MM, foot), room[0], (east - west) / room[0], (north - south) / room[1])
    _label(made, "credit", (EDGE_MM, foot + 16), (room[0] * 0.3, FOOT_MM - 18), credit, 7)
    legend = {"map_uuid": _uuid("map"), "legendFilterByMap": "1", "columnCount": "3", "splitLayer": "0"}
    look = {"columnSpace": "4", "boxSpace": "1", "symbolHeight": "3", "symbolWidth": "5", "resizeToContents": "1"}
    place = (EDGE_MM + room[0] * 0.34, foot)
    made_legend = _item(made, LEGEND, "legend", place, (room[0] * 0.66, FOOT_MM - 4), legend | look)
    styles = XML.SubElement(made_legend, "styles")
    for name, size in FONTS_OF_LEGEND.items():
        style = XML.SubElement(styles, "style", name=name, alignment="1", indent="0", marginTop="1")
        XML.SubElement(style, "styleFont", description=_font(size), style="")
    return root


def _shown(bounds: Sequence[float], room: tuple[float, float]) -> tuple[float, ...]:
    """The bounds, widened to the shape of the map."""
    west, south, east, north = bounds
    metres = max((east - west) / room[0], (north - south) / room[1]) / 2
    x, y = (west + east) / 2, (south + north) / 2
    return x - metres * room[0], y - metres * room[1], x + metres * room[0], y + metres * room[1]


def _scale_bar(made: XML.Element, place: tuple[float, float], width: float, *metres_per_mm: float) -> None:
    """Two segments of a round length, together about a fifth of the map."""
    step = round_length(max(metres_per_mm) * width / 5 / 2)
    unit, metres = ("km", 1000) if step >= 1000 else ("m", 1)
    attributes = {
        "mapUuid": _uuid("map"),
        "style": "Single Box",
        "unitType": "km" if unit == "km" else "meters",  # as QgsUnitTypes writes them
        "unitLabel": unit,
        "numUnitsPerSegment": f"{step / metres:g}",
        "numMapUnitsPerScaleBarUnit": "1",
        "numSegments": "2",
        "numSegmentsLeft": "0",
        "height": "2.5",
        "labelBarSpace": "1.5",
        "boxContentSpace": "1",
        "segmentSizeMode": "0",
    }
    item = _item(made, SCALE_BAR, "scale", place, (width * 0.3, 12), attributes)
    style = XML.SubElement(
        item, "text-style", fontFamily=FONT, fontSize="8", fontSizeUnit="Point", textColor="0,0,0,255"
    )
    style.set("textOpacity", "1")


def _label(made: XML.Element, name: str, place: tuple[float, float], size: tuple[float, float], text: str, points: int):
    attributes = {"labelText": text, "halign": str(LEFT), "valign": str(MIDDLE), "htmlState": "0"}
    attributes |= {"marginX": "0", "marginY": "0"} | ({"valign": "32"} if name == "credit" else {})
    item = _item(made, LABEL, name, place, size, attributes)
    XML.SubElement(item, "LabelFont", description=_font(points), style="")
    XML.SubElement(item, "FontColor", red="0", green="0", blue="0", alpha="255")


def _item(
    parent: XML.Element,
    kind: int,
    name: str,
    place: tuple[float, float],
    size: tuple[float, float],
    attributes: Mapping[str, str] | None = None,
    frame: str = "false",
    background: str = "false",
) -> XML.Element:
    """An item of the layout, mm from the upper left corner of the page."""
    where = f"{place[0]:g},{place[1]:g},mm"
    common = {"type": str(kind), "uuid": _uuid(name), "templateUuid": _uuid(name), "id": name, "position": where}
    common |= {"positionOnPage": where, "size": f"{size[0]:g},{size[1]:g},mm", "referencePoint": "0", "opacity": "1"}
    common |= {"visibility": "1", "frame": frame, "background": background, "outlineWidthM": "0.2,mm"}
    item = XML.SubElement(parent, "LayoutItem", common | dict(attributes or {}))
    XML.SubElement(item, "FrameColor", red="90", green="105", blue="112", alpha="255")
    XML.SubElement(item, "BackgroundColor", red="255", green="255", blue="255", alpha="255")
    return item


def _child(parent: XML.Element, tag: str) -> XML.Element:
    found = parent.find(tag)
    return XML.SubElement(parent, tag) if found is None else found


def _font(points: int) -> str:
    """A font as Qt writes it."""
    return f"{FONT},{points},-1,5,50,0,0,0,0,0"


def _uuid(name: str) -> str:
    return f"{{{uuid5(NAMESPACE_DNS, f'sarslide layout {name}')}}}"

"""A QGIS project of a region: the layers of its release over rates, probability and relief, by
relative paths, so that the folder of the region can be moved (P4 2.3.2 offers a program; G16).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5
from xml.etree import ElementTree as XML

from sarslide import names
from sarslide.inventory import records
from sarslide.inventory.changes import LAYERS
from sarslide.inventory.styles import STYLES, qml
from sarslide.layers import SMALLEST_SPEED
from sarslide.report import qgis_series
from sarslide.report.beside import FOLDER
from sarslide.report.inputs import ReportInputs
from sarslide.report.qgis_layout import layout
from sarslide.report.reading import read_display, speed_maps
from sarslide.report.scales import Scale, scale_for

HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
VERSION = "3.28.0"
# Rasters of each track, from the top, and whether they are on at first.
OF_TRACK = {"los_rate_mm_per_yr": True, "probability": False, "avg_phase_rad": False, "mean_coherence": False}
STEPS = 16  # colours of a scale
MOVING = LAYERS[:2]  # layers whose objects have series
NO_GEOMETRY = "No geometry"
OPENS = "5"  # QgsAction::OpenUrl, which takes a path, too
SHEET = f'[% @project_folder %]/{FOLDER}/sheet-[% "ls_id" %].html'


@dataclass(frozen=True)
class VectorLayer:
    """A vector layer of a project.

    Attributes
    ----------
    name : str
        In the list of layers.
    source : str
        Path from the project, and `|layername=`.
    styles : mapping of str to str
        QML by name; the first is shown, the others are a click away.
    shown : bool
        Whether it is on at first.
    titles : mapping of str to str
        What columns are called.
    geometry : str
        As QGIS calls it; a table has none.
    tip : str
        HTML that is shown where the pointer rests on an object; empty: what QGIS shows by itself.
    opens : mapping of str to str
        By title the path of a file that an object opens; with expressions of QGIS in [% %].
    """

    name: str
    source: str
    styles: Mapping[str, str]
    shown: bool
    titles: Mapping[str, str] = field(default_factory=dict)
    geometry: str = "Polygon"
    tip: str = ""
    opens: Mapping[str, str] = field(default_factory=dict)


def project(inputs: ReportInputs, folder: Path) -> str:
    """The project of a region as XML.

    Parameters
    ----------
    inputs : ReportInputs
        Files of the report.
    folder : Path
        Where the project will lie: paths are relative to it.

    Returns
    -------
    str
        A project file of QGIS 3, the inventory on top.
    """
    path = records.folder_of(inputs.current) / records.PACKAGE
    package = _relative(path, folder)
    vectors = [
        VectorLayer(name, f"{package}|layername={name}", {"default": qml(*STYLES[name])}, name == LAYERS[0])
        for name in LAYERS
    ]
    vectors[0] = replace(vectors[0], opens={"Sheet of the landslide": SHEET})
    vectors = with_series(vectors, path, package)
    relative = [(title, _relative(path, folder), scale, shown) for title, path, scale, shown in rasters(inputs)]
    release = records.manifest(records.folder_of(inputs.current))
    words = credit(
        release.release, sorted({date for dates in release.dates.values() for date in dates}), inputs.simulated
    )
    return document(inputs.region, inputs.grid.epsg, inputs.grid.bounds, vectors, relative, words)


def with_series(vectors: Sequence[VectorLayer], path: Path, source: str) -> list[VectorLayer]:
    """Layers whose objects show their series, and the table of these below them.

    Parameters
    ----------
    vectors : sequence of VectorLayer
        Those of the inventory, in its order.
    path : Path
        The GeoPackage.
    source : str
        Its path from the project.

    Returns
    -------
    list of VectorLayer
        The same where the GeoPackage has no series.
    """
    tracks = qgis_series.spans(path)
    if not tracks:
        return list(vectors)
    table = VectorLayer(qgis_series.TABLE, f"{source}|layername={qgis_series.TABLE}", {}, False, geometry=NO_GEOMETRY)
    shown = qgis_series.tip(tracks, _key("vector", table.name))
    return [*(replace(one, tip=shown) if k < len(MOVING) else one for k, one in enumerate(vectors)), table]


def credit(release: str, dates: Sequence[str], simulated: bool) -> str:
    """What a printed map is made of.

    Parameters
    ----------
    release : str
        Id of the release.
    dates : sequence of str
        Its acquisitions, YYYYMMDD, in order.
    simulated : bool
        Whether the region is simulated.

    Returns
    -------
    str
        A few sentences.
    """
    first, last = (names.parse_date(dates[end]).isoformat() for end in (0, -1)) if dates else ("", "")
    seen = f"Sentinel-1, {len(dates)} dates from {first} to {last}. " if dates else ""
    source = "Simulated data: no real place." if simulated else "Contains modified Copernicus Sentinel data."
    return f"Release {release}. {seen}{source} LOS rates are positive towards the satellite."


def document(
    region: str,
    epsg: int,
    bounds: Sequence[float],
    vectors: Sequence[VectorLayer],
    rasters: Sequence[tuple[str, str, Scale, bool]],
    credit: str,
) -> str:
    """A project as XML.

    Parameters
    ----------
    region : str
        Its name.
    epsg : int
        Code of its CRS.
    bounds : sequence of float
        West, south, east, north, m: what the window shows.
    vectors : sequence of VectorLayer
        From the top.
    rasters : sequence of (str, str, Scale, bool)
        Below them: title, path from the project, colours and whether it is on at first.
    credit : str
        In the foot of its print layout.

    Returns
    -------
    str
        A project file of QGIS 3.
    """
    root = XML.Element("qgis", version=VERSION, projectname=region)
    XML.SubElement(root, "title").text = f"sarslide: {region}"
    _crs(XML.SubElement(root, "projectCrs"), epsg)
    tree, layers = XML.SubElement(root, "layer-tree-group"), XML.SubElement(root, "projectlayers")
    for one in vectors:
        layer = _layer(layers, tree, "vector", one.name, one.source, "ogr", epsg, one.shown)
        layer.set("geometry", one.geometry)
        _styles(layer, one)
        _answers(layer, one)
    for title, source, scale, shown in rasters:
        layer = _layer(layers, tree, "raster", title, source, "gdal", epsg, shown)
        _colours(layer, scale)
    _canvas(root, epsg, bounds)
    root.append(layout(bounds, f"{region.replace('_', ' ').capitalize()}: active landslides", credit))
    properties = XML.SubElement(root, "properties")
    XML.SubElement(XML.SubElement(properties, "Paths"), "Absolute", type="bool").text = "false"
    # Without this QGIS takes no CRS from `projectCrs`.
    XML.SubElement(XML.SubElement(properties, "SpatialRefSys"), "ProjectionsEnabled", type="int").text = "1"
    XML.indent(root)
    return HEAD + XML.tostring(root, encoding="unicode") + "\n"


def raster_qml(scale: Scale) -> str:
    """The style of a raster, which QGIS takes from a file of its name that ends in .qml.

    Parameters
    ----------
    scale : Scale
        The colours.

    Returns
    -------
    str
        QML, with a legend.
    """
    root = XML.Element("qgis", version=VERSION, styleCategories="Symbology")
    _colours(root, scale)
    XML.indent(root)
    return HEAD + XML.tostring(root, encoding="unicode") + "\n"


def rasters(inputs: ReportInputs) -> list[tuple[str, Path, Scale, bool]]:
    """Rasters of a project.

    Parameters
    ----------
    inputs : ReportInputs
        Files of the report.

    Returns
    -------
    list of (str, Path, Scale, bool)
        Title, file, colours and whether it is on at first, from the top; one scale a quantity.
    """
    found = []
    for name, shown in OF_TRACK.items():
        paths = {stack.stack: stack.rasters[name] for stack in inputs.stacks if name in stack.rasters}
        scale = scale_for(name, [read_display(path, name) for path in paths.values()])
        found += [(f"{name} {stack}", path, scale, shown and k == 0) for k, (stack, path) in enumerate(paths.items())]
    speeds = speed_maps(inputs.current)
    scale = scale_for(next(iter(SMALLEST_SPEED)), [read_display(path, name) for name, path in speeds.items()])
    found += [(name, path, scale, False) for name, path in speeds.items()]
    if "hillshade" in inputs.terrain:
        found.append(("hillshade", inputs.terrain["hillshade"], scale_for("hillshade"), True))
    return found


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _layer(
    layers: XML.Element,
    tree: XML.Element,
    kind: str,
    name: str,
    source: str,
    provider: str,
    epsg: int,
    shown: bool,
) -> XML.Element:
    """A layer in the project and in its tree."""
    key = _key(kind, name)
    checked = "Qt::Checked" if shown else "Qt::Unchecked"
    attributes = {"id": key, "name": name, "source": source, "providerKey": provider, "checked": checked}
    XML.SubElement(tree, "layer-tree-layer", attributes)
    layer = XML.SubElement(layers, "maplayer", type=kind)
    for word, text in (("id", key), ("datasource", source), ("layername", name), ("provider", provider)):
        XML.SubElement(layer, word).text = text
    _crs(XML.SubElement(layer, "srs"), epsg)
    return layer


def _key(kind: str, name: str) -> str:
    """Id of a layer of a project."""
    return f"{kind}_{name}".replace(" ", "_")


def _answers(layer: XML.Element, one: VectorLayer) -> None:
    """What an object shows under the pointer, and opens on a click."""
    if one.tip:
        XML.SubElement(layer, "mapTip").text = one.tip
    actions = XML.SubElement(layer, "attributeactions") if one.opens else layer
    for title, path in one.opens.items():
        key = {"id": f"{{{uuid5(NAMESPACE_DNS, title)}}}", "type": OPENS, "name": title, "shortTitle": title}
        action = XML.SubElement(actions, "actionsetting", {**key, "action": path, "capture": "0"})
        for scope in ("Canvas", "Feature"):
            XML.SubElement(action, "actionScope", id=scope)


def _styles(layer: XML.Element, one: VectorLayer) -> None:
    """The first style as that of the layer, all of them in its list of styles."""
    parsed = {name: XML.fromstring(text.partition(">")[2]) for name, text in one.styles.items()}
    if not parsed:
        return
    current = next(iter(parsed))
    manager = XML.SubElement(layer, "map-layer-style-manager", current=current)
    for name, style in parsed.items():
        entry = XML.SubElement(manager, "map-layer-style", name=name)
        if name != current:  # QGIS keeps the current one in the layer alone
            entry.append(style)
    layer.extend(parsed[current])
    if one.titles:
        aliases = XML.SubElement(layer, "aliases")
        for index, (column, title) in enumerate(one.titles.items(), start=1):  # 0 is the fid
            XML.SubElement(aliases, "alias", field=column, name=title, index=str(index))


def _crs(element: XML.Element, epsg: int) -> None:
    """A CRS by its WKT too: of the code alone QGIS makes none for a project."""
    from pyproj import CRS

    known = CRS.from_epsg(epsg)
    found = XML.SubElement(element, "spatialrefsys")
    texts = {"wkt": known.to_wkt(), "srid": str(epsg), "authid": f"EPSG:{epsg}", "description": known.name}
    for word, text in texts.items():
        XML.SubElement(found, word).text = text


def _canvas(root: XML.Element, epsg: int, bounds: Sequence[float]) -> None:
    """The whole region in the window."""
    canvas = XML.SubElement(root, "mapcanvas", name="theMapCanvas")
    XML.SubElement(canvas, "units").text = "meters"
    extent = XML.SubElement(canvas, "extent")
    for word, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True):
        XML.SubElement(extent, word).text = f"{value:g}"
    _crs(XML.SubElement(canvas, "destinationsrs"), epsg)


def _colours(layer: XML.Element, scale: Scale) -> None:
    """The colours of the report: a ramp from low to high."""
    low, high = f"{scale.low:g}", f"{scale.high:g}"
    attributes: Mapping[str, str] = {"type": "singlebandpseudocolor", "band": "1", "opacity": "0.8", "alphaBand": "-1"}
    renderer = XML.SubElement(
        XML.SubElement(layer, "pipe"),
        "rasterrenderer",
        {**attributes, "classificationMin": low, "classificationMax": high},
    )
    ramp = XML.SubElement(
        XML.SubElement(renderer, "rastershader"),
        "colorrampshader",
        {"colorRampType": "INTERPOLATED", "classificationMode": "1", "minimumValue": low, "maximumValue": high},
    )
    palette = scale.palette()
    for step in range(STEPS + 1):
        value = scale.low + step / STEPS * (scale.high - scale.low)
        colour = "#{:02x}{:02x}{:02x}".format(*palette[round(step / STEPS * (len(palette) - 1))].tolist())
        XML.SubElement(ramp, "item", value=f"{value:g}", label=f"{value:.3g}", color=colour, alpha="255")

"""A QGIS project of a region: the layers of its release over rates, probability and relief, by
relative paths, so that the folder of the region can be moved (P4 2.3.2 offers a program; G16).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as XML

from sarslide.grid import RegionGrid
from sarslide.inventory import records
from sarslide.inventory.changes import LAYERS
from sarslide.inventory.styles import STYLES, qml
from sarslide.layers import SMALLEST_SPEED
from sarslide.report.inputs import ReportInputs
from sarslide.report.reading import read_display, speed_maps
from sarslide.report.scales import Scale, scale_for

HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
VERSION = "3.28.0"
# Rasters of each track, from the top, and whether they are on at first.
OF_TRACK = {"los_rate_mm_per_yr": True, "probability": False, "avg_phase_rad": False, "mean_coherence": False}
STEPS = 16  # colours of a scale


def project(inputs: ReportInputs, folder: Path) -> str:
    """The project as XML.

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
    package = _relative(records.folder_of(inputs.current) / records.PACKAGE, folder)
    root = XML.Element("qgis", version=VERSION, projectname=inputs.region)
    XML.SubElement(root, "title").text = f"sarslide: {inputs.region}"
    _crs(XML.SubElement(root, "projectCrs"), inputs.grid)
    tree, layers = XML.SubElement(root, "layer-tree-group"), XML.SubElement(root, "projectlayers")
    for name in LAYERS:
        layer = _layer(
            layers, tree, "vector", name, f"{package}|layername={name}", "ogr", inputs.grid, name == LAYERS[0]
        )
        layer.set("geometry", "Polygon")
        layer.append(XML.fromstring(qml(*STYLES[name]).partition(">")[2])[0])
    for title, path, scale, shown in rasters(inputs):
        layer = _layer(layers, tree, "raster", title, _relative(path, folder), "gdal", inputs.grid, shown)
        _colours(layer, scale)
    _canvas(root, inputs.grid)
    paths = XML.SubElement(XML.SubElement(root, "properties"), "Paths")
    XML.SubElement(paths, "Absolute", type="bool").text = "false"
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
    grid: RegionGrid,
    shown: bool,
) -> XML.Element:
    """A layer in the project and in its tree."""
    key = f"{kind}_{name}".replace(" ", "_")
    checked = "Qt::Checked" if shown else "Qt::Unchecked"
    attributes = {"id": key, "name": name, "source": source, "providerKey": provider, "checked": checked}
    XML.SubElement(tree, "layer-tree-layer", attributes)
    layer = XML.SubElement(layers, "maplayer", type=kind)
    for word, text in (("id", key), ("datasource", source), ("layername", name), ("provider", provider)):
        XML.SubElement(layer, word).text = text
    _crs(XML.SubElement(layer, "srs"), grid)
    return layer


def _crs(element: XML.Element, grid: RegionGrid) -> None:
    XML.SubElement(XML.SubElement(element, "spatialrefsys"), "authid").text = f"EPSG:{grid.epsg}"


def _canvas(root: XML.Element, grid: RegionGrid) -> None:
    """The whole region in the window."""
    canvas = XML.SubElement(root, "mapcanvas", name="theMapCanvas")
    XML.SubElement(canvas, "units").text = "meters"
    extent = XML.SubElement(canvas, "extent")
    for word, value in zip(("xmin", "ymin", "xmax", "ymax"), grid.bounds, strict=True):
        XML.SubElement(extent, word).text = f"{value:g}"
    _crs(XML.SubElement(canvas, "destinationsrs"), grid)


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

"""The QGIS project: its XML has the elements that QGIS 3 writes, its layers are files by relative
paths, read with GDAL and OGR; this test has no QGIS (`python -m studies.office.projects` has).
"""

import zipfile
from xml.etree import ElementTree

import pyogrio
import pytest
import rasterio

from sarslide.inventory.changes import LAYERS
from sarslide.report.qgis_layout import LABEL, LEGEND, MAP, PAGE, SCALE_BAR
from tests.inventory.conftest import GRID
from tests.publish.conftest import STACK

WRITTEN = {
    "qgis": "version projectname styleCategories",
    "layer-tree-layer": "id name source providerKey checked",
    "maplayer": "type geometry",
    "map-layer-style-manager": "current",
    "map-layer-style": "name",
    "renderer-v2": "type attr symbollevels enableorderby forceraster",
    "category": "render symbol value label",
    "rules": "key",
    "rule": "key symbol label filter",
    "symbol": "type name alpha clip_to_extent",
    "layer": "class enabled locked pass",
    "Option": "type name value",
    "alias": "field name index",
    "mapcanvas": "name",
    "actionsetting": "id type name shortTitle action capture",
    "actionScope": "id",
    **dict.fromkeys(("mapTip", "attributeactions"), ""),
    "Absolute": "type",
    "ProjectionsEnabled": "type",
    "Layout": "name units printResolution worldFileMap",
    "LayoutItem": (
        "type uuid templateUuid id position positionOnPage size referencePoint opacity visibility frame background"
        " outlineWidthM labelText halign valign htmlState marginX marginY mapUuid style unitType unitLabel"
        " numUnitsPerSegment numMapUnitsPerScaleBarUnit numSegments numSegmentsLeft height labelBarSpace"
        " boxContentSpace segmentSizeMode map_uuid legendFilterByMap columnCount splitLayer columnSpace boxSpace"
        " symbolHeight symbolWidth resizeToContents"
    ),
    **dict.fromkeys(("FrameColor", "BackgroundColor", "FontColor"), "red green blue alpha"),
    "Extent": "xmin ymin xmax ymax",
    "style": "name alignment indent marginTop",
    **dict.fromkeys(("styleFont", "LabelFont"), "description style"),
    "text-style": "fontFamily fontSize fontSizeUnit textColor textOpacity",
    **dict.fromkeys(("wkt", "srid", "description", "SpatialRefSys", "Layouts", "PageCollection", "styles"), ""),
    "rasterrenderer": "type band opacity alphaBand classificationMin classificationMax",
    "colorrampshader": "colorRampType classificationMode minimumValue maximumValue",
    "item": "value label color alpha",
    **dict.fromkeys(("title", "projectCrs", "spatialrefsys", "authid", "layer-tree-group", "projectlayers", "id"), ""),
    **dict.fromkeys(("datasource", "layername", "provider", "srs", "categories", "symbols", "aliases", "pipe"), ""),
    **dict.fromkeys(("rastershader", "units", "extent", "xmin", "ymin", "xmax", "ymax", "destinationsrs"), ""),
    **dict.fromkeys(("properties", "Paths"), ""),
}


@pytest.fixture(scope="module")
def root(exported):
    with zipfile.ZipFile(exported / "landslides.qgz") as archive:
        (name,) = archive.namelist()
        assert name.endswith(".qgs") and archive.testzip() is None
        return ElementTree.fromstring(archive.read(name).decode().partition("\n")[2])


def test_layers_are_files_of_the_export(root, exported):
    layers = root.findall("projectlayers/maplayer")
    assert {layer.findtext("id") for layer in layers} == {
        one.get("id") for one in root.findall("layer-tree-group/layer-tree-layer")
    }
    for layer in layers:
        source, _, name = layer.findtext("datasource").partition("|layername=")
        assert source.startswith("./")
        if layer.get("type") == "vector":
            assert name in [found for found, _ in pyogrio.list_layers(exported / source)]
        else:
            with rasterio.open(exported / source) as found:
                assert layer.findtext("srs/spatialrefsys/authid") == str(found.crs)
    assert [layer.findtext("layername") for layer in layers][:4] == [name.replace("_", " ") for name in LAYERS]
    assert layers[-1].findtext("layername") == "hillshade"
    assert root.findtext("properties/Paths/Absolute") == "false"
    extent = [float(root.findtext(f"mapcanvas/extent/{word}")) for word in ("xmin", "ymin", "xmax", "ymax")]
    assert extent == pytest.approx(GRID.bounds)


def test_landslides_are_styled_by_class_and_by_rate(root, exported):
    layer = root.find("projectlayers/maplayer")
    assert layer.find("renderer-v2").get("type") == "categorizedSymbol"
    manager = layer.find("map-layer-style-manager")
    assert manager.get("current") == "by class"
    by_class, by_rate = manager.findall("map-layer-style")
    assert (by_class.get("name"), by_rate.get("name")) == ("by class", "by rate") and len(by_class) == 0
    rules = by_rate.findall("qgis/renderer-v2/rules/rule")
    assert rules[-1].get("filter") == "ELSE" and '"los_rate_mean_mm_per_yr" < -100' in rules[0].get("filter")
    aliases = {one.get("field"): int(one.get("index")) for one in layer.findall("aliases/alias")}
    fields = list(pyogrio.read_info(exported / "landslides.gpkg", layer="landslides")["fields"])
    assert aliases == {name: index for index, name in enumerate(fields, start=1)}


def test_elements_and_attributes_are_those_of_qgis(root):
    """Names as in projects and styles that QGIS 3 has written (its own test data, 3.8 to 3.28; layouts 3.22)."""
    found = {(one.tag, name) for one in root.iter() for name in one.attrib} | {(one.tag, "") for one in root.iter()}
    unknown = {(tag, name) for tag, name in found if name and name not in WRITTEN.get(tag, "").split()}
    assert not unknown and {tag for tag, _ in found} <= set(WRITTEN)


def test_rates_have_one_scale_around_zero_and_a_legend_beside_them(root, exported):
    layer = next(one for one in root.iter("maplayer") if one.findtext("layername") == f"{STACK} los rate mm per yr")
    qml = ElementTree.fromstring(
        (exported / "rasters" / f"{STACK}_los_rate_mm_per_yr.qml").read_text().partition("\n")[2]
    )
    for place in (layer, qml):
        items = place.findall("pipe/rasterrenderer/rastershader/colorrampshader/item")
        values = [float(item.get("value")) for item in items]
        assert values == sorted(values) and values[0] == -values[-1] and values[-1] >= 119
        assert items[0].get("color") != items[-1].get("color") and all(item.get("label") for item in items)
    assert qml.tag == "qgis" and qml.get("version").startswith("3.")


def test_a_layout_prints_the_whole_region(root):
    """A4 with map, legend and scale bar of that map; its map holds the region, in the shape of its frame."""
    (layout,) = root.findall("Layouts/Layout")
    items = {int(one.get("type")): one for one in layout.iter("LayoutItem")}
    assert {PAGE, MAP, LABEL, LEGEND, SCALE_BAR} == set(items)
    drawn = items[MAP]
    assert items[LEGEND].get("map_uuid") == items[SCALE_BAR].get("mapUuid") == drawn.get("uuid")
    assert sorted(items[PAGE].get("size").split(",")[:2]) == ["210", "297"]
    extent = {name: float(value) for name, value in drawn.find("Extent").items()}
    west, south, east, north = GRID.bounds
    assert extent["xmin"] <= west and extent["ymin"] <= south and extent["xmax"] >= east and extent["ymax"] >= north
    width, height = (float(one) for one in drawn.get("size").split(",")[:2])
    shape = (extent["xmax"] - extent["xmin"]) / (extent["ymax"] - extent["ymin"])
    assert shape == pytest.approx(width / height, rel=1e-4)
    page = [float(one) for one in items[PAGE].get("size").split(",")[:2]]
    for item in layout.findall("LayoutItem"):
        place, size = ([float(v) for v in item.get(word).split(",")[:2]] for word in ("position", "size"))
        assert all(p >= 0 and p + s <= full for p, s, full in zip(place, size, page, strict=True))
    bar = float(items[SCALE_BAR].get("numUnitsPerSegment")) * {"km": 1000, "m": 1}[items[SCALE_BAR].get("unitLabel")]
    assert 0.05 < 2 * bar / (extent["xmax"] - extent["xmin"]) <= 0.2
    texts = [one.get("labelText") for one in layout.findall("LayoutItem") if int(one.get("type")) == LABEL]
    assert any("20190330-0123abcd" in text and "3 dates from 2019-03-06 to 2019-03-30" in text for text in texts)


def test_the_project_has_its_crs(root):
    """WKT as GDAL reads it, and the switch without which QGIS takes none."""
    for place in ("projectCrs/spatialrefsys", "projectlayers/maplayer/srs/spatialrefsys"):
        known = rasterio.crs.CRS.from_wkt(root.findtext(f"{place}/wkt"))
        assert known.to_epsg() == GRID.epsg == int(root.findtext(f"{place}/srid"))
    assert root.findtext("properties/SpatialRefSys/ProjectionsEnabled") == "1"

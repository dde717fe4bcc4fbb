"""The QGIS project: every layer is a file that is there, by a relative path, with colours of the report."""

from xml.etree import ElementTree

import geopandas as gpd
import pytest
import rasterio

from sarslide.inventory.changes import LAYERS
from sarslide.report import qgis
from sarslide.report.scales import scale_for


@pytest.fixture(scope="module")
def made(inputs):
    """The root of the project, and its folder."""
    folder = inputs.current.parents[1] / "report"
    folder.mkdir(exist_ok=True)
    return ElementTree.fromstring(qgis.project(inputs, folder).partition("\n")[2]), folder


def test_layers_are_files_by_relative_paths(made, inputs):
    """Read with what QGIS reads with: OGR and GDAL; this test has no QGIS."""
    root, folder = made
    layers = root.findall("projectlayers/maplayer")
    vectors = [layer for layer in layers if layer.get("type") == "vector"]
    assert [layer.findtext("layername") for layer in vectors] == list(LAYERS)
    for layer in layers:
        source, _, name = layer.findtext("datasource").partition("|layername=")
        assert not source.startswith("/") and (folder / source).is_file()
        epsg = int(layer.findtext("srs/spatialrefsys/authid").removeprefix("EPSG:"))
        if name:
            assert gpd.read_file(folder / source, layer=name).crs.to_epsg() == epsg == inputs.grid.epsg
        else:
            with rasterio.open(folder / source) as raster:
                assert raster.crs.to_epsg() == epsg
    shown = [
        one.get("name")
        for one in root.findall("layer-tree-group/layer-tree-layer")
        if one.get("checked") == "Qt::Checked"
    ]
    assert shown == ["landslides", f"los_rate_mm_per_yr {inputs.stacks[0].stack}", "hillshade"]
    ids = [layer.findtext("id") for layer in layers]
    assert len(set(ids)) == len(ids) == len(root.findall("layer-tree-group/layer-tree-layer"))
    assert root.findtext("properties/Paths/Absolute") == "false"


def test_colours_and_extent_are_those_of_the_report(made, inputs):
    root, _ = made
    extent = [float(root.findtext(f"mapcanvas/extent/{word}")) for word in ("xmin", "ymin", "xmax", "ymax")]
    assert extent == pytest.approx(inputs.grid.bounds)
    by_name = {layer.findtext("layername"): layer for layer in root.findall("projectlayers/maplayer")}
    items = by_name[f"probability {inputs.stacks[0].stack}"].findall(
        "pipe/rasterrenderer/rastershader/colorrampshader/item"
    )
    scale = scale_for("probability")
    palette = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in scale.palette()[[0, 254]].tolist()]
    assert [items[0].get("color"), items[-1].get("color")] == palette
    assert [float(items[k].get("value")) for k in (0, -1)] == [scale.low, scale.high]
    categories = by_name["landslides"].findall("renderer-v2/categories/category")
    assert [one.get("value") for one in categories] == ["released", "not_observable"]

"""Ground of files of the user: shares that are known by construction, in any CRS, and files that are wrong (G04)."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import Resampling, calculate_default_transform, reproject
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import unary_union

from sarslide.errors import RasterError, SarslideError, VectorError
from sarslide.frames import Frame
from sarslide.grid import part_of
from sarslide.inventory import exposure, seams
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.ground import GroundFile, GroundReason, checked_map, give_land_cover, give_share, opened
from sarslide.inventory.masks import MaskRules
from tests.inventory.conftest import GRID, cell_box, slope_layers

CRS = f"EPSG:{GRID.epsg}"
HERE = (GRID.west + 1000, GRID.north - 1500)


def shares(path, about, *outlines):
    rows = [{"geometry": outline} for outline in outlines]
    with opened(path, about, GRID) as ground:
        assert give_share({"landslides": rows}, "x", ground, GRID) == ["ground_x_share"]
    return [row["ground_x_share"] for row in rows]


def vectors(path, outlines, crs=CRS, driver=None, **columns):
    gpd.GeoDataFrame(columns, geometry=list(outlines), crs=CRS).to_crs(crs).to_file(path, driver=driver)
    return path


def classes(path, values, west, north, cell_m, crs=CRS, nodata=0, dtype="uint8", **profile):
    """A map of classes in the CRS of the grid."""
    values = np.atleast_3d(np.asarray(values, dtype)).transpose(2, 0, 1)
    about = {"driver": "GTiff", "height": values.shape[1], "width": values.shape[2], "count": values.shape[0]}
    about |= {"dtype": dtype, "crs": crs, "nodata": nodata, "transform": from_origin(west, north, cell_m, cell_m)}
    with rasterio.open(path, "w", **(about | profile)) as target:
        target.write(values)
    return path


def warped(path, source, crs):
    """The same map in another CRS, nearest neighbour."""
    with rasterio.open(source) as old:
        place, width, height = calculate_default_transform(old.crs, crs, old.width, old.height, *old.bounds)
        profile = old.profile | {"crs": crs, "transform": place, "width": width, "height": height}
        with rasterio.open(path, "w", **profile) as new:
            reproject(rasterio.band(old, 1), rasterio.band(new, 1), resampling=Resampling.nearest)
    return path


# ---------------------------------------------------------------- shares


@pytest.mark.parametrize(
    ("name", "crs", "driver"),
    [
        ("glaciers.gpkg", CRS, None),
        ("glaciers.shp", "EPSG:4326", None),
        ("glaciers.geojson", "EPSG:4326", "GeoJSON"),
        ("glaciers.fgb", "EPSG:3857", "FlatGeobuf"),
        ("glaciers.gpkg", "EPSG:32646", None),
    ],
)
def test_shares_of_drawn_outlines_in_any_crs(tmp_path, name, crs, driver):
    """Of 10 x 10 cells: 6 rows; two outlines over each other count once; none; all of it."""
    drawn = [cell_box(5, 5, 6, 10), cell_box(40, 40, 5, 10), cell_box(42, 40, 5, 10), cell_box(60, 10, 30, 30)]
    path = vectors(tmp_path / name, drawn, crs, driver)
    found = shares(
        path,
        GroundFile(),
        cell_box(5, 5, 10, 10),
        cell_box(40, 40, 10, 10),
        cell_box(5, 90, 9, 9),
        cell_box(65, 15, 9, 9),
    )
    assert found == pytest.approx([0.6, 0.7, 0.0, 1.0], abs=1e-12)


def test_points_and_lines_need_a_width_and_get_it(tmp_path):
    """A circle of 300 m around a mine; a band of 150 m along a road: areas by geometry, to one row of cells."""
    middle = cell_box(20, 20, 40, 40)
    mine, centre = vectors(tmp_path / "mine.gpkg", [middle.centroid], "EPSG:4326"), middle.centroid
    share = shares(mine, GroundFile(buffer_m=300), middle)[0]
    assert share == pytest.approx(np.pi * 300**2 / middle.area, rel=0.02)
    line = LineString([(centre.x, centre.y - 5000), (centre.x, centre.y + 5000)])
    road = vectors(tmp_path / "road.gpkg", [line])
    assert shares(road, GroundFile(buffer_m=150), middle)[0] == pytest.approx(300 / 1200, abs=1e-9)
    for path in (mine, road):
        with pytest.raises(
            VectorError, match=r"E1005 .*holds (Point|LineString); cure: give polygons, or their width as buffer_m"
        ):
            shares(path, GroundFile(), middle)


def test_features_are_chosen_by_a_column(tmp_path):
    path = tmp_path / "landuse.gpkg"
    vectors(path, [cell_box(5, 5, 2, 10), cell_box(7, 5, 3, 10)], fclass=["quarry", "forest"], code=[7214, 7201])
    one = cell_box(5, 5, 10, 10)
    assert shares(path, GroundFile(), one) == pytest.approx([0.5])
    assert shares(path, GroundFile(column="fclass", classes=("quarry",)), one) == pytest.approx([0.2])
    assert shares(path, GroundFile(column="code", classes=(7201,)), one) == pytest.approx([0.3])
    with pytest.raises(VectorError, match=r"column fclass has no 'quary'; cure: its values are: forest, quarry"):
        shares(path, GroundFile(column="fclass", classes=("quarry", "quary")), one)
    with pytest.raises(VectorError, match=r"has no column 'kind'; cure: its columns are: fclass, code"):
        shares(path, GroundFile(column="kind", classes=("quarry",)), one)
    with pytest.raises(VectorError, match="classes of a vector file stand in a column"):
        shares(path, GroundFile(classes=(70,)), one)


def test_a_class_that_lies_outside_the_region_is_no_mistake(tmp_path):
    far = cell_box(5, 5, 2, 10).buffer(1).envelope
    far = Polygon([(x + 90_000, y) for x, y in far.exterior.coords])
    path = vectors(tmp_path / "landuse.gpkg", [cell_box(5, 5, 2, 10), far], fclass=["forest", "quarry"])
    assert shares(path, GroundFile(column="fclass", classes=("quarry",)), cell_box(5, 5, 10, 10)) == [0.0]


def test_shares_of_a_raster_of_classes(tmp_path):
    """10 m cells in cells of 30 m: 1 of 9 snow everywhere, all water in the east half, nodata in the south."""
    values = np.full((300, 360), 30, np.uint8)
    values[::3, ::3] = 70
    values[:, 180:] = 80
    values[240:] = 0
    path = classes(tmp_path / "cover.tif", values, GRID.west, GRID.north, 10)
    west, east, middle, south = (
        cell_box(5, 5, 10, 10),
        cell_box(5, 80, 10, 10),
        cell_box(5, 55, 10, 10),
        cell_box(85, 5, 9, 9),
    )
    snow = GroundFile(classes=(70,), legend="worldcover")
    assert shares(path, snow, west, east, middle) == pytest.approx([1 / 9, 0, 1 / 18], abs=1e-6)
    assert shares(path, GroundFile(classes=(70, 80), legend="worldcover"), middle) == pytest.approx([1 / 18 + 0.5])
    assert np.isnan(shares(path, snow, south)).all()
    assert shares(path, snow, cell_box(75, 5, 10, 10)) == pytest.approx([1 / 18], abs=1e-6)


def test_a_raster_in_degrees_gives_the_same_shares(tmp_path):
    """Against the same map in the CRS of the grid: 10 m, warped by nearest neighbour, so to half a cell along edges."""
    values = np.full((360, 420), 30, np.uint8)
    values[100:200, 120:260] = 80
    plain = classes(tmp_path / "utm.tif", values, GRID.west - 300, GRID.north + 300, 10)
    degrees = warped(tmp_path / "degrees.tif", plain, "EPSG:4326")
    objects = [cell_box(10, 10, 40, 40), cell_box(20, 50, 30, 40), cell_box(30, 35, 10, 10)]
    water = GroundFile(classes=(80,), legend="worldcover")
    exact = [
        one.intersection(box(GRID.west + 900, GRID.north - 1700, GRID.west + 2300, GRID.north - 700)).area / one.area
        for one in objects
    ]
    assert shares(plain, water, *objects) == pytest.approx(exact, abs=1e-6)
    assert shares(degrees, water, *objects) == pytest.approx(exact, abs=0.01)


def test_a_map_larger_than_a_block_is_read_in_parts(tmp_path, monkeypatch):
    values = np.arange(300 * 360, dtype=np.uint32).reshape(300, 360) % 7 // 3
    path = classes(tmp_path / "cover.tif", values, GRID.west, GRID.north, 10, nodata=None)
    with opened(path, GroundFile(classes=(1,)), GRID) as ground:
        whole = ground.share(GRID)
        monkeypatch.setattr("sarslide.inventory.ground_files.BLOCK", 17)
        np.testing.assert_array_equal(ground.share(GRID), whole)
    expected = (values == 1).reshape(100, 3, 120, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(whole, expected, atol=1e-6)


def test_the_land_cover_that_most_of_an_object_has(tmp_path):
    values = np.full((300, 360), 10, np.uint8)
    values[:, 150:180] = 60
    values[:, 300:] = 0
    path = classes(tmp_path / "cover.tif", values, GRID.west, GRID.north, 10)
    outlines = [cell_box(5, 5, 10, 10), cell_box(5, 46, 10, 12), cell_box(5, 105, 10, 10), Point(HERE).buffer(2)]
    rows = [{"geometry": outline} for outline in outlines]
    with checked_map(path, "worldcover", GRID) as found:
        columns = give_land_cover({"landslides": rows}, found, "worldcover", GRID)
    assert [row["ground_land_cover"] for row in rows] == ["Tree cover", "Bare / sparse vegetation", "", "Tree cover"]
    assert [row[columns[1]] for row in rows] == pytest.approx([1, 8 / 12, np.nan, 1], nan_ok=True, abs=1e-6)


# ---------------------------------------------------------------- masks


def test_an_object_is_masked_from_its_share_on_and_kept_with_its_reason():
    layers = slope_layers()
    for row, col in ((5, 5), (5, 30), (5, 60), (40, 5)):
        layers["probability"][row : row + 10, col : col + 10] = 0.9
        layers["los_rate_mm_per_yr"][row : row + 10, col : col + 10] = -40.0
    glacier, water = np.zeros((2, *GRID.shape), np.float32)
    glacier[5:11, 5:15], glacier[5:10, 30:40], glacier[40:50, 5:15] = 1, 1, 1
    water[5:8, 60:70], water[40:50, 5:15] = 0.9, np.nan
    ground = [GroundReason("glacier", glacier, 0.5), GroundReason("open_water", water, 0.25)]
    found = find_candidates(layers, GRID, "A128", 0.5, 20.0, MaskRules(), ground=ground)
    assert found.reasons.tolist() == ["glacier", "", "open_water", "glacier"]
    assert found.status.tolist() == ["masked", "candidate", "masked", "masked"]
    assert found.reason_text[2] == "more than 25% of it lies on ground of a file of the user: open water"
    without = find_candidates(layers, GRID, "A128", 0.5, 20.0, MaskRules())
    assert len(without) == len(found) and set(without.status) == {"candidate"}


def test_an_object_over_a_seam_keeps_the_reason_and_its_text():
    """Two frames that each see all of an object in their common margin, and half of which is beyond their core."""
    layers = slope_layers()
    layers["probability"][40:50, 45:75] = 0.9
    layers["los_rate_mm_per_yr"][40:50, 45:75] = -40.0
    glacier = np.zeros(GRID.shape, np.float32)
    glacier[40:50, 45:70] = 1
    rows = slice(0, GRID.rows)
    frames, views = [], {}
    for name, core, around in (("f0_1", slice(0, 60), slice(0, 70)), ("f1_1", slice(60, 120), slice(50, 120))):
        grid = part_of(GRID, rows, around)
        frames.append(Frame(name, part_of(GRID, rows, core), grid))
        seen = {key: value[:, around] for key, value in layers.items()}
        ground = [GroundReason("glacier", glacier[:, around], 0.4)]
        found = find_candidates(seen, grid, "A128", 0.5, 20.0, MaskRules(), ground=ground, frame=name)
        views[name] = found.to_dict("records")
    joined = seams.join(views, frames, MaskRules())
    assert [row["reasons"] for row in joined] == ["glacier"]
    assert joined[0]["reason_text"].startswith("more than 40% of it") and joined[0]["status"] == "masked"
    assert unary_union([joined[0]["geometry"]]).area > cell_box(40, 45, 10, 20).area


# ---------------------------------------------------------------- exposure


def test_buildings_and_roads_on_an_object_and_around_it(tmp_path):
    """A square of 300 m: two buildings in it, one on its edge, one 50 m and one 200 m away; a road straight through."""
    square = cell_box(30, 30, 10, 10)
    west, south, east, north = square.bounds
    houses = [
        (west + 50, south + 50),
        (west + 150, south + 50),
        (east - 5, north - 5),
        (east + 50, south + 100),
        (west - 200, south),
    ]
    built = vectors(
        tmp_path / "built.gpkg", [Point(x, y).buffer(10, cap_style="square") for x, y in houses], "EPSG:4326"
    )
    road = LineString([(west - 1000, south + 150), (east + 1000, south + 150)])
    path = LineString([(west, north + 40), (east, north + 40)])
    roads = vectors(tmp_path / "roads.shp", [road, path], fclass=["primary", "path"])
    layers = {"landslides": [{"geometry": square}], "masked": [{"geometry": cell_box(80, 80, 5, 5)}]}
    columns = []
    for file, name, about in (
        (built, "buildings", exposure.ExposureFile()),
        (roads, "roads", exposure.ExposureFile(measure="length", within_m=100)),
        (roads, "main", exposure.ExposureFile(measure="length", within_m=0, column="fclass", classes=("primary",))),
    ):
        columns += exposure.give(layers, exposure.read(file, name, about, GRID))
    assert columns == [
        *("exposure_buildings_count", "exposure_buildings_100m_count"),
        *("exposure_roads_km", "exposure_roads_100m_km", "exposure_main_km"),
    ]
    row = layers["landslides"][0]
    assert [row[name] for name in columns] == pytest.approx([3, 4, 0.3, 0.5 + 0.3, 0.3], abs=1e-9)
    assert [layers["masked"][0][name] for name in columns] == [0, 0, 0, 0, 0]


def test_a_frame_that_a_file_does_not_reach_has_none_of_it(tmp_path):
    """Ground in the west of the region, asked for in the east: none there; elsewhere is what the region is not."""
    west, east = slice(0, 40), slice(80, 120)
    frame = part_of(GRID, slice(0, 100), east)
    outlines = vectors(tmp_path / "ice.gpkg", [cell_box(5, 5, 6, 10)], "EPSG:4326")
    values = np.full((300, 120), 70, np.uint8)
    cover = classes(tmp_path / "cover.tif", values, GRID.west, GRID.north, 10)
    for path, about, unknown in ((outlines, GroundFile(), 0.0), (cover, GroundFile(classes=(70,)), np.nan)):
        with opened(path, about, frame, GRID) as ground:
            np.testing.assert_array_equal(ground.share(frame), np.full(frame.shape, unknown))
        with opened(path, about, part_of(GRID, slice(0, 100), west), GRID) as ground:
            assert np.nansum(ground.share(part_of(GRID, slice(0, 100), west))) in (60, 4000)
        with pytest.raises(SarslideError, match="lies elsewhere"), opened(path, about, frame):
            pass


def test_what_is_counted_and_what_is_measured(tmp_path):
    roads = vectors(tmp_path / "roads.gpkg", [LineString([HERE, (HERE[0] + 100, HERE[1])])])
    points = vectors(tmp_path / "points.gpkg", [Point(HERE)])
    with pytest.raises(VectorError, match="holds LineString; cure: give points or polygons"):
        exposure.read(roads, "roads", exposure.ExposureFile(), GRID)
    with pytest.raises(VectorError, match="holds Point; cure: give lines"):
        exposure.read(points, "houses", exposure.ExposureFile(measure="length"), GRID)


# ---------------------------------------------------------------- files that are wrong


def no_crs(folder):
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(geometry=[cell_box(5, 5, 6, 10)]).to_file(folder / "plain.gpkg")
    return folder / "plain.gpkg"


def empty(folder):
    gpd.GeoDataFrame({"a": []}, geometry=[], crs=CRS).to_file(folder / "empty.gpkg")
    return folder / "empty.gpkg"


def elsewhere(folder):
    gpd.GeoDataFrame(geometry=[box(7, 45, 8, 46)], crs=4326).to_file(folder / "alps.gpkg")
    return folder / "alps.gpkg"


def two_layers(folder):
    for layer in ("outlines", "lines"):
        gpd.GeoDataFrame(geometry=[cell_box(5, 5, 6, 10)], crs=CRS).to_file(folder / "two.gpkg", layer=layer)
    return folder / "two.gpkg"


def torn(folder):
    path = vectors(folder / "torn.gpkg", [cell_box(5, 5, 6, 10)])
    path.write_bytes(path.read_bytes()[:3000])
    return path


def text(folder):
    (folder / "notes.shp").write_text("not a shapefile")
    return folder / "notes.shp"


@pytest.mark.parametrize(
    ("make", "about", "problem"),
    [
        (no_crs, {}, "has no CRS"),
        (empty, {}, "has no features"),
        (elsewhere, {}, "lies elsewhere, it does not reach the region"),
        (two_layers, {}, "has 2 layers: outlines, lines"),
        (two_layers, {"layer": "ice"}, "has no layer 'ice'"),
        (two_layers, {"layer": "outlines", "legend": "scl"}, "is a vector file, which has no legend"),
        (torn, {}, "cannot be read"),
        (text, {}, "cannot be read"),
        (lambda folder: folder, {}, ""),
        (lambda folder: folder / "absent.gpkg", {}, ""),
    ],
)
def test_vector_files_that_are_no_ground(tmp_path, make, about, problem):
    with pytest.raises(VectorError) as caught:
        shares(make(tmp_path), GroundFile(**about), cell_box(5, 5, 6, 10))
    line = str(caught.value)
    assert line.startswith("E1005 ") and problem in line and "; cure: " in line and "\n" not in line


def test_a_file_that_has_nothing_in_the_region_is_fine(tmp_path, caplog):
    """Glaciers to the east and to the west of the region: its extent holds the region, none of them touches it."""
    around = [
        box(GRID.west - 9e4, GRID.north - 9e4, GRID.west - 8e4, GRID.north + 9e4),
        box(GRID.west + 8e4, GRID.north, GRID.west + 9e4, GRID.north + 1e4),
    ]
    path = vectors(tmp_path / "rgi.shp", around, "EPSG:4326")
    with caplog.at_level("INFO"):
        assert shares(path, GroundFile(), cell_box(5, 5, 6, 10)) == [0.0]
    assert f"{path}: 0 features in the region" in caplog.text


@pytest.mark.parametrize(
    ("made", "about", "problem"),
    [
        ({}, {}, "is a raster, and no classes of it are named"),
        ({}, {"classes": (70,), "column": "fclass"}, "is a raster, which has no layer, column or buffer_m"),
        ({}, {"classes": ("snow",)}, "has no class 'snow'"),
        ({}, {"classes": (700,)}, "has no class '700'"),
        ({"crs": None}, {"classes": (70,)}, "has no CRS"),
        ({"west": 7e5}, {"classes": (70,)}, "lies elsewhere"),
        ({"crs": "EPSG:32632"}, {"classes": (70,)}, "lies elsewhere"),
        ({"values": np.zeros((300, 360))}, {"classes": (70,), "legend": "worldcover"}, "tells nothing in the region"),
        ({"values": np.full((300, 360), 11)}, {"classes": (70,), "legend": "worldcover"}, "class 11, which worldcover has not"),
        ({"values": np.full((300, 360), 9)}, {"classes": (11,), "legend": "scl"}, "tells nothing in the region"),
        ({"values": np.full((300, 360, 3), 70)}, {"classes": (70,)}, "is no map of classes, with 3 bands of uint8"),
        ({"dtype": "float32"}, {"classes": (70,)}, "is no map of classes, with 1 bands of float32"),
        ({"transform": from_origin(GRID.west, GRID.north - 3000, 10, -10)}, {"classes": (70,)}, "its rows do not run"),
    ],
)  # fmt: skip
def test_rasters_that_are_no_ground(tmp_path, made, about, problem):
    defaults = {"values": np.full((300, 360), 70), "west": GRID.west, "north": GRID.north, "cell_m": 10}
    path = classes(tmp_path / "cover.tif", **(defaults | made))
    with pytest.raises(RasterError) as caught:
        shares(path, GroundFile(**about), cell_box(5, 5, 6, 10))
    assert problem.replace("'", "") in str(caught.value).replace("'", "") and "\n" not in str(caught.value)


def test_a_torn_raster(tmp_path):
    path = classes(tmp_path / "cover.tif", np.full((300, 360), 70), GRID.west, GRID.north, 10)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(SarslideError, match=r"cover.tif: cannot be read"):
        shares(path, GroundFile(classes=(70,)), cell_box(5, 5, 6, 10))

"""Inventories and field checks of others that cannot be used: one coded line each, before any job."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from sarslide.config import load
from sarslide.errors import ConfigError
from sarslide.evaluate.external_files import read_area, read_inventory, read_points
from sarslide.io import vector
from sarslide.preflight import comparison
from sarslide.preflight.finding import ERROR, GOOD, NOTE

BOUNDS = (517500, 3206400, 520500, 3210000)  # of demo_small
INSIDE, FAR = box(518000, 3207000, 518400, 3207400), box(600000, 3300000, 600400, 3300400)


def written(path, shapes, crs=32647, **columns):
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=32647).to_crs(crs).to_file(path)
    return path


def found(**evaluation):
    """Level and line of each finding of a region."""
    config = load({"region": "demo_small", "evaluation": evaluation})
    return [(one.level, f"{one.code} {one.found}") for one in comparison.files(config)]


def table_alone(path):
    gpd.pd.DataFrame({"a": [1]}).to_csv(path)


def attributes(path):
    import pyogrio

    pyogrio.write_dataframe(gpd.pd.DataFrame({"name": ["A"]}), path, driver="GPKG")


def empty(path):
    vector.write(path, gpd.GeoDataFrame({"name": []}, geometry=[], crs=32647), "slides")


def several(path):
    for name in ("slides", "faults"):
        gpd.GeoDataFrame(geometry=[INSIDE], crs=32647).to_file(path, layer=name)


BOW = Polygon([(518000, 3207000), (518400, 3207400), (518400, 3207000), (518000, 3207400)])


@pytest.mark.parametrize(
    ("make", "keys", "line"),
    [
        (None, {}, "E1001 evaluation.inventory = PATH does not exist"),
        (lambda p: p.write_bytes(b"\x10 no such file" * 200), {}, "E1005 PATH: cannot be read"),
        (attributes, {}, "E1005 PATH: has no geometry"),
        (empty, {}, "E1005 PATH: has no features"),
        (lambda p: written(p, [INSIDE, None]), {}, "E1005 PATH: no geometry in feature 2"),
        (lambda p: written(p, [LineString([(518000, 3207000), (519000, 3208000)])]), {}, "E1005 PATH: holds LineString"),
        (lambda p: written(p, [Point(518000, 3207000)]), {}, "E1005 PATH: holds Point"),
        (lambda p: written(p, [FAR]), {}, "E1005 PATH: all 1 polygons lie outside the region [517500, 3206400,"),
        (lambda p: written(p, [INSIDE]), {"name_column": "title"}, "E1005 PATH: has no column 'title'"),
        (lambda p: written(p, [INSIDE]), {"class_column": "kind"}, "E1005 PATH: has no column 'kind'"),
        (lambda p: written(p, [INSIDE]), {"layer": "faults"}, "E1005 PATH: has no layer 'faults'"),
        (several, {}, "E1005 PATH: has 2 layers: slides, faults"),
    ],
    ids=["missing", "damaged", "no_geometry", "empty", "null", "lines", "points", "outside", "name", "class", "layer", "layers"],
)  # fmt: skip
def test_an_inventory_that_cannot_be_used(tmp_path, make, keys, line):
    path = tmp_path / "slides.gpkg"
    if make:
        make(path)
    ((level, text),) = found(inventory=str(path), **keys)
    assert level == ERROR and text.startswith(line.replace("PATH", str(path))) and "\n" not in text


@pytest.mark.parametrize(
    ("make", "keys", "line"),
    [
        (lambda p: written(p, [FAR.centroid], seen=["yes"]), {}, "all 1 points lie outside the region"),
        (lambda p: written(p, [INSIDE.centroid], seen=["maybe"]), {}, "'maybe' of point 1 is no answer"),
        (lambda p: written(p, [INSIDE.centroid], seen=["yes"]), {"seen_column": "found"}, "has no column 'found'"),
        (lambda p: written(p, [INSIDE], seen=["yes"]), {}, "holds Polygon"),
        (lambda p: written(p, [INSIDE.centroid, None], seen=["yes", "no"]), {}, "no geometry in feature 2"),
    ],
    ids=["outside", "answer", "column", "polygons", "null"],
)
def test_field_checks_that_cannot_be_used(tmp_path, make, keys, line):
    path = make(tmp_path / "checks.gpkg")
    ((level, text),) = found(points=str(path), **keys)
    assert level == ERROR and text.startswith(f"E1005 {path}: {line}")


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("lon,lat,seen\n", "has no rows"),
        ("lon,lat\n99.2,28.9\n", "has no column seen"),
        ("lon,lat,seen\n518000,3207000,yes\n", "lon and lat of row 2 are no degrees"),
        ("lon,lat,seen\n99.2,28.99,yes\n99.2,nan,no\n", "lon and lat of row 3 are no degrees"),
        ("lon,lat,seen\n28.99,88.2,yes\n", "all 1 points lie outside the region"),
        ("lon,lat,seen\n99.2,28.99,yes,no\n", "line 2 has 4 fields, the header 3"),
    ],
)
def test_a_table_of_checks_that_cannot_be_used(tmp_path, rows, line):
    path = tmp_path / "checks.csv"
    path.write_text(rows)
    ((level, text),) = found(points=str(path))
    assert level == ERROR and text.startswith(f"E1005 {path}: {line}")


def test_an_area_that_cannot_be_used(tmp_path):
    slides, area = written(tmp_path / "slides.gpkg", [INSIDE]), written(tmp_path / "area.gpkg", [FAR])
    (first, second) = found(inventory=str(slides), complete=True, area=str(area))
    assert first == (GOOD, f" {slides}: 1 landslides in the region")
    assert second[0] == ERROR and second[1].startswith(f"E1005 {area}: all 1 polygons lie outside")
    # Without the area, released ones outside it would count as false.
    _, (level, text) = found(inventory=str(slides), complete=True, area="$NO_SUCH_AREA")
    assert level == ERROR and "$NO_SUCH_AREA is not set" in text


def test_a_variable_that_is_not_set_is_noted(monkeypatch):
    """A packaged region names a file that not everybody has: its run goes on without it."""
    monkeypatch.delenv("SARSLIDE_CALIFORNIA", raising=False)
    config = load({"region": "california"})
    (one,) = comparison.files(config)
    assert one.level == NOTE and "$SARSLIDE_CALIFORNIA is not set" in one.found
    # A longer path with such a variable is a mistake.
    ((level, text),) = found(inventory="$SARSLIDE_CALIFORNIA/slides.gpkg")
    assert level == ERROR and text.startswith("E1001")


def test_the_public_slides_of_california(tmp_path, monkeypatch):
    """Slides of the whole state in degrees, one of them in the Eel River catchment; not complete by its own words (H22)."""
    slides = [box(-123.50, 40.10, -123.49, 40.11), box(-118.40, 34.00, -118.39, 34.01)]
    gpd.GeoDataFrame(geometry=slides, crs=4326).to_file(tmp_path / "h22.geojson")
    monkeypatch.setenv("SARSLIDE_CALIFORNIA", str(tmp_path / "h22.geojson"))
    config = load({"region": "california"})
    (one,) = comparison.files(config)
    assert one.level == GOOD and one.found.endswith("1 landslides in the region")
    assert not config.evaluation.complete


def test_keys_of_what_is_not_compared_are_refused():
    with pytest.raises(ConfigError, match=r"evaluation\.complete = True has no effect: it needs evaluation\.inventory"):
        load({"region": "valley", "evaluation": {"complete": True}})
    with pytest.raises(ConfigError, match=r"evaluation\.area = .* it needs evaluation\.complete = true"):
        load({"region": "valley", "evaluation": {"inventory": "a.gpkg", "area": "b.gpkg"}})
    with pytest.raises(ConfigError, match=r"evaluation\.seen_column = .* it needs evaluation\.points"):
        load({"region": "valley", "evaluation": {"inventory": "a.gpkg", "seen_column": "b"}})


@pytest.mark.parametrize("crs", [32647, 4326, 3857, 32648])
def test_any_crs_gives_the_same_ground(tmp_path, crs):
    """Two parts, a hole and a ring that crosses itself; areas of the first file by hand."""
    grid = load({"region": "demo_small"}).grid.region_grid()
    parts = MultiPolygon([INSIDE, box(519000, 3208000, 519200, 3208200)])
    ring = box(518000, 3208500, 518900, 3209400).difference(box(518300, 3208800, 518600, 3209100))
    path = written(tmp_path / "slides.gpkg", [parts, ring, BOW], crs=crs, kind=["a", None, "c"])
    frame = read_inventory(path, grid, class_column="kind")
    assert frame.crs == 32647 and list(frame["id"]) == ["X0001", "X0002", "X0003"] and frame.geometry.is_valid.all()
    # 16 and 4 ha; 81 less 9; the bow's two triangles of 4 ha. A vertex moves by less than a millimetre.
    assert frame.area.to_numpy() == pytest.approx([200_000, 720_000, 80_000], rel=1e-5)
    assert list(frame["kind"]) == ["a", "", "c"]
    assert read_area(path, grid).area == pytest.approx(1_000_000 - 80_000, rel=1e-5)  # the bow lies in the first


@pytest.mark.parametrize("crs", [32647, 4326, 3857])
def test_points_in_any_crs_and_as_a_table(tmp_path, crs):
    grid = load({"region": "demo_small"}).grid.region_grid()
    places = [Point(518100, 3207100), Point(519900, 3209900), Point(600000, 3300000)]
    path = written(tmp_path / "checks.gpkg", places, crs=crs, seen=[True, False, True])
    frame = read_points(path, grid)
    assert list(frame.seen) == [True, False] and list(frame["id"]) == ["C0001", "C0002"]  # the third is outside
    assert np.hypot(frame.geometry.x - [518100, 519900], frame.geometry.y - [3207100, 3209900]).max() < 0.01
    degrees = gpd.GeoSeries(places, crs=32647).to_crs(4326)
    lines = [f"{p.x:.9f},{p.y:.9f},{seen}" for p, seen in zip(degrees, ["Seen", "not seen", "1"], strict=True)]
    (tmp_path / "checks.csv").write_text("\n".join(["lon,lat,seen", *lines]) + "\n")
    table = read_points(tmp_path / "checks.csv", grid)
    assert list(table.seen) == [True, False] and table.geometry.distance(frame.geometry).max() < 0.01

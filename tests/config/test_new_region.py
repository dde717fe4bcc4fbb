"""A region of the user's own begun from an area: grid, tracks, file, map; and every area that cannot be one."""

import re
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely
import yaml
from pyproj import Transformer

from sarslide import config
from sarslide.config.new_region import MODELS, Track, box_area, chosen, file_area, new_region, track_table, utm_grid
from sarslide.errors import ConfigError, CoverageError, GridError, NamingError, OutputError, SarslideError, VectorError
from sarslide.retrieve import dem_tiles

VALLEY = (86.30, 27.80, 86.50, 27.95)  # of Rolwaling, Nepal


def held(folder) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_region_is_written_that_the_commands_read(tmp_path):
    begun = new_region("gorge", box_area(*VALLEY), "--bbox here", "20230101", "2023-12-31", folder=tmp_path)
    assert held(tmp_path) == ["regions/gorge.png", "regions/gorge.yaml"]
    read = config.load({"region": "gorge"}, tmp_path)
    assert read.stacks == begun.stacks == ("A085", "D121")
    assert read.grid.region_grid() == begun.grid and begun.grid.epsg == 32645
    assert (read.catalog.archive, read.catalog.start, read.catalog.end) == ("asf", "20230101", "20231231")
    assert read.grid.dem == "glo30" and read.archive() == "asf"


def test_the_file_says_what_was_found(tmp_path):
    begun = new_region("gorge", box_area(*VALLEY), "--bbox\n86", folder=tmp_path)
    text = begun.path.read_text()
    assert "19.8 x 16.8 km" in text and "from --bbox 86." in text and "UTM zone 45 north" in text
    assert "west 86.3000, south 27.8000, east 86.5000, north 27.9500" in text
    for track in begun.tracks:
        (line,) = re.findall(rf"^# {track.stack}.*$", text, flags=re.M)
        assert f"{track.incidence_deg:.1f}" in line and line.endswith("chosen") == (track.stack in begun.stacks)
    assert len(begun.tracks) == 3 and not begun.notes


@pytest.mark.parametrize(
    "area", [VALLEY, (-70.4, -36.1, -70.2, -35.9), (15.0, 78.0, 17.0, 78.5), (-0.1, -0.1, 0.1, 0.1)]
)
def test_the_grid_holds_the_area_on_whole_cells(area):
    grid = utm_grid(box_area(*area))
    west, south, east, north = grid.bounds
    assert all(edge % 30 == 0 for edge in grid.bounds)
    random = np.random.default_rng(5)
    lon, lat = random.uniform(area[0], area[2], 5000), random.uniform(area[1], area[3], 5000)
    x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(lon, lat)
    assert west <= x.min() and x.max() <= east and south <= y.min() and y.max() <= north
    assert max(x.min() - west, east - x.max(), y.min() - south, north - y.max()) < 0.05 * (east - west)
    zone = int((area[0] + area[2]) / 2 // 6) + 31
    assert grid.epsg == (32600 if area[1] + area[3] >= 0 else 32700) + zone


def test_the_middle_decides_the_zone():
    assert utm_grid(box_area(83.9, 28, 84.2, 28.1)).epsg == 32645
    assert utm_grid(box_area(83.8, 28, 84.1, 28.1)).epsg == 32644
    assert utm_grid(box_area(179.3, 66, 179.8, 66.2)).epsg == 32660


def test_of_each_pass_the_best_is_chosen():
    tracks = [
        Track("D001", 1, 39, 190),
        Track("D002", 1, 33, 190),
        Track("A003", 0.9, 39, 350),
        Track("A004", 0.2, 39, 350),
    ]
    assert chosen(tracks) == ("A003", "D001") and chosen(tracks[:2]) == ("D001",)
    assert [line.split()[-1] for line in track_table(tracks, ("A003",))[1:]] == ["chosen", "%", "all", "all"]


def test_what_no_single_track_sees_and_what_is_large_is_told(tmp_path):
    begun = new_region("plateau", box_area(-112, 38, -110, 40), folder=tmp_path)
    assert begun.notes[0].startswith("175.6 x 222.4 km are 43 million cells")
    assert [note.partition(",")[0] for note in begun.notes[1:]] == [
        f"no single {name} track sees the whole area" for name in ("ascending", "descending")
    ]
    assert new_region("node", box_area(-78.65, 0.65, -78.35, 0.95), folder=tmp_path).notes[-1] == (
        "A121 and A120 are one pass, whose number changes at the equator"
    )


def test_without_dates_the_last_year_and_what_comes(tmp_path):
    read = yaml.safe_load(new_region("gorge", box_area(*VALLEY), folder=tmp_path).path.read_text())["catalog"]
    assert read["start"] == f"{datetime.now(UTC) - timedelta(days=365):%Y%m%d}" and read["end"] is None
    read = yaml.safe_load(new_region("past", box_area(*VALLEY), end="20200301", folder=tmp_path).path.read_text())
    assert read["catalog"]["start"] == "20190302"


@pytest.mark.parametrize("archive", ["asf", "copernicus", "folder"])
def test_archive_and_dem_are_taken_as_given(tmp_path, archive):
    (tmp_path / "my dem: 1.tif").write_bytes(b"")
    new_region("gorge", box_area(*VALLEY), archive=archive, dem="my dem: 1.tif", folder=tmp_path)
    read = config.load({"region": "gorge"}, tmp_path)
    assert (read.catalog.archive, read.grid.dem) == (archive, "my dem: 1.tif")
    assert (read.catalog.start is None) is (archive == "folder")


def test_the_models_are_those_that_can_be_downloaded():
    assert set(MODELS) == set(dem_tiles.MODELS)


@pytest.mark.parametrize("name", ["taken", "demo", "../up", "My-region", ""])
def test_a_name_that_is_taken_or_none_is_refused(tmp_path, name):
    new_region("taken", box_area(*VALLEY), folder=tmp_path)
    before = {path: (tmp_path / path).read_bytes() for path in held(tmp_path)}
    with pytest.raises(ConfigError):
        new_region(name, box_area(-112, 38, -111.9, 38.1), folder=tmp_path)
    assert {path: (tmp_path / path).read_bytes() for path in held(tmp_path)} == before


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"start": "20230230"}, NamingError, "'20230230' is not a date"),
        ({"start": "spring"}, NamingError, "is not a date"),
        ({"start": "20230301", "end": "20230201"}, ConfigError, "--start 20230301 is after --end 20230201"),
        ({"start": "29990101"}, ConfigError, "--start 29990101 lies in the future"),
        ({"end": "29990101"}, ConfigError, "leave --end out"),
        ({"end": "20100101"}, ConfigError, "before Sentinel-1"),
        ({"archive": "esa"}, ConfigError, "one of asf, copernicus, folder"),
        ({"dem": "absent.tif"}, ConfigError, "absent.tif does not exist"),
        ({"dem": "$SARSLIDE_ABSENT/dem.tif"}, ConfigError, "does not exist, and $SARSLIDE_ABSENT is not set"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(tmp_path, wrong, error, message):
    with pytest.raises(error, match=re.escape(message)) as caught:
        new_region("gorge", box_area(*VALLEY), folder=tmp_path, **wrong)
    assert "; cure: " in str(caught.value) and "\n" not in str(caught.value)
    assert not held(tmp_path)


@pytest.mark.parametrize(
    ("box", "error", "message"),
    [
        ((179, -17, -179, -16), GridError, "crosses the antimeridian; cure: begin two regions"),
        ((179.3, -17, 180, 70), GridError, "too large"),
        ((0, 83.9, 1, 84.1), GridError, "beyond the reach of UTM"),
        ((0, -80.5, 1, -79.9), GridError, "choose an area between -80 and 84"),
        ((0, -79.9, 3, -79), CoverageError, "no track of Sentinel-1 sees the area"),
        ((10, 46, 10.01, 46.5), GridError, "is too small"),
        ((0, 0, 20, 20), GridError, "at most 800 km"),
        ((10, 47, 11, 46), GridError, "is empty"),
        ((10, 46, 10, 47), GridError, "is empty"),
        ((-200, 0, 1, 1), GridError, "not on the Earth"),
        ((float("nan"), 0, 1, 1), GridError, "not on the Earth"),
        ((515130, 3200340, 523230, 3215640), GridError, "in degrees"),
    ],
)
def test_an_area_that_cannot_be_a_region_is_refused(tmp_path, box, error, message):
    with pytest.raises(error, match=re.escape(message)):
        new_region("gorge", box_area(*box), folder=tmp_path)
    assert not held(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "regions").write_text("a file")
    with pytest.raises(OutputError):
        new_region("gorge", box_area(*VALLEY), folder=tmp_path)
    assert held(tmp_path) == ["regions"]


def test_nothing_stays_where_the_file_would_not_be_read(tmp_path, monkeypatch):
    def refuse(user, folder):
        raise ConfigError(f"{folder}/regions/gorge.yaml: grid.epsg", "another one")

    monkeypatch.setattr("sarslide.config.new_region.load", refuse)
    with pytest.raises(ConfigError, match="^E1001 regions/gorge.yaml: grid.epsg; cure: another one$"):
        new_region("gorge", box_area(*VALLEY), folder=tmp_path)
    assert not held(tmp_path)


def polygon_file(path, crs, shapes) -> str:
    gpd.GeoDataFrame(geometry=shapes, crs=crs).to_file(path)
    return str(path)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
def test_an_area_of_a_file_in_any_crs_is_that_of_its_box(tmp_path, suffix):
    box = box_area(*VALLEY)
    crs = 4326 if suffix == ".geojson" else 3857
    shapes = gpd.GeoSeries([box], crs=4326).segmentize(0.01).to_crs(crs)
    area = file_area(polygon_file(tmp_path / f"area{suffix}", crs, shapes))
    assert np.allclose(area.bounds, VALLEY, atol=1e-6)
    assert utm_grid(area) == utm_grid(box)


def test_all_polygons_of_a_file_lie_in_the_region(tmp_path):
    far, near = shapely.box(86.3, 27.8, 86.35, 27.85), shapely.box(86.45, 27.9, 86.5, 27.95)
    shapes = [shapely.MultiPolygon([far]), None, near, shapely.force_3d(far)]
    area = file_area(polygon_file(tmp_path / "parts.gpkg", 4326, shapes))
    assert area.bounds == VALLEY and len(area.geoms) == 3


@pytest.mark.parametrize(
    ("shapes", "crs", "message"),
    [
        ([], 4326, "holds no area"),
        ([shapely.Polygon()], 4326, "holds no area"),
        ([shapely.Point(86, 28)], 4326, "holds Point; cure: give polygons only"),
        ([shapely.LineString([(86, 28), (87, 28)]), shapely.box(86, 27, 87, 28)], 4326, "holds LineString"),
        ([shapely.box(86, 27, 87, 28)], None, "has no CRS"),
        ([shapely.box(1e9, 1e9, 2e9, 2e9)], 32645, "its coordinates are none of its CRS"),
        ([shapely.box(515130, 3200340, 523230, 3215640)], 4326, "its coordinates are none of its CRS"),
    ],
)
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_file_that_outlines_no_area_is_refused(tmp_path, shapes, crs, message):
    path = tmp_path / "area.gpkg"
    polygon_file(path, crs, gpd.GeoSeries(shapes, crs=crs))
    with pytest.raises(VectorError, match=re.escape(message)):
        file_area(path)


@pytest.mark.parametrize("content", [b"no vector", None])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content):
    path = tmp_path / "area.gpkg"
    if content:
        path.write_bytes(content)
    with pytest.raises(VectorError, match=r"area\.gpkg"):
        file_area(path)


def test_an_area_of_a_file_across_the_antimeridian_is_refused(tmp_path):
    shapes = [shapely.box(179, -17, 180, -16), shapely.box(-180, -17, -179, -16)]
    with pytest.raises(SarslideError, match="crosses the antimeridian"):
        file_area(polygon_file(tmp_path / "fiji.gpkg", 4326, shapes))

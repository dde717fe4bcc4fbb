"""The map: the image by the better track, numbers under the pointer, colours of outlines, series and earlier releases
beside the page, downloads.
"""

import base64
import csv
import io
import json
import math
import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box, shape

from sarslide.errors import VectorError
from sarslide.inventory import records
from sarslide.inventory.changes import LANDSLIDES
from sarslide.io import raster, vector
from sarslide.report import (
    better_track,
    colourings,
    downloads,
    earlier_releases,
    look_up,
    map_values,
    object_series,
    tables,
)
from sarslide.report.stages import StackMaps
from tests.report.test_page import map_data
from tests.support.report_inputs import RELEASE

BOUNDS = (0.0, 0.0, 400.0, 300.0)


def maps(stack, rate, std, sensitivity):
    names = (better_track.RATE, better_track.STD, better_track.SENSITIVITY)
    return StackMaps(
        stack,
        {name: np.full((3, 4), value, float) for name, value in zip(names, (rate, std, sensitivity), strict=True)},
    )


def objects(by_track, outline, track="A001"):
    row = {"ls_id": ["LS000001"], "los_rate_by_track": [json.dumps(by_track)], "track": [track]}
    return gpd.GeoDataFrame(row, geometry=[outline], crs=32647)


def test_each_cell_has_the_rate_of_the_track_with_the_smaller_error_down_the_slope():
    """4 / 0.8 = 5 mm/yr against 2 / 0.2 = 10; without a rate the other track; on flat ground the smaller error."""
    first, second = maps("A001", -10, 4, 0.8), maps("D002", 3, 2, -0.2)
    first.layers[better_track.RATE][0, 0] = np.nan
    first.layers[better_track.SENSITIVITY][2, 3] = second.layers[better_track.SENSITIVITY][2, 3] = np.nan
    image = better_track.composite([first, second], [], BOUNDS)
    expected = np.full((3, 4), -10.0)
    expected[0, 0] = expected[2, 3] = 3
    np.testing.assert_array_equal(image, expected)
    assert better_track.composite([first], [], BOUNDS) is None


def test_an_object_has_the_image_of_the_track_in_which_it_is_fastest():
    frame = objects({"A001": -10.0, "D002": 30.0}, box(100, 100, 300, 200))
    image = better_track.composite([maps("A001", -10, 4, 0.8), maps("D002", 30, 2, -0.2)], [frame], BOUNDS)
    assert (image == [[-10] * 4, [-10, 30, 30, -10], [-10] * 4]).all()
    assert better_track.of_object(frame.iloc[0].to_dict()) == "D002"
    assert better_track.of_object({"ls_id": "LS000001", "los_rate_by_track": "{}", "track": "A001"}) == "A001"


def test_every_object_of_the_page_lies_on_its_own_signal(inputs, html):
    data = map_data(html)
    assert data["shown"] == "better_track"
    images = {(raster["kind"], raster["track"]) for raster in data["rasters"]}
    tracks = {one["track"] for layer in data["vectors"] if layer["answers"] for one in layer["features"]}
    assert tracks == {"A128", "D062"} and all(("los_rate_mm_per_yr", track) in images for track in tracks)


def test_numbers_under_the_pointer_are_those_of_the_rasters(inputs, html):
    """Within half a step; rates, then errors, row by row."""
    for one in map_data(html)["values"]:
        stack = next(stack for stack in inputs.stacks if stack.stack == one["track"])
        raw = np.frombuffer(zlib.decompress(base64.b64decode(one["packed"])), np.uint8)
        steps = raw.reshape(2, -1).T.copy().view("<i2").reshape(2, one["rows"], one["cols"])
        for plane, name in zip(steps, (better_track.RATE, better_track.STD), strict=True):
            truth = raster.read(stack.rasters[name], inputs.grid)
            known = np.isfinite(truth)
            np.testing.assert_array_equal(plane == one["unknown"], ~known)
            np.testing.assert_allclose(plane[known] * one["step"], truth[known], atol=one["step"] / 2 + 1e-4)
    assert len(map_data(html)["values"]) == 2
    far = map_values.packed(np.array([1e9, -1e9, np.nan]))
    assert len(zlib.decompress(far)) == 6


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"los_rate_mean_mm_per_yr": -9.9, "change": "new", "object_type": 1, "confidence": "low"}, "0 0 0 2 3"),
        ({"los_rate_mean_mm_per_yr": 10.0, "change": "grown+accelerated", "state": "steady"}, "1 1 3 3 1"),
        ({"los_rate_mean_mm_per_yr": -250.0, "change": "persisting", "object_type": 0}, "3 6 3 3 3"),
        ({"los_rate_mean_mm_per_yr": math.nan}, "4 6 3 3 3"),
    ],
)
def test_classes_of_outlines(row, expected):
    assert " ".join(str(number) for number in colourings.classes_of(row).values()) == expected


def test_a_colouring_that_tells_nothing_is_not_offered():
    found = colourings.legends([{"los_rate_mean_mm_per_yr": 12.0}, {"los_rate_mean_mm_per_yr": math.nan}])
    assert [one["key"] for one in found] == ["speed"]
    assert {one["label"]: one["count"] for one in found[0]["classes"] if one["count"]} == {
        "10 to 30 mm/yr": 1,
        "no rate": 1,
    }


def series_table(path, rows):
    path.write_text("pid,epsg,mean_velocity,20190305,20190317\n" + "".join(f"{row}\n" for row in rows))
    return path


def test_series_come_from_the_release_or_from_the_tables_that_were_made(tmp_path):
    frame = gpd.GeoDataFrame({"ls_id": ["LS000001"]}, geometry=[Point(0, 0).buffer(1)], crs=32647)
    spread = {"ls_id": ["LS000001"], "track": ["A001"], "date": ["20190317"], "spread_mm": [1.234]}

    vector.write_layers(tmp_path / records.PACKAGE, {LANDSLIDES: frame}, [], {"series": pd.DataFrame(spread)})
    series_table(tmp_path / "series_A001.csv", ["LS000001,32647,5,0.00,-1.25"])
    made = series_table(tmp_path / "inventory.csv", ["LS000001,32647,5,0.00,", "LS000002,32647,5,,"])
    found = object_series.read(tmp_path, {"A001": made, "D002": made})
    assert found == {
        "LS000001": {
            "A001": {"dates": ["20190305", "20190317"], "mm": [0.0, -1.25], "spread": [None, 1.23]},
            "D002": {"dates": ["20190305"], "mm": [0.0], "spread": [None]},
        }
    }
    places, scripts = object_series.scripts(found)
    assert places == {"LS000001": 0}
    assert json.loads(scripts[0].removeprefix("sarslideData(").removesuffix(");\n")) == found
    series_table(made, ["LS000001,32647,5,0.00,nan"])
    with pytest.raises(VectorError, match="nan is no displacement"):
        object_series.read(tmp_path, {"D002": made})


def test_many_series_are_parted():
    many = {f"LS{number:06d}": {} for number in range(2 * object_series.PER_FILE + 1)}
    places, scripts = object_series.scripts(many)
    assert len(scripts) == 3 and sorted(set(places.values())) == [0, 1, 2]


def test_a_release_without_folders_before_it_offers_none(inputs):
    assert earlier_releases.read(inputs.current, inputs.grid) == []


def test_downloads_are_the_release(inputs):
    frame = vector.read(inputs.current.parent / "releases" / RELEASE / records.PACKAGE, LANDSLIDES)
    files = downloads.files(frame)
    features = json.loads(files[downloads.GEOJSON])["features"]
    rows = list(csv.DictReader(io.StringIO(files[downloads.CSV].decode())))
    assert [one["properties"]["ls_id"] for one in features] == [row["ls_id"] for row in rows] == list(frame["ls_id"])
    outlines = gpd.GeoSeries([shape(one["geometry"]) for one in features], crs=4326)
    # RFC 7946, 3.1.6: the outer ring runs against the clock; 1e-7 degree are a centimetre.
    assert all(one.exterior.is_ccw for one in outlines)
    assert outlines.to_crs(frame.crs).hausdorff_distance(frame.geometry.reset_index(drop=True)).max() < 0.02
    for row, outline in zip(rows, outlines, strict=True):
        assert outline.contains(Point(float(row["lon"]), float(row["lat"])))


def test_rates_of_tracks_have_their_errors():
    row = {"ls_id": "LS000001", "candidate_id": "A001-0001", "los_rate_by_track": '{"A001": -27.0922}'}
    motion = {
        "A001": {"A001-0001": {"los_rate_mean_mm_per_yr": -27.0922, "los_rate_mean_std_mm_per_yr": 2.84}},
        "D002": {"A001-0001": {"los_rate_mean_mm_per_yr": 4.06, "los_rate_mean_std_mm_per_yr": None}},
    }
    assert tables.rates_by_track(row) == [("Mean LOS rate A001", "−27.1 mm/yr")]
    assert tables.rates_by_track(row, motion) == [
        ("Mean LOS rate A001", "−27.1 ± 2.8 mm/yr"),
        ("Mean LOS rate D002", "4.1 mm/yr"),
    ]


def test_an_object_has_a_place():
    frame = objects({}, box(500_000, 0, 500_010, 10))
    (row,) = look_up.placed(frame)
    # 5 m east of the middle meridian of zone 47, 99 E, and 5 m north of the equator.
    assert row["lon"] == pytest.approx(99 + 5 / 111_320 / 0.9996, abs=2e-6)
    assert row["lat"] == pytest.approx(5 / 110_574 / 0.9996, abs=2e-6)

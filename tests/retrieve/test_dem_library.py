"""The library of mountain DEMs: files as their table says, ground of a region by name alone."""

import csv
import hashlib

import numpy as np
import pytest
import rasterio

from sarslide.config import load
from sarslide.errors import ConfigError, DemError
from sarslide.preflight.checks import dem
from sarslide.retrieve.dem_library import FOLDER, LibraryDem, is_name, library, named


def rows():
    with open(FOLDER / "MANIFEST.csv", newline="") as file:
        return list(csv.DictReader(file))


def middle(found: LibraryDem, cells: int = 100) -> list[int]:
    """Bounds of a region in the middle of a DEM, on whole cells."""
    west, south, east, north = found.bounds
    x, y, half = (west + east) / 2, (south + north) / 2, cells * 15
    return [round(x - half), round(y - half), round(x + half), round(y + half)]


def test_twenty_dems_of_nine_ranges():
    assert len(library()) == 20 == len(list(FOLDER.glob("*.tif")))
    assert len({found.mountains for found in library().values()}) == 9


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"])
def test_a_file_is_as_its_table_says(row):
    found = named(row["name"])
    assert hashlib.sha256(found.path.read_bytes()).hexdigest() == row["sha256"]
    with rasterio.open(found.path) as file:
        heights = file.read(1, masked=True)
        assert (file.crs.to_epsg(), file.res) == (found.epsg, (found.cell_m, found.cell_m))
        assert np.allclose(file.bounds, found.bounds, atol=0.01)
        assert file.tags()["LICENCE"] == found.licence
    assert not np.ma.getmaskarray(heights).any()
    assert abs(heights.min() - float(row["min_m"])) <= 1 and abs(heights.max() - float(row["max_m"])) <= 1


def test_undulations_are_alike_within_a_range():
    # The geoid is smooth: over the 50 km of a range EGM96 differs by 5 m at most.
    by_range = {}
    for found in library().values():
        by_range.setdefault(found.mountains, []).append(found.geoid_m)
    assert all(max(values) - min(values) < 5 for values in by_range.values())
    assert all(-106 < value < 86 for values in by_range.values() for value in values)  # all of the Earth


def test_notices_name_every_licence():
    text = (FOLDER / "README.md").read_text()
    for row in rows():
        prefix = row["name"].split("_")[0]
        assert f"`{prefix}_" in text, row["name"]
    assert "produced using Copernicus WorldDEM-30" in text and "Norwegian Polar Institute" in text


def test_a_region_names_its_ground():
    found = named("alps_davos_30m")
    keys = {"region": "valley", "grid": {"epsg": found.epsg, "bounds": middle(found)}}
    config = load(keys | {"simulation": {"dem": found.name}})
    (finding,) = dem(config)
    assert finding.level == "good" and "above the geoid, +49.5 m" in finding.found


def test_ground_that_ends_inside_the_region():
    found = named("alps_davos_30m")
    west, south, east, north = middle(found)
    keys = {"epsg": found.epsg, "bounds": [west - 12000, south, east, north]}
    (finding,) = dem(load({"region": "valley", "grid": keys, "simulation": {"dem": found.name}}))
    assert finding.level == "error" and "ends inside the region" in finding.found


def test_a_file_is_no_name():
    assert is_name("alps_davos_30m") and not is_name("") and not is_name("alps.tif") and not is_name("./alps")


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigError, match=r"E1001 .*simulation.dem = alps_zermatt is no DEM of the library"):
        load({"region": "valley", "simulation": {"dem": "alps_zermatt"}})
    with pytest.raises(DemError, match="alps_zermatt"):
        named("alps_zermatt")


def test_a_vertical_reference_beside_a_name_has_no_effect():
    found = named("alps_davos_30m")
    grid = {"epsg": found.epsg, "bounds": middle(found), "geoid_m": 40.0}
    with pytest.raises(ConfigError, match=r"grid.geoid_m = 40.0 has no effect"):
        load({"region": "valley", "grid": grid, "simulation": {"dem": found.name}})

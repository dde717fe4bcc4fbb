"""`sarslide new`: file, map and next commands; wrong words and areas end in one line, with nothing written."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib.image import imread

from sarslide import cli, exit_codes
from sarslide.config import load

BOX = ("86.3", "27.8", "86.5", "27.95")


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["new", *map(str, words)])
    return end.value.code or 0


def test_a_box_becomes_a_region_and_the_next_commands_are_told(tmp_path, capsys):
    assert ended("gorge", "--bbox", *BOX, "-C", tmp_path) == 0
    text = capsys.readouterr().out
    assert "A085   ascending" in text and f"{tmp_path}/regions/gorge.yaml\n{tmp_path}/regions/gorge.png\n" in text
    following = [line.split()[1] for line in text.splitlines() if line.startswith("sarslide ")]
    assert following == ["update", "preflight", "plan", "run"] and text.count(f"gorge -C {tmp_path} ") == 4
    assert load({"region": "gorge"}, tmp_path).stacks == ("A085", "D121")


def test_in_this_folder_commands_need_no_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        ended("gorge", "--bbox", "-70.4", "-36.1", "-70.2", "-35.9", "--start", "20230101", "--archive", "folder") == 0
    )
    text = capsys.readouterr().out
    assert "\nregions/gorge.yaml\n" in text and " -C " not in text
    assert load({"region": "gorge"}).catalog.archive == "folder"


def test_a_file_outlines_the_region(tmp_path):
    gpd.GeoDataFrame(geometry=[shapely.box(*map(float, BOX))], crs=4326).to_crs(3857).to_file(tmp_path / "gorge.gpkg")
    assert ended("gorge", "--aoi", tmp_path / "gorge.gpkg", "-C", tmp_path) == 0
    assert "from --aoi gorge.gpkg." in (tmp_path / "regions/gorge.yaml").read_text()


def test_the_map_shows_both_swaths_and_the_region(tmp_path):
    assert ended("gorge", "--bbox", *BOX, "-C", tmp_path) == 0
    image = imread(tmp_path / "regions/gorge.png")[..., :3]
    assert image.shape[1] > 1000
    for colour in ((0x1F, 0x6F, 0xB4), (0xC8, 0x64, 0x1C), (0xB3, 0x12, 0x3F)):
        assert (np.abs(image - np.array(colour) / 255).max(-1) < 0.02).sum() > 300
    first = (tmp_path / "regions/gorge.png").read_bytes()
    assert ended("again", "--bbox", *BOX, "-C", tmp_path / "other") == 0
    assert ended("gorge", "--bbox", *BOX, "-C", tmp_path / "third") == 0
    assert (tmp_path / "third/regions/gorge.png").read_bytes() == first


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("gorge",), 2, "give either --bbox W S E N or --aoi FILE"),
        (("gorge", "--bbox", *BOX, "--aoi", "a.gpkg"), 2, "give either"),
        (("gorge", "--bbox", "86", "27", "87"), 2, "requires 4 arguments"),
        (("gorge", "--bbox", "86", "27", "87", "x"), 2, "valid number"),
        (("gorge", "--bbox", *BOX, "--archive", "esa"), 2, "'esa'"),
        (("demo", "--bbox", *BOX), 78, "E1001 "),
        (("Valley", "--bbox", *BOX), 78, "E1001 "),
        (("gorge", "--bbox", "179", "-17", "-179", "-16"), 78, "E1004 bbox 179 -17 -179 -16 crosses the antimeridian"),
        (("gorge", "--bbox", *BOX, "--start", "2023"), 78, "E1009 '2023' is not a date"),
        (("gorge", "--aoi", "absent.gpkg"), 78, "E1005 absent.gpkg"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(tmp_path, monkeypatch, capsys, words, status, message):
    monkeypatch.chdir(tmp_path)
    assert ended(*words) == status
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert message in error and "Traceback" not in error
    assert status == 2 or ("; cure: " in error and status == exit_codes.REFUSED)
    assert not list(tmp_path.iterdir())

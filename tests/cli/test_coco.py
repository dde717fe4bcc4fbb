"""`sarslide coco`: a triangle comes back to the ground; what is no COCO file is refused."""

import json

import geopandas as gpd
import pytest

from sarslide import cli, exit_codes

CONTENT = {
    "images": [
        {
            "id": 7,
            "file_name": "a.png",
            "width": 50,
            "height": 40,
            "crs": "EPSG:32647",
            "transform": [25, 0, 500000, 0, -25, 3200000],
        }
    ],
    "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "segmentation": [[10, 4, 20, 4, 10, 24]]}],
    "categories": [{"id": 3, "name": "slide"}],
}


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["coco", *map(str, words)])
    return end.value.code or 0


def written(path, content):
    path.write_text(json.dumps(content))
    return path


def test_polygons_lie_where_they_were_drawn(tmp_path, capsys):
    assert ended(written(tmp_path / "a.json", CONTENT), tmp_path / "a.gpkg") == 0
    assert capsys.readouterr().out == f"1 polygons in EPSG:32647: {tmp_path / 'a.gpkg'}\n"
    (outline,) = gpd.read_file(tmp_path / "a.gpkg", layer="landslides").geometry
    assert outline.bounds == (500250, 3199400, 500500, 3199900)
    assert outline.area == 0.5 * 250 * 500


def test_places_come_from_another_data_set(tmp_path):
    bare = {key: CONTENT["images"][0][key] for key in ("id", "file_name", "width", "height")}
    drawn = written(tmp_path / "drawn.json", CONTENT | {"images": [bare]})
    assert ended(drawn, tmp_path / "a.gpkg") == exit_codes.REFUSED
    assert not (tmp_path / "a.gpkg").exists()
    assert ended(drawn, tmp_path / "a.gpkg", "--images", written(tmp_path / "ours.json", CONTENT)) == 0


@pytest.mark.parametrize(
    ("content", "polygons"),
    [
        ({"images": []}, "a.gpkg"),
        ([], "a.gpkg"),
        (CONTENT | {"annotations": []}, "a.gpkg"),
        (CONTENT | {"annotations": [{"image_id": 7}]}, "a.gpkg"),
        (CONTENT | {"annotations": [3]}, "a.gpkg"),
        (CONTENT | {"images": [{"width": 3}]}, "a.gpkg"),
        (CONTENT, "a.shp"),
    ],
)
def test_bad_input_is_one_coded_line(content, polygons, tmp_path, capsys):
    given = written(tmp_path / "a.json", content)
    assert ended(given, tmp_path / polygons) == exit_codes.REFUSED
    (text,) = capsys.readouterr().err.strip().splitlines()
    assert text.startswith("E1005 ") and "; cure: " in text
    assert list(tmp_path.iterdir()) == [given]


def test_no_file_at_all(tmp_path, capsys):
    assert ended(tmp_path / "none.json", tmp_path / "a.gpkg") == exit_codes.REFUSED
    assert capsys.readouterr().err.startswith("E1005 ") and not list(tmp_path.iterdir())

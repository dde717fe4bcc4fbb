"""Labels, scenes and weights that cannot be used: one coded line on the command line, before any track is made or trained on."""

import re
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import box

from tests.workflow.conftest import SMALL, Checkout
from tests.workflow.test_bad_input import answer

EPSG = 32647
INSIDE = box(518500, 3207000, 519500, 3208000)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("labels"), SMALL)


def written(path: Path, polygons: list, **columns) -> None:
    gpd.GeoDataFrame(columns, geometry=polygons, crs=EPSG).to_file(path)


def damaged(path: Path) -> None:
    path.write_bytes(b"\x10 no such file" * 200)


@pytest.mark.parametrize(
    ("make", "config", "line"),
    [
        (None, ["training={labels: PATH}"], "E1001 training.labels = PATH does not exist"),
        (damaged, ["training={labels: PATH}"], "E1005 PATH: cannot be read"),
        (lambda p: written(p, [box(0, 0, 9, 9)]), ["training={labels: PATH}"],
         "E1005 PATH: all 1 polygons lie outside the region"),
        (lambda p: written(p, [INSIDE], kind=["fan"]),
         ["training={labels: PATH}", "dataset={class_column: kind, classes: {fan: background, slide: landslide}}"],
         "E1005 PATH: class 'slide' has no polygon"),
        (lambda p: written(p, [INSIDE]), ["training={labels: PATH}", "dataset={area: nowhere.gpkg}"],
         "E1001 dataset.area = nowhere.gpkg does not exist"),
        (lambda p: written(p, [INSIDE]), ["training={labels: PATH, scenes: [none.npz]}"],
         "E1001 training.scenes = none.npz does not exist"),
        (damaged, ["training={start: PATH}"], "E4001 PATH: cannot be read"),
    ],
    ids=["missing", "damaged", "outside", "no_positive", "area", "scenes", "start"],
)  # fmt: skip
def test_one_line_before_the_first_job(place, tmp_path, make, config, line):
    path = tmp_path / "given.gpkg"
    if make:
        make(path)
    config = [word.replace("PATH", str(path)) for word in config]
    text = answer(place.command("train", config=[*SMALL, *config]), cwd=place.folder, env=place.environment)
    told = [each for each in text.splitlines() if re.match(r"E\d{4} ", each)]
    assert len(told) == 1, text[-3000:]
    assert told[0].startswith(line.replace("PATH", str(path))) and "; cure: " in told[0]
    assert "Traceback" not in text and "Exception" not in text and "Job stats" not in text
    assert not list(place.folder.glob("results/*/*"))

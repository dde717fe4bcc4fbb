"""Labels, scenes and weights that cannot be used: one coded line on the command line, before any track is made or trained on."""

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from shapely.geometry import box

from sarslide.config import load
from sarslide.io import raster
from sarslide.models.weights import packaged
from tests.workflow.conftest import SMALL, Checkout
from tests.workflow.test_bad_input import answer
from tests.workflow.test_documented_commands import REGION, SCENES

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
        (damaged, ["training={start: PATH}"], "E4001 PATH: is no safetensors file of at most 2 GiB"),
        (None, ["training={network: mask_rcnn_resnext_all, width: null, start: coco}"],
         "E1001 config: training.start = coco does not fit training.network = mask_rcnn_resnext_all"),
        (None, ["training={network: unet, start: packaged}"],
         "E1001 config: training.network = unet, but the weights of training.start = packaged have network drs_unet"),
    ],
    ids=["missing", "damaged", "outside", "no_positive", "area", "scenes", "start", "no_weights", "contradiction"],
)  # fmt: skip
def test_one_line_before_the_first_job(place, tmp_path, make, config, line):
    path = tmp_path / "given.gpkg"
    if make:
        make(path)
    config = [word.replace("PATH", str(path)) for word in config]
    refused(place, ["train"], [*SMALL, *config], line.replace("PATH", str(path)))


def test_no_training_in_a_test_area(place):
    """Before its scenes are searched for (A02)."""
    line = "E1001 config: region = zhongxinrong is a test area (dataset.test_area): no network is trained in it"
    refused(place, ["train"], ["region=zhongxinrong"], line)


def test_channels_that_the_region_has_not(place, tmp_path):
    """A region of real products without optical images, and P3's channels."""
    made = {"regions/real.yaml": REGION, "resources/real/scenes.csv": SCENES}
    for name, text in made.items():
        (place.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (place.folder / name).write_text(text)
    wide = load({"region": "valley"}).grid.region_grid().pad(3000)
    raster.write(place.folder / "dem.tif", np.full(wide.shape, 3000, np.float32), wide, "dem_m")
    for date in ("20190306", "20190318", "20190330"):
        (place.folder / f"resources/real/slc/A128/{date}").mkdir(parents=True)
    path = tmp_path / "given.gpkg"
    written(path, [INSIDE])
    config = ["region=real", f"training={{labels: {path}, start: random, channels: p3_rs}}"]
    bands = ", ".join(f"reflectance_b{band}" for band in ("02", "03", "04", "08"))
    refused(place, ["train"], config, f"E1001 config: training needs {bands}, which this region does not have")


def test_weights_of_channels_that_the_region_has_not(place, tmp_path):
    """The packaged network, said to read the land cover, which only the simulation knows."""
    path = tmp_path / "other.safetensors"
    with safe_open(packaged("drs_unet_compact"), "numpy") as source:
        tensors = {name: source.get_tensor(name) for name in source.keys()}  # noqa: SIM118
        save_file(
            tensors, path, {"card": source.metadata()["card"].replace('"slope_deg", "down', '"land_cover", "down')}
        )
    line = f"E4001 {path}: weights for channels "
    told = refused(place, [], [*SMALL, f"segmentation={{weights: {path}}}"], line)
    assert told.endswith(
        "but the run has no land_cover; cure: use weights for the channels of this run, or train for these"
    )


def refused(place: Checkout, targets: list[str], config: list[str], line: str) -> str:
    """The one line, which begins with `line`, of a run that ends before its first job."""
    text = answer(place.command("--dry-run", *targets, config=config), cwd=place.folder, env=place.environment)
    told = [each for each in text.splitlines() if re.match(r"E\d{4} ", each)]
    assert len(told) == 1, text[-3000:]
    assert told[0].startswith(line) and "; cure: " in told[0]
    assert "Traceback" not in text and "Exception" not in text and "Job stats" not in text
    assert not list(place.folder.glob("results/*/*"))
    return told[0]

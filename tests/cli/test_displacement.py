"""`sarslide displacement`: a region from the files of products alone; what is wrong ends in one coded line."""

import pytest
from tests.displacement import products
from tests.displacement.products import DAYS, GRID

from sarslide import cli, exit_codes
from sarslide.config import load
from sarslide.displacement import region
from sarslide.grid import RegionGrid


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["displacement", *map(str, words)])
    return end.value.code or 0


@pytest.fixture
def place(tmp_path):
    """A working folder with dolphin's files of an ascending, and DISP-S1 of a descending track."""
    products.dolphin(tmp_path / "A117")
    (tmp_path / "D066").mkdir()
    products.opera(tmp_path / "D066")
    products.geotiff(tmp_path / "rate.tif")
    return tmp_path


def test_products_become_a_region_and_the_next_commands_are_told(place, capsys):
    assert ended("mine", "A117=A117", "D066=D066", "-C", place) == 0
    text = capsys.readouterr().out
    assert f"D066: OPERA DISP-S1, 11 files, {DAYS[0]} to {DAYS[-1]}\n" in text
    assert "A117: GeoTIFF (dolphin, or declared), 12 files" in text and "velocity threshold, no network" in text
    assert f"\n{place}/regions/mine.yaml\n" in text
    following = [line.split("  ")[0] for line in text.splitlines() if line.startswith("sarslide ")]
    assert following == [f"sarslide {word} mine -C {place}" for word in ("plan", "run")]
    config = load({"region": "mine"}, place)
    assert config.segmentation.method == "velocity_threshold" and config.grid.epsg == 32632
    assert RegionGrid.from_bounds(32632, config.grid.bounds, 30.0).shape == GRID.shape
    # DISP-S1 has a coherence; dolphin's files without one are mapped by the threshold.
    assert ended("other", "D066=D066", "-C", place) == 0
    segmentation = load({"region": "other"}, place).segmentation
    assert (segmentation.method, segmentation.model) == ("network", region.NETWORK)
    assert ended("mine", "A117=A117", "-C", place) == exit_codes.REFUSED
    assert "regions/mine.yaml: is there already" in capsys.readouterr().err


def test_a_box_in_degrees_and_what_a_plain_raster_does_not_state(place, monkeypatch):
    monkeypatch.chdir(place)
    stated = (
        "--unit",
        "mm",
        "--positive",
        "away",
        "--period",
        DAYS[0],
        DAYS[-1],
        "--incidence",
        38,
        "--coherence",
        0.8,
    )
    # A third of the raster: of 46.58 to 46.60 N the southern half.
    assert ended("mine", "A117=rate.tif", "--bbox", 9.995, 46.585, 10.005, 46.59, "--cell", 60, *stated) == 0
    config = load({"region": "mine"}, place)
    product = config.displacement.products["A117"]
    assert (product.unit, product.positive, product.period) == ("mm", "away", (DAYS[0], DAYS[-1]))
    assert (product.incidence_deg, product.heading_deg, product.coherence) == (38, None, 0.8)
    # Cells of 60 m: where the network of products is worse than the threshold; 16,200 m2 are 4 of them.
    assert config.segmentation.method == "velocity_threshold"
    rule = config.velocity_threshold
    assert (rule.form, rule.sigmas, rule.min_cells, rule.min_slope_deg) == ("tuned", None, 4, 0)
    west, south, east, north = config.grid.bounds
    # A hundredth of a degree of longitude there is 766 m, half of one of latitude 556 m.
    assert 766 < east - west < 766 + 2 * 60 + 20 and 556 < north - south < 556 + 2 * 60 + 20


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ((), 2, "Missing argument"),
        (("A117=rate.tif", "--unit", "feet"), 2, "'feet'"),
        (("A117",), 78, "E1001 'A117' is no STACK=PATH"),
        (("A117=A117", "A117=rate.tif"), 78, "E1001 A117: has two products"),
        (("A117=nowhere",), 78, "E3008 nowhere: holds no file"),
        (("A117=rate.tif",), 78, "states 0 dates"),
        (("X117=rate.tif",), 78, "E1009 "),
    ],
)
def test_a_region_that_cannot_be_begun_is_one_coded_line(place, monkeypatch, capsys, words, status, message):
    monkeypatch.chdir(place)
    assert ended("mine", *words) == status
    error = capsys.readouterr().err
    assert message in " ".join(error.replace("│", " ").split()) and not (place / "regions/mine.yaml").exists()
    assert status == 2 or (error.count("\n") == 1 and "; cure: " in error)

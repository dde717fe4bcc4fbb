"""Key, tag, stack and what is known of Sentinel-1 give one sensor, or one coded line."""

import numpy as np
import pytest
import rasterio

from sarslide.errors import InterferogramError
from sarslide.insar.external.files import ingest_pair, sensor_of
from sarslide.insar.external.sensor import Declared, Sensor, Tags, check_wavelength, flies, sensor
from tests.support import engine_products as products

NONE = Declared()
ENVISAT = {"WAVELENGTH_METRES": "0.0562356424", "INCIDENCE_DEGREES": "22.9", "HEADING_DEG": "193.2"}


@pytest.mark.parametrize(
    ("tags", "wavelength"),
    [
        ({"WAVELENGTH_METRES": "0.0562356424"}, 0.0562356424),  # PyRate
        ({"WAVELENGTH": "0.2362"}, 0.2362),  # ROI_PAC, MintPy
        ({"radar_frequency": "5.3310044e+09   Hz"}, 0.0562356),  # GAMMA
    ],
)
def test_a_wavelength_by_any_of_its_tags(tags, wavelength):
    found = sensor(Tags("x.tif", tags), "D062", Declared(None, 23.0, 193.0))
    assert found.wavelength_m == pytest.approx(wavelength, rel=1e-5) and not found.sentinel1


def test_all_of_another_sensor_by_its_tags():
    found = sensor(Tags("x.tif", ENVISAT), "D062", NONE)
    assert found == Sensor(0.0562356424, 22.9, 193.2, False)


@pytest.mark.parametrize(("stack", "heading"), [("A128", 347.4), ("D062", 192.6)])
@pytest.mark.parametrize("tags", [{"PLATFORM": "Sentinel-1A"}, {"sensor": "S1B IW IW1 VV"}, {"PLATFORM": "Sen"}])
def test_sentinel_1_has_defaults_by_pass(tags, stack, heading):
    assert sensor(Tags("x.tif", tags), stack, NONE) == Sensor(0.05546576, 39.0, heading, True)


@pytest.mark.parametrize("platform", ["ENVISAT", "ALOS-2", "RADARSAT-2", ""])
@pytest.mark.parametrize(
    ("declared", "key"),
    [
        (NONE, "wavelength_m"),
        (Declared(0.0562), "incidence_deg"),
        (Declared(0.0562, 23.0), "heading_deg"),
    ],
)
def test_other_sensors_have_none(platform, declared, key):
    with pytest.raises(InterferogramError, match=rf"E3007 x\.tif: no tag states {key}.*; cure: set files\.{key}$"):
        sensor(Tags("x.tif", {"PLATFORM": platform}), "A128", declared)


@pytest.mark.parametrize(
    ("tags", "stack", "declared", "words"),
    [
        (ENVISAT, "D062", Declared(0.236), r"files\.wavelength_m is 0\.236, its tag WAVELENGTH_METRES is 0\.05623"),
        (ENVISAT, "D062", Declared(0.05546576), r"files\.wavelength_m is 0\.05546.*0\.05623"),
        (ENVISAT, "D062", Declared(None, 39.0), r"files\.incidence_deg is 39, its tag INCIDENCE_DEGREES is 22\.9"),
        (ENVISAT, "D062", Declared(None, None, 347.4), r"files\.heading_deg is 347\.4, its tag HEADING_DEG is 193\.2"),
        (ENVISAT, "A062", NONE, r"heading 193\.2 degrees contradicts the pass of stack A062"),
        ({"PLATFORM": "S1A", "ORBIT_DIRECTION": "ascending"}, "D062", NONE, "is ascending, the stack D062"),
        ({"PLATFORM": "S1A"}, "A128", Declared(0.236), r"is 0\.236, that of Sentinel-1, which made it, is 0\.0554658"),
        ({"PLATFORM": "S1A"}, "A128", Declared(None, None, 193.0), "heading 193 degrees contradicts"),
        ({"WAVELENGTH": "5.6"}, "A128", NONE, r"its tag WAVELENGTH is 5\.6, not from 0\.02 to 0\.3"),
        ({"PLATFORM": "S1A", "INCIDENCE_DEGREES": "nan"}, "A128", NONE, "its tag INCIDENCE_DEGREES is nan"),
    ],
)
def test_contradictions_are_refused(tags, stack, declared, words):
    with pytest.raises(InterferogramError, match=rf"E3007 x\.tif: .*{words}.*; cure: correct"):
        sensor(Tags("x.tif", tags), stack, declared)


def test_the_incidence_of_a_scene_s_centre_is_no_contradiction():
    """That of a region differs from it by up to 8 degrees (Mexico City: 39.7 and 31.7)."""
    tags = {"PLATFORM": "S1A", "INCIDENCE_DEGREES": "39.70"}
    assert sensor(Tags("x.tif", tags), "A005", Declared(None, 31.7)).incidence_deg == 31.7


def test_pairs_of_another_sensor_are_refused():
    stack = Sensor(0.0554658, 39.0, 347.4, True)
    check_wavelength("x.tif", None, stack)
    check_wavelength("x.tif", 0.05550416, stack)
    with pytest.raises(InterferogramError, match=r"x\.tif: its wavelength is 0\.0562 m, that of the stack 0\.0554658"):
        check_wavelength("x.tif", 0.0562, stack)


def test_passes():
    assert [flies(heading) for heading in (347.4, -12.6, 12.0, 192.6, 167.0)] == ["A", "A", "A", "D", "D"]


def test_licsar_states_the_heading_of_its_frame(tmp_path):
    products.licsar(tmp_path)
    metadata = tmp_path / "metadata.txt"
    assert sensor_of("licsar", "", [], metadata, "A128", NONE).heading_deg == pytest.approx(349.8)
    with pytest.raises(InterferogramError, match=r"metadata\.txt: heading 349\.8 degrees contradicts .* D062"):
        sensor_of("licsar", "", [], metadata, "D062", NONE)


@pytest.mark.parametrize(
    ("processor", "factor"), [("GAMMA", 1), ("ROIPAC", 1), ("ROI_PAC", 1), ("isce", 1), (None, 1), ("GMTSAR", None)]
)
def test_the_sign_is_that_of_the_processor(tmp_path, processor, factor):
    """One that nobody knows has not GAMMA's sign because its files are named so."""
    products.gamma(tmp_path)
    paths = next(tmp_path.glob("*_unw.tif")), next(tmp_path.glob("*_cc.tif"))
    straight = ingest_pair(*paths, products.PAIR, products.GRID).unwrapped_rad
    with rasterio.open(paths[0], "r+") as target:
        target.update_tags(INSAR_PROCESSOR=processor or "")
    if factor is None:
        with pytest.raises(
            InterferogramError, match=r"_unw\.tif: nothing .*sign of its phase.*; cure: set files\.posit"
        ):
            ingest_pair(*paths, products.PAIR, products.GRID)
        turned = ingest_pair(*paths, products.PAIR, products.GRID, "towards").unwrapped_rad
        np.testing.assert_array_equal(turned, -straight)
    else:
        np.testing.assert_array_equal(
            ingest_pair(*paths, products.PAIR, products.GRID).unwrapped_rad, factor * straight
        )


def test_older_names_of_dates(tmp_path):
    products.gamma(tmp_path)
    paths = next(tmp_path.glob("*_unw.tif")), next(tmp_path.glob("*_cc.tif"))
    with rasterio.open(paths[0]) as source:
        values, profile = source.read(), source.profile
    tags = {
        "MASTER_DATE": "2019-03-06",
        "SLAVE_DATE": "2019-03-18",
        "SLAVE_TIME": "11:13:21",
        "INSAR_PROCESSOR": "GAMMA",
    }
    with rasterio.open(paths[0], "w", **profile) as target:
        target.write(values)
        target.update_tags(**tags)
    assert ingest_pair(*paths, products.PAIR, products.GRID).metadata.utc == (None, "2019-03-18T11:13:21Z")
    with rasterio.open(paths[0], "r+") as target:
        target.update_tags(SLAVE_DATE="2019-03-30")
    with pytest.raises(InterferogramError, match="its tag SLAVE_DATE is 20190330"):
        ingest_pair(*paths, products.PAIR, products.GRID)

"""Orbits against state vectors that were left out, and against bad files."""

import numpy as np
import pytest

from sarslide.errors import OrbitError
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.orbit import Orbit, choose_eof, read_eof
from sarslide.sentinel1.safe import open_product


def midnight(day: str) -> np.datetime64:
    return np.datetime64(day, "us")


# The clipped files of the data folder hold the vectors around 03:13 and 04:23.
CASES = [("20210304T033926", "2014-10-04", 11590.0), ("20220917T081749", "2022-08-28", 15790.0)]


@pytest.mark.parametrize(("created", "day", "start"), CASES)
def test_left_out_vector_is_met(shipped_data, created, day, start):
    (path,) = (shipped_data / "orbits").glob(f"*{created}*.EOF")
    orbit = read_eof(path, "S1A", midnight(day), start, start + 30)
    k = len(orbit.time_s) // 2
    keep = np.arange(len(orbit.time_s)) != k
    fewer = Orbit(orbit.epoch, orbit.time_s[keep], orbit.position_m[keep], orbit.velocity_m_s[keep], orbit.source)
    arc = fewer.arc(start, start + 30)
    # A millimetre of orbit is 0.2 rad, but one smooth error for all of a date: far below what
    # precise orbits promise (5 cm).
    assert np.abs(arc.position(orbit.time_s[k]) - orbit.position_m[k]).max() < 1e-3
    assert np.abs(arc.velocity(orbit.time_s[k]) - orbit.velocity_m_s[k]).max() < 1e-4


def test_full_day_file_is_cut(shipped_data):
    (path,) = (shipped_data / "orbits").glob("*RESORB*.EOF")
    orbit = read_eof(path, "S1A", midnight("2023-08-23"), 50000, 50030)
    assert 14 <= len(orbit.time_s) <= 16 and orbit.time_s[0] >= 49940 and orbit.time_s[-1] <= 50090


def test_precise_orbit_is_near_the_annotated_one(shipped_data, real_products):
    product = open_product(next(path for path in real_products if "20220828" in path.name))
    annotation = parse_annotation(product.read(product.annotation_members("VV")[0]), "iw1")
    (path,) = (shipped_data / "orbits").glob("*POEORB*20220827*.EOF")
    start, stop = annotation.start_s, annotation.stop_s
    precise = read_eof(path, "S1A", annotation.epoch, start, stop).arc(start, stop)
    t = np.linspace(start, stop, 7)
    # Both follow one satellite; the annotation's orbit is a restituted one, good to decimetres.
    assert np.linalg.norm(precise.position(t) - annotation.orbit.arc(start, stop).position(t), axis=1).max() < 0.5


def test_arc_velocity_is_the_derivative(simulated):
    product = open_product(next(simulated.glob("*.SAFE")))
    annotation = parse_annotation(product.read(product.annotation_members("VV")[0]), "iw2")
    arc = annotation.orbit.arc(annotation.start_s, annotation.stop_s)
    t, h = annotation.start_s + 1, 1e-2
    assert np.allclose((arc.position(t + h) - arc.position(t - h)) / (2 * h), arc.velocity(t), atol=1e-5)


def test_file_that_does_not_cover(simulated):
    path = next(simulated.glob("*.EOF"))
    with pytest.raises(
        OrbitError, match=r"E3003 .*\.EOF: state vectors .* do not cover the scene 2019-03-08.*cure: put"
    ):
        read_eof(path, "S1A", midnight("2019-03-08"), 40000, 40030)


def test_no_orbit_file(simulated, tmp_path):
    with pytest.raises(OrbitError, match=r"E3003 .*no orbit file \(\*.EOF\) for S1A"):
        choose_eof(tmp_path, "S1A", midnight("2019-03-06"), midnight("2019-03-06"))


def test_orbit_file_of_another_satellite_or_day(simulated):
    noon = np.datetime64("2019-03-06T12:00:00", "us")
    assert choose_eof(simulated, "S1A", noon, noon).suffix == ".EOF"
    with pytest.raises(OrbitError, match="does not cover S1B"):
        choose_eof(simulated, "S1B", noon, noon)
    with pytest.raises(OrbitError, match="does not cover S1A 2019-03-18"):
        choose_eof(simulated, "S1A", midnight("2019-03-18"), midnight("2019-03-18"))


def test_precise_orbit_comes_before_restituted(tmp_path):
    precise = "S1A_OPER_AUX_POEORB_OPOD_20190327T120617_V20190305T225942_20190307T005942.EOF"
    restituted = "S1A_OPER_AUX_RESORB_OPOD_20190306T140000_V20190306T100000_20190306T133000.EOF"
    for name in (restituted, precise):
        (tmp_path / name).touch()
    noon = np.datetime64("2019-03-06T12:00:00", "us")
    assert choose_eof(tmp_path, "S1A", noon, noon).name == precise
    (tmp_path / precise).unlink()
    assert choose_eof(tmp_path, "S1A", noon, noon).name == restituted


def test_text_that_is_no_orbit(tmp_path):
    path = tmp_path / "a.EOF"
    path.write_text("<html>moved</html>")
    other = tmp_path / "b.EOF"
    header = "<Mission>Sentinel-1A</Mission><Ref_Frame>EARTH_FIXED</Ref_Frame>"
    other.write_text(f"{header}<OSV><UTC>UTC=2020-13-01T00:00:00</UTC></OSV>")
    with pytest.raises(OrbitError, match="E3003 .*b.EOF: broken time"):
        read_eof(other, "S1A", midnight("2019-03-08"), 0, 30)
    with pytest.raises(OrbitError, match="E3003 .*a.EOF: holds no Earth-fixed state vectors"):
        read_eof(path, "S1A", midnight("2019-03-06"), 0, 1)


def test_vectors_off_a_smooth_orbit():
    from tests.support.interferograms import MID_S, orbit_over

    good = orbit_over(99.2, 29.0).state_vectors()
    bad = Orbit(
        good.epoch, good.time_s, good.position_m + np.eye(len(good.time_s), 3) * 5, good.velocity_m_s, "bad.EOF"
    )
    with pytest.raises(OrbitError, match="bad.EOF: state vectors leave a smooth orbit"):
        bad.cut(MID_S - 30, MID_S + 30, 100).arc(MID_S - 80, MID_S + 80)

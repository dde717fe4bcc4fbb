"""Annotations of old and new processors, held against their own geolocation grids."""

import numpy as np
import pytest
from defusedxml import ElementTree

from sarslide.errors import AnnotationError
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.geometry import earth_fixed, zero_doppler
from sarslide.sentinel1.safe import open_product

RANGE_M, AZIMUTH_S = 0.01, 1e-5  # what the grid must come back to
# IPF 002.36 wrote grids that its own orbit does not reproduce: a constant 150 microseconds (1 m)
# and 3 cm.
OLD_RANGE_M, OLD_AZIMUTH_S = 0.05, 2e-4


def grid_error(annotation) -> tuple[float, float]:
    """Largest difference of time (s) and range (m) between the grid and the annotation's own orbit."""
    grid = annotation.grid
    arc = annotation.orbit.arc(grid.time_s.min(), grid.time_s.max())
    time, distance = zero_doppler(arc, earth_fixed(grid.latitude, grid.longitude, grid.height_m))
    return float(np.abs(time - grid.time_s).max()), float(np.abs(distance - grid.range_m).max())


def test_grids_of_all_real_products_come_back(real_products):
    seen = 0
    for path in real_products:
        product = open_product(path)
        for member in (m for pol in ("VV", "VH") for m in product.annotation_members(pol)):
            annotation = parse_annotation(product.read(member), member)
            time, distance = grid_error(annotation)
            print(f"{product.mission} IPF {product.ipf_version} {member[11:22]} {time:.1e} s {distance:.5f} m")
            old = product.ipf_version == "002.36"
            assert time < (OLD_AZIMUTH_S if old else AZIMUTH_S), member
            assert distance < (OLD_RANGE_M if old else RANGE_M), member
            seen += 1
    assert seen == 20  # VV, and of 2020 VH too: VH of the pair of 2025 is not shipped


def test_grid_of_a_simulated_product_comes_back(simulated):
    product = open_product(next(simulated.glob("*.SAFE")))
    (member,) = product.annotation_members("VV")
    time, distance = grid_error(parse_annotation(product.read(member), member))
    assert time < AZIMUTH_S and distance < RANGE_M


def test_records_of_a_real_annotation(real_products):
    product = open_product(next(path for path in real_products if "20250406" in path.name))
    a = parse_annotation(product.read(product.annotation_members("VV")[1]), "iw2")
    assert (a.mission, a.swath, a.polarisation, a.orbit_pass, product.stack) == (
        "S1A",
        "IW2",
        "VV",
        "ASCENDING",
        "A108",
    )
    assert (len(a.bursts), a.lines_per_burst, a.samples_per_burst, a.absolute_orbit) == (9, 1513, 26395, 58630)
    assert str(a.epoch) == "2025-04-06T00:00:00.000000"
    # 02:20:10.390804, of which float seconds keep every microsecond.
    assert a.bursts[0].start_s == pytest.approx(8410.390804, abs=1e-9)
    assert a.wavelength_m == pytest.approx(0.05546576, abs=1e-8)
    assert a.range_band.bandwidth_hz == 48.3e6 and a.azimuth_band.window == 0.75


def test_old_fm_rates_are_read(real_products):
    product = open_product(next(path for path in real_products if "20141004" in path.name))
    a = parse_annotation(product.read(product.annotation_members("VV")[1]), "iw2")
    assert a.fm_rate.coefficients.shape[1] == 3 and -2300 < a.fm_rate.coefficients[0, 0] < -2100


@pytest.mark.parametrize(
    "record", ["orbitList", "azimuthFmRateList", "dcEstimateList", "burstList", "azimuthSteeringRate"]
)
def test_missing_record_is_named(simulated, record):
    product = open_product(next(simulated.glob("*.SAFE")))
    root = ElementTree.fromstring(product.read(product.annotation_members("VV")[0]))
    for parent in root.iter():
        for child in [c for c in parent if c.tag == record]:
            parent.remove(child)
    from xml.etree.ElementTree import tostring

    with pytest.raises(AnnotationError, match=f"E3002 iw2.xml: has no .*{record}"):
        parse_annotation(tostring(root), "iw2.xml")


def test_broken_xml():
    with pytest.raises(AnnotationError, match="E3002 a.xml: is no readable XML"):
        parse_annotation(b"<product><adsHeader>", "a.xml")

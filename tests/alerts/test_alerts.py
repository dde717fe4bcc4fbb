"""What is reported of a release, once; its CAP message against the data dictionary of the standard."""

import json
import re

import geopandas as gpd
import numpy as np
import pytest
from defusedxml import ElementTree
from pyproj import CRS
from shapely.geometry import MultiPolygon, shape

from sarslide.alerts import choice
from sarslide.errors import ReleaseError
from sarslide.schedule import run
from tests.inventory.conftest import cell_box
from tests.support.office import EPSG, NOTHING, Office, config, moving

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


def test_new_accelerating_and_seen_again_are_reported_once(office):
    office.release(1, moving(10), moving(50))
    assert office.report() == set()  # nothing is new in the first release
    office.release(2, moving(10), moving(50), moving(80))
    assert office.report() == {("new", "LS000003")}
    assert office.report() == {("new", "LS000003")}  # the same release again: the same files
    office.release(3, moving(10, -70), moving(50), moving(80))
    assert office.report() == {("accelerating", "LS000001")}
    office.release(4, moving(10, -70), moving(80), seen=NOTHING)
    assert office.report() == set()
    office.release(5, moving(10, -95), moving(50), moving(80))
    assert office.report() == {("seen again", "LS000002")}  # the first is reported as accelerating already
    reported = json.loads((office.results / "alerts/reported.json").read_text())["reported"]
    kinds = {kind: name for one in reported.values() for kind, name in one.items()}
    assert kinds == {"new": "20200201-00000002", "accelerating": "20200301-00000003", "seen again": office.last}


def test_a_series_that_bends_is_reported_even_in_the_first_release(office):
    office.release(1, moving(10, state="accelerating", state_track="A128"), moving(50, state="slowing"))
    assert office.report() == {("accelerating", "LS000001")}


def test_thresholds_hold_back_and_what_reaches_them_later_is_reported(office):
    office.release(1, moving(10))
    office.report()
    office.release(2, moving(10), moving(30, -15), moving(50, confidence="low"), moving(70))
    assert office.report(min_area_km2=0.1) == set()
    office.release(3, moving(10), moving(30, -22), moving(50, confidence="low"), moving(70))
    assert office.report() == {("new", "LS000002"), ("new", "LS000004")}
    office.release(4, moving(10), moving(30, -22), moving(50, confidence="medium"), moving(70))
    assert office.report() == {("new", "LS000003")}
    assert office.report(name="20200201-00000002") == set()  # all of them were reported of later releases


def test_releases_between_two_alerts_are_not_skipped(office):
    office.release(1, moving(10))
    office.report()
    office.release(2, moving(10), moving(50))
    office.release(3, moving(10), moving(50), moving(80))
    assert office.report() == {("new", "LS000002"), ("new", "LS000003")}


def test_a_split_and_a_part_are_no_news(office):
    office.release(1, moving(10))
    office.report()
    parts = [moving(10) | {"geometry": cell_box(10, 10, 4, 10)}, moving(10) | {"geometry": cell_box(15, 10, 5, 10)}]
    office.release(2, *parts)
    assert office.report() == set()


# The order and number of elements, and the words, of CAP 1.2 (OASIS Standard, 2010-07-01, section 3.2).
ALERT = "identifier sender sent status msgType source? scope restriction? addresses? code* note? references? incidents? info*"
INFO = (
    "language? category+ event responseType* urgency severity certainty audience? eventCode* effective? onset? expires?"
    " senderName? headline? description? instruction? web? contact? parameter* resource* area*"
)
AREA = "areaDesc polygon* circle* geocode* altitude? ceiling?"
WORDS = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}


def in_order(element, content):
    names = "".join(f"{child.tag.removeprefix(CAP)} " for child in element)
    pattern = "".join(f"(?:{name.rstrip('?*+')} ){name[len(name.rstrip('?*+')) :]}" for name in content.split())
    return re.fullmatch(pattern, names)


def test_the_files_say_the_same_and_the_message_is_cap(office):
    office.release(1, moving(10))
    office.report()
    two = MultiPolygon([cell_box(40, 10, 10, 10), cell_box(40, 30, 10, 10)])
    office.release(2, moving(10, -70), moving(40) | {"geometry": two, "area_km2": 0.18})
    office.report(sender="alerts@office.example")
    folder = office.results / "alerts" / office.last
    root = ElementTree.parse(folder / "alert.xml").getroot()
    assert root.tag == f"{CAP}alert" and in_order(root, ALERT)
    infos = root.findall(f"{CAP}info")
    assert len(infos) == 2 and all(in_order(info, INFO) for info in infos)
    assert all(in_order(area, AREA) for area in root.iter(f"{CAP}area"))
    for name, words in WORDS.items():
        assert {one.text for one in root.iter(CAP + name)} <= set(words.split())
    text = {child.tag.removeprefix(CAP): child.text for child in root}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-00:00", text["sent"])
    assert (text["sender"], text["status"], text["scope"]) == ("alerts@office.example", "Test", "Restricted")
    assert text["restriction"] and not re.search(r"[\s,<&]", text["identifier"] + text["sender"])
    rings = [one.text.split() for one in infos[0].iter(f"{CAP}polygon")]
    assert len(rings) == 2 and all(len(ring) >= 4 and ring[0] == ring[-1] for ring in rings)
    # GDAL reads the outlines where the region is: latitude first in CAP, longitude first in GeoJSON.
    frame = gpd.read_file(folder / "alert.geojson")
    assert frame.kind.tolist() == ["new", "accelerating"] and frame.crs == CRS.from_epsg(4326)
    assert frame.to_crs(EPSG).geometry[0].symmetric_difference(two).area < 1.0  # m2: 1e-9 degree and less
    lat, lon = map(float, rings[0][0].split(","))
    assert shape(frame.geometry[0]).distance(gpd.points_from_xy([lon], [lat])[0]) < 1e-6
    lines = (folder / "alert.txt").read_text().splitlines()
    assert lines[0] == f"valley, release {office.last} against 20200101-00000001: 1 new, 1 accelerating"
    assert lines[1].startswith("new: LS000002, 0.180 km2, 40 mm/yr along the line of sight, confidence high")
    assert lines[2].endswith("; from 40 to 70 mm/yr")


def test_a_hook_that_fails_leaves_the_alert_to_the_next_run(office, tmp_path):
    office.release(1, moving(10))
    office.report()
    office.release(2, moving(10), moving(50))
    order = run.ScheduledRun(tmp_path, config())
    summary = {"exit_code": 0, "release_after": office.last, "problems": []}
    first = run.alerts(order, summary)
    assert [one["kind"] for one in first["alerts"]["reported"]] == ["new"]
    assert run.alerts(order, summary) == first  # not marked: the hook failed
    run.mark_reported(order, summary | first)
    assert run.alerts(order, summary) == {}
    assert first["alerts"]["folder"] == f"results/valley/alerts/{office.last}"


def test_what_is_damaged_is_one_coded_line(office):
    office.release(1, moving(10))
    with pytest.raises(ReleaseError, match="has no release 20990101-00000000"):
        office.report(name="20990101-00000000")
    (office.results / "alerts").mkdir()
    (office.results / "alerts/reported.json").write_text('{"reported": []}')
    with pytest.raises(ReleaseError, match=r"E5002 .*reported.json.*; cure: restore"):
        office.report()


def test_a_lower_bound_is_a_speed_and_no_rate_is_none(office):
    bound = moving(10, -5.0) | {"los_rate_bound_mm_per_yr": 211.0, "ls_id": "LS000001"}
    assert choice.speed(bound) == 211.0
    unknown = moving(10, np.nan) | {"los_rate_by_track": "{}"}
    assert np.isnan(choice.speed(unknown | {"ls_id": "LS000001"}))
    office.release(1, moving(50))
    office.report()
    office.release(2, moving(50), unknown)
    assert office.report(mark=False) == set()
    assert office.report(min_rate_mm_per_yr=0) == {("new", "LS000002")}
    assert "no rate" in (office.results / "alerts" / office.last / "alert.txt").read_text()

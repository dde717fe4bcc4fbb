"""The repeat orbit against real orbits, annotations, scenes and listings that it was not made from."""

import json
import re

import numpy as np
import pytest
import yaml

from sarslide.catalog.ground_track import (
    MIDDLE_INCIDENCE_DEG,
    SWATH_DEG,
    Track,
    closest,
    states,
    tracks_over,
    view,
)
from sarslide.sentinel1.burst import ORBIT_S
from tests.support.real_scenes import read_scenes, valid_ranges

# Centres of real scenes as their annotations and manifests state them: longitude, latitude, incidence, track.
CENTRES = [
    ("British Columbia", -127.859, 52.036, 39.32, "A108"),
    ("Nevada", -116.990, 38.148, 39.64, "D071"),
    ("Hawaii", -153.679, 20.497, 39.59, "A051"),
    ("southern California, 2022", -117.553, 34.784, 39.40, "A064"),
    ("southern California, 2023", -117.932, 33.490, 39.24, "D071"),
    ("Terceira", -27.179, 38.944, 43.80, "D009"),
    ("Morocco", -9.467, 31.240, 39.79, "D052"),
]


def square(lon: float, lat: float, km: float = 10) -> list[tuple[float, float]]:
    """Corners of a square around a place, degree."""
    north = km / 2 / 111.2
    east = north / np.cos(np.radians(lat))
    return [(lon + x * east, lat + y * north) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def best(tracks: list[Track], orbit_pass: str) -> Track:
    return next(track for track in tracks if track.stack[0] == orbit_pass)


@pytest.mark.parametrize(("place", "lon", "lat", "incidence", "stack"), CENTRES)
def test_the_best_track_over_the_centre_of_a_real_scene_is_its_own(place, lon, lat, incidence, stack):
    track = best(tracks_over(square(lon, lat)), stack[0])
    assert (track.stack, track.share) == (stack, 1.0)
    assert track.incidence_deg == pytest.approx(incidence, abs=0.1)  # at sea level, real ground is up to 2 km high


def test_those_that_see_all_come_first_then_the_middle_of_the_swath_counts():
    tracks = tracks_over(square(-127.859, 52.036))
    assert [track.share for track in tracks] == sorted((track.share for track in tracks), reverse=True)
    whole = [abs(track.incidence_deg - MIDDLE_INCIDENCE_DEG) for track in tracks if track.share == 1]
    assert len(whole) >= 2 and whole == sorted(whole)


def test_the_number_changes_at_the_ascending_node():
    """Ascending south of the equator is the end of a revolution, whose number holds until the node."""
    for lat, after_node in ((30.0, True), (-30.0, False)):
        tracks = tracks_over(square(-71.0, lat))
        for track in tracks:
            time_s = view(track.stack, np.array([-71.0]), np.array([lat])).time_s[0]
            assert 0 <= time_s < ORBIT_S
            if track.stack[0] == "A":
                assert (time_s < ORBIT_S / 4) == after_node and (time_s > 3 * ORBIT_S / 4) != after_node
            else:
                assert abs(time_s - ORBIT_S / 2) < ORBIT_S / 4


def test_a_revolution_ends_where_the_next_begins():
    (end, v_end), (start, v_start) = states("A051", np.array([ORBIT_S])), states("A052", np.array([0.0]))
    assert np.abs(end - start).max() < 1e-3 and np.abs(v_end - v_start).max() < 1e-3
    assert np.abs(states("A175", np.array([ORBIT_S]))[0] - states("A001", np.array([0.0]))[0]).max() < 1e-3


def test_longitudes_may_run_past_180():
    one, other = tracks_over(square(180.02, 66)), tracks_over(square(-179.98, 66))
    assert [track.stack for track in one] == [track.stack for track in other] and len(one) > 4
    assert [track.share for track in one] == pytest.approx([track.share for track in other])


def test_what_lies_left_of_a_track_or_on_the_far_side_is_not_seen():
    time_s, angle = closest("A051", -153.679, 20.497)
    assert 0 < time_s < ORBIT_S / 4 and 0.04 < angle < 0.11
    for lon, lat in ((-165.0, 20.0), (26.0, -20.0)):
        looks = view("A051", np.array([lon]), np.array([lat]))
        assert np.isnan(looks.time_s).all() and not looks.seen.any()


def test_an_area_wider_than_a_swath_is_seen_in_part():
    tracks = tracks_over([(-120, 36), (-112, 36), (-112, 38), (-120, 38)])
    assert all(0 < track.share < 1 for track in tracks) and len(tracks) > 4


def test_north_of_the_last_latitude_tracks_still_see():
    found = tracks_over(square(20.0, 83.5))
    assert len(found) > 20 and all(track.stack[0] in "AD" for track in found)


def test_one_pass_has_two_numbers_where_it_crosses_the_node():
    """Ground 0.8 degrees north of the equator is seen on both sides of the ascending node."""
    found = {track.stack: track.share for track in tracks_over(square(-78.5, 0.8, km=30))}
    assert 0.2 < found["A120"] < 0.8 and found["A120"] + found["A121"] == pytest.approx(1)


def away_km(number: int, positions: np.ndarray) -> float:
    """Largest distance, on the ground, of positions (n, 3) from the track of a relative orbit."""
    line, along = states(f"A{number:03d}", np.arange(-60.0, ORBIT_S + 60))
    across = np.cross(line, along) / np.linalg.norm(np.cross(line, along), axis=1)[:, None]
    nearest = (positions @ line.T).argmax(axis=1)
    return float((6371 * np.abs((positions * across[nearest]).sum(-1)) / np.linalg.norm(positions, axis=1)).max())


def test_real_orbits_lie_on_the_ground_track(shipped_data):
    """Vectors of four files, 2014 to 2023: 0.07, 0.11, 0.30 and 0.25 km from the track of their orbit number."""
    files = [*(shipped_data / "orbits").glob("*.EOF"), *shipped_data.glob("sentinel1/slc_terceira/*.EOF")]
    assert len(files) == 4
    for path in files:
        numbers, position = _vectors(path)
        for number in np.unique(numbers):
            assert away_km((number - 73) % 175 + 1, position[numbers == number][::10]) < 0.35, path.name


def test_real_annotations_lie_on_the_ground_track(shipped_data):
    """Vectors of all scenes, 2014 to 2025."""
    for scene in read_scenes(shipped_data):
        for swath in scene.swaths:
            assert away_km(int(scene.stack[1:]), swath.orbit.position_m) < 0.35, scene.date


def test_the_orbit_number_of_real_vectors_sees_the_right_of_them(shipped_data):
    """All around two revolutions: ground 700 km to the right is seen by the number that the orbit file states."""
    for path in (shipped_data / "orbits").glob("*RESORB*2023*.EOF"):
        numbers, position = _vectors(path)
        step = np.gradient(position, axis=0)
        right = np.cross(step, position) / np.linalg.norm(np.cross(step, position), axis=1)[:, None]
        up = position / np.linalg.norm(position, axis=1)[:, None]
        ground = up * np.cos(0.078) + right * np.sin(0.078)  # 4.47 degrees away: the middle of the swath
        checked = set()
        for k in range(5, len(numbers) - 5, 83):
            lat = np.degrees(np.arctan(np.tan(np.arcsin(ground[k, 2])) / (1 - 0.00669438)))
            lon = np.degrees(np.arctan2(ground[k, 1], ground[k, 0]))
            if abs(lat) > 80 or abs(up[k, 2]) < 0.01:
                continue
            stack = f"{'A' if step[k, 2] > 0 else 'D'}{(numbers[k] - 73) % 175 + 1:03d}"
            track = best(tracks_over(square(lon, lat)), stack[0])
            if abs(lat) < 60:  # nearer the poles a neighbour may see it as well
                assert (track.stack, track.share) == (stack, 1.0)
                assert track.incidence_deg == pytest.approx(MIDDLE_INCIDENCE_DEG, abs=1.0)
            checked.add((stack[0], bool(lat > 0)))
        assert len(checked) == 4


def _vectors(path):
    """Absolute orbit numbers, (n,), and positions, (n, 3), m, of an EOF file."""
    text = path.read_text()
    position = [[float(value) for value in re.findall(rf"<{axis} [^>]*>([^<]+)", text)] for axis in "XYZ"]
    return np.array(re.findall(r"<Absolute_Orbit>([^<]+)", text), int), np.array(position).T


def test_manifests_state_the_number_of_their_absolute_orbit(shipped_data):
    """But for the one of 2014, of IPF 2.36, whose number is two higher than that of the ground it shows."""
    stated = {scene.date: (scene.stack, scene.stated) for scene in read_scenes(shipped_data)}
    assert stated.pop("20141004") == ("D152", "D154")
    assert all(one == other for one, other in stated.values())


def test_real_scenes_get_their_track(shipped_data):
    """Every scene: the square at its centre by its own track alone, its footprint by it as well as by any."""
    scenes = read_scenes(shipped_data)
    assert len({scene.place for scene in scenes}) == 7
    for scene in scenes:
        lon, lat, incidence = scene.centre()
        track = best(tracks_over(square(lon, lat)), scene.stack[0])
        assert (track.stack, track.share) == (scene.stack, 1.0), scene.date
        assert track.incidence_deg == pytest.approx(incidence, abs=0.1)
        footprint = best(tracks_over(scene.corners()), scene.stack[0])
        # Its tie points run over the valid samples by some kilometres.
        assert footprint.stack == scene.stack and footprint.share > 0.93, scene.date


def test_the_swath_is_that_of_real_annotations(shipped_data):
    """Edges: IW1's first and IW3's last valid sample of every burst; incidence, where tie points lie at the sea."""
    edges, incidence = {"IW1": [], "IW3": []}, []
    for scene in read_scenes(shipped_data):
        for swath in scene.swaths:
            grid = swath.grid
            low = grid.height_m < 50
            if low.any():
                looks = view(scene.stack, grid.longitude[low], grid.latitude[low])
                incidence.append(np.abs(looks.incidence_deg - grid.incidence_deg[low]).max())
            for row, first, last in valid_ranges(swath) if swath.swath in edges else ():
                looks = view(scene.stack, grid.longitude[row], grid.latitude[row])
                valid = first if swath.swath == "IW1" else last
                beam = np.polyfit(looks.range_m - valid, looks.beam_deg, 4)  # at sea level, as the edges are meant
                edges[swath.swath].append(beam[-1])
    assert len(edges["IW1"]) > 50 and len(edges["IW3"]) > 50
    assert np.abs(np.array(edges["IW1"]) - SWATH_DEG[0]).max() < 0.04
    assert np.abs(np.array(edges["IW3"]) - SWATH_DEG[1]).max() < 0.04
    assert len(incidence) >= 10 and max(incidence) < 0.06


@pytest.mark.parametrize(
    ("name", "scenes"), [("S1A_IW_SLC__1SSV_20160528T141908_20160528T141938_011460_011746_335C_stack", 176),
                         ("SLC_BURST_stack", 166), ("S1_baseline_stack", 4)]
)  # fmt: skip
def test_listed_scenes_are_seen_by_their_path(shipped_data, name, scenes):
    """Answers of ASF's search: each footprint by its path, as well as by any other of its pass."""
    listed = yaml.load((shipped_data / f"catalogue/{name}.yml").read_text(), yaml.CSafeLoader)
    listed = [item for item in listed if item["properties"]["beamModeType"] == "IW"]
    assert len(listed) == scenes
    for corners, stacks in _by_footprint(listed).items():
        (stack,) = stacks
        tracks = {track.stack: track.share for track in tracks_over(json.loads(corners)) if track.stack[0] == stack[0]}
        # Samples without data lie in the footprint, too.
        assert tracks[stack] > 0.93 and tracks[stack] > max(tracks.values()) - 0.05


def _by_footprint(listed: list[dict]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item in listed:
        facts = item["properties"]
        corners = json.dumps([[round(value, 1) for value in corner] for corner in item["geometry"]["coordinates"][0]])
        found.setdefault(corners, set()).add(f"{facts['flightDirection'][0]}{int(facts['pathNumber']):03d}")
    return found

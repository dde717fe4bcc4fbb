"""The scripts of the inventory on a region of four frames: against the same region as one frame, without
a frame, and with rates that are levelled.
"""

import re
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
from pyproj import CRS

from sarslide.config import load
from sarslide.errors import ConfigError
from sarslide.frames import Frame
from sarslide.grid import RegionGrid, window_of
from sarslide.inventory import records
from sarslide.inventory.attributes import LAYERS
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.content import values
from sarslide.inventory.fusion import LEVEL, fuse
from sarslide.inventory.observability import FrameStates, Observability, StatesByFrame
from sarslide.inventory.records import UID
from sarslide.inventory.seams import with_level
from sarslide.inventory.tables import CANDIDATES, OBJECTS, rows_of
from sarslide.io import raster, series, vector
from sarslide.io.sidecar import read_json, write_json
from sarslide.rates.levelling import Level, Levelling, Plane
from sarslide.report.summary import summary
from tests.inventory.conftest import GRID, cell_box, fused_row
from tests.inventory.test_scripts import RELEASE, RULES, STACKS, Named, ground, release_job, run_script

NEXT = "20200113-11111111"
MARGIN = 10  # cells
SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"


def four_frames() -> dict[str, Frame]:
    """Cores of 50 x 60 cells, each with a margin."""
    found = {}
    for i, top in enumerate((0, 50)):
        for j, left in enumerate((0, 60)):
            core = RegionGrid(GRID.epsg, GRID.west + 30.0 * left, GRID.north - 30.0 * top, 30.0, 50, 60)
            found[f"f{j}_{1 - i}"] = Frame(f"f{j}_{1 - i}", core, core.pad(30.0 * MARGIN))
    return found


FRAMES = four_frames()
VIEWS = {name: frame.within(GRID).to_dict() for name, frame in FRAMES.items()}
SEEN = {track: list(FRAMES) for track in STACKS}


def fused(folder: Path, left_out: tuple[str, ...] = (), levels: tuple[str, ...] = ()) -> Path:
    """Candidates of the frames as fused objects."""
    seen = {track: [name for name in FRAMES if name not in left_out] for track in STACKS}
    made = folder / f"without{'_'.join(left_out)}{len(levels)}"
    made.mkdir(exist_ok=True)
    candidates = [str(folder / track / name / "candidates.gpkg") for track in STACKS for name in seen[track]]
    run_script(
        "fuse", folder, {"candidates": candidates, "levels": list(levels)},
        {"candidates": str(made / "candidates.gpkg"), "sidecar": str(made / "candidates.json")},
        {"seen": seen, "frames": VIEWS, "overlap": 0.1, "code": ""} | RULES,
    )  # fmt: skip
    return made / "candidates.gpkg"


@pytest.fixture(scope="module")
def region(tmp_path_factory) -> Path:
    """Rasters of both tracks in four frames, the margins beyond the region filled with its edge."""
    folder = tmp_path_factory.mktemp("frames")
    wide = GRID.pad(30.0 * MARGIN)
    for track in STACKS:
        layers = ground(track)
        layers["pair_count"] = np.full(GRID.shape, 57)
        layers = {name: np.pad(layer, MARGIN, mode="edge") for name, layer in layers.items()}
        for name, frame in FRAMES.items():
            window = window_of(wide, frame.grid)
            paths = {layer: str(folder / track / name / f"{layer}.tif") for layer in (*LAYERS, "pair_count")}
            for layer, path in paths.items():
                raster.write(path, layers[layer][window], frame.grid, layer)
            run_script(
                "candidates", folder, {layer: paths[layer] for layer in LAYERS},
                {"candidates": str(folder / track / name / "candidates.gpkg"),
                 "sidecar": str(folder / track / name / "candidates.json")},
                {"grid": frame.grid.to_dict(), "region": GRID.to_dict(), "stack": track, "frame": name, "code": "",
                 "pairs": ["20191208_20200101"], "threshold": 0.5, "min_rate_mm_per_yr": 20.0} | RULES,
            )  # fmt: skip
    return folder


def job(region: Path, inventory: Path, name=RELEASE, left_out: tuple[str, ...] = ()):
    """What the release of the frames reads and writes."""
    inputs, outputs, params = release_job(region, inventory, name)
    seen = {track: [frame for frame in FRAMES if frame not in left_out] for track in STACKS}
    inputs |= {
        layer: [str(region / track / frame / f"{layer}.tif") for track in STACKS for frame in seen[track]]
        for layer in ("layover_shadow", "mean_coherence", "pair_count")
    }
    inputs |= {"candidates": str(fused(region, left_out))}
    return inputs, outputs, params | {"seen": seen, "frames": VIEWS, "without_frames": list(left_out)}


def table(inventory: Path, layer: str = "landslides") -> gpd.GeoDataFrame:
    return vector.read(records.folder_of(inventory / "release.json") / records.PACKAGE, layer)


def test_four_frames_release_the_objects_of_one(region, tmp_path):
    """Counts of `ground`; a landslide lies over the seam of the columns, the snow over both."""
    run_script("release", tmp_path, *job(region, tmp_path))
    manifest = records.named(tmp_path / "release.json")
    assert manifest.counts == {"landslides": 2, "masked": 1, "non_landslide_deformation": 1, "vanished": 0}
    assert manifest.without_frames == []
    landslides = table(tmp_path)
    assert [shape.equals(cell_box(10, left, 10, wide)) for shape, left, wide in
            zip(landslides.geometry, (10, 50), (10, 12), strict=True)] == [True, True]  # fmt: skip
    assert landslides.tracks.tolist() == ["A128+D062"] * 2
    assert table(tmp_path, "masked").geometry[0].equals(cell_box(42, 62, 10, 13))
    assert table(tmp_path, "masked").reason.tolist() == ["above_snowline"]
    assert landslides.parents[0] == "A128-f0_1-0001+D062-f0_1-0001"


def test_of_each_track_an_object_over_a_seam_counts_once(region):
    """The four areas of `ground` on either track; frames see those at their edges more than once."""
    areas = [cell_box(10, 10, 10, 10), cell_box(10, 50, 10, 12), cell_box(42, 62, 10, 13), cell_box(70, 10, 20, 20)]
    joined = vector.read(fused(region), "by_track")
    for track in STACKS:
        views = sum(len(vector.read(region / track / name / "candidates.gpkg", "candidates")) for name in FRAMES)
        found = list(joined[joined.track == track].geometry)
        assert len(found) == len(areas) < views
        assert all(any(shape.equals(area) for shape in found) for area in areas)


def test_without_a_frame_its_objects_have_not_vanished(region, tmp_path):
    """The second landslide has two of its twelve columns in the eastern frame of the north, which fails."""
    results, tmp_path = tmp_path, tmp_path / "inventory"
    run_script("release", tmp_path, *job(region, tmp_path))
    assert "incomplete" not in summary(results)
    before = table(tmp_path)
    left_out = ("f1_1",)
    run_script("release", tmp_path, *job(region, tmp_path, NEXT, left_out))
    manifest = records.named(tmp_path / "release.json")
    assert (manifest.release, manifest.without_frames) == (NEXT, ["f1_1"])
    assert "the release is incomplete: without f1_1" in (tmp_path / "release.log").read_text()
    assert "frames   incomplete, without f1_1" in summary(results).splitlines()
    changes = {change.ls_id: change.change for change in records.changes(records.folder_of(tmp_path / "release.json"))}
    after = table(tmp_path)
    assert after.ls_id.tolist() == before.ls_id.tolist() and after.uid.tolist() == before.uid.tolist()
    assert set(changes.values()) == {"persisting"}
    # The snow patch lies in it by half and is masked: it keeps its number.
    assert len(table(tmp_path, "masked")) == 1
    # With its western neighbour gone, too, the second one cannot be seen at all.
    run_script("release", tmp_path, *job(region, tmp_path, "20200125-22222222", ("f0_1", "f1_1")))
    found = records.changes(records.folder_of(tmp_path / "release.json"))
    assert {(one.ls_id, one.change, one.detail) for one in found if one.ls_id in set(before.ls_id)} == {
        (name, "not_observable", "frame left out") for name in before.ls_id
    }
    assert table(tmp_path).status.tolist() == ["not_observable"] * 2
    # And when they are back, all is as it was.
    run_script("release", tmp_path, *job(region, tmp_path, "20200206-33333333"))
    assert table(tmp_path).uid.tolist() == before.uid.tolist()
    assert table(tmp_path, "vanished").empty
    found = records.changes(records.folder_of(tmp_path / "release.json"))
    assert {one.change for one in found} == {"persisting"}


def test_a_cut_object_is_neither_grown_nor_shrunk_nor_vanished():
    left_out = [FRAMES["f1_1"].core]
    seen = Observability(GRID, {"A128": np.zeros(GRID.shape, np.uint8)}, None, left_out)
    first = update(InventoryState(), [fused_row(cell_box(10, 40, 10, 40)), fused_row(cell_box(60, 10, 10, 10))],
                   seen, {}, "20200101", ChangeRules())  # fmt: skip
    cut = [fused_row(cell_box(10, 40, 10, 30)), fused_row(cell_box(60, 10, 10, 10))]
    changes = update(first, cut, seen, {}, "20200113", ChangeRules()).changes
    assert [row["change"] for row in changes] == ["persisting", "persisting"]
    small = [fused_row(cell_box(10, 40, 10, 30), status="masked", reason="too_small", reasons="too_small")]
    second = update(first, small, seen, {}, "20200113", ChangeRules())
    assert [(row["change"], row["detail"]) for row in second.changes] == [
        ("not_observable", "frame left out"), ("vanished", "its ground is observed and shows no motion"),
    ]  # fmt: skip


def test_unknown_frames_and_all_of_them_are_refused():
    """`zhongxinrong` has 8 frames of 15 km, f33_215 to f34_218."""
    grid = {"region": "zhongxinrong", "grid": {"frame_km": 15}}
    load(grid | {"inventory": {"without_frames": ["f33_216"]}})
    everyone = [frame.name for frame in load(grid).grid.frames()]
    for names, found in ((["f33_999"], "names f33_999, no frame of this region"), (everyone, "names all frames")):
        with pytest.raises(ConfigError, match=rf"E1001 config: inventory.without_frames {found}.*; cure: "):
            load(grid | {"inventory": {"without_frames": names}})


def test_states_by_frame_are_those_of_the_region():
    """Random states of the region, read frame by frame with their margins; another track sees one frame."""
    whole = np.random.default_rng(3).integers(0, 5, GRID.shape).astype(np.uint8)
    asked: list[int] = []

    def reader(part: RegionGrid) -> np.ndarray:
        asked.append(part.rows * part.cols)
        return whole[window_of(GRID, part)]

    frames = [FrameStates(frame.core, reader) for frame in FRAMES.values()]
    shapes = [cell_box(30, 40, 40, 40), cell_box(0, 0, 3, 3), cell_box(49, 59, 2, 2)]
    for shape in shapes:
        by_frame = Observability(GRID, {"A128": StatesByFrame(GRID, frames)}, None)
        held = Observability(GRID, {"A128": whole}, None)
        assert by_frame.cause(shape, ["A128"], 0.0) == held.cause(shape, ["A128"], 0.0)
    assert max(asked) <= 20 * 20 and sum(asked) == 40 * 40 + 9 + 4
    one = Observability(GRID, {"A128": StatesByFrame(GRID, frames[:1])}, None)
    assert one.cause(cell_box(80, 80, 5, 5), ["A128"], 0.0) == "no_acquisition"


PLANES = {name: Plane(5.0 * k - 6.0, 0.5, -1.0, 2.0, GRID.west, GRID.north, 2000.0) for k, name in enumerate(FRAMES)}


def levels(path: Path, planes: dict[str, Plane]) -> tuple[str, ...]:
    """Levels of both tracks, the same."""
    made = []
    for track in STACKS:
        content = Levelling({name: Level(plane) for name, plane in planes.items()}).to_dict()
        made.append(str(path / f"{track}.levels.json"))
        write_json(made[-1], content)
    return tuple(made)


def test_rates_are_levelled_and_those_by_track_are_not(region, tmp_path):
    plain = rows_of(vector.read(fused(region), "candidates"), CANDIDATES | {"los_rate_by_track": str}, "plain")
    path = fused(region, levels=levels(tmp_path, PLANES))
    found = rows_of(vector.read(path, "candidates"), CANDIDATES | {"los_rate_by_track": str}, "levelled")
    assert [row["candidate_id"] for row in found] == [row["candidate_id"] for row in plain]
    for one, other in zip(plain, found, strict=True):
        assert one["los_rate_by_track"] == other["los_rate_by_track"]
        _, frame, _ = one["candidate_id"].split("-")
        plane, place = PLANES[frame], one["geometry"].centroid
        by_hand = plane.offset_mm_per_yr + 0.5 * (place.x - GRID.west) / 1e3 - 1.0 * (place.y - GRID.north) / 1e3
        by_hand += 2.0 * (one["elevation_mean_m"] - 2000.0) / 1e3
        for name in ("los_rate_mean_mm_per_yr", "los_rate_p95_mm_per_yr", "los_rate_max_mm_per_yr"):
            assert other[name] == pytest.approx(one[name] - by_hand, abs=1e-3)
        down = one["downslope_rate_mm_per_yr"] - by_hand / one["downslope_sensitivity"]
        assert other["downslope_rate_mm_per_yr"] == pytest.approx(down, abs=1e-2, nan_ok=True)


def test_other_levels_change_no_old_object(region, tmp_path):
    """A new neighbour changes what levelling takes off by 40 mm/yr: rates differ, no change is found."""
    inputs, outputs, params = job(region, tmp_path)
    run_script("release", tmp_path, inputs, outputs, params)
    before = table(tmp_path)
    raised = {name: Plane(plane.offset_mm_per_yr + 40.0) for name, plane in PLANES.items()}
    inputs |= {"candidates": str(fused(region, levels=levels(tmp_path, raised)))}
    run_script("release", tmp_path, inputs, outputs, params | {"release": NEXT})
    after = table(tmp_path)
    found = records.changes(records.folder_of(tmp_path / "release.json"))
    assert {one.change for one in found} == {"persisting"}
    assert all(one.los_rate_before_mm_per_yr == one.los_rate_after_mm_per_yr for one in found)
    assert after.los_rate_by_track.tolist() == before.los_rate_by_track.tolist()
    assert (after.los_rate_mean_mm_per_yr - before.los_rate_mean_mm_per_yr).abs().max() > 30


def test_a_region_of_one_frame_has_no_levels():
    row = fused_row(cell_box(10, 10, 5, 5)) | {"elevation_mean_m": 2000.0}
    (same,) = with_level([row], Plane(), CRS.from_epsg(GRID.epsg))
    assert same[LEVEL] == 0.0
    columns = {name: kind for name, kind in OBJECTS.items() if name in row}
    assert values(fuse([same], 0.1)[0], columns) == values(fuse([row], 0.1)[0], columns)


def test_every_object_and_change_has_a_uid_of_its_own(region, tmp_path):
    run_script("release", tmp_path, *job(region, tmp_path))
    layers = [table(tmp_path, layer) for layer in ("landslides", "non_landslide_deformation", "masked")]
    uids = [uid for layer in layers for uid in layer.uid]
    assert len(set(uids)) == len(uids) == 4 and all(re.fullmatch(UID, uid) for uid in uids)
    folder = records.folder_of(tmp_path / "release.json")
    known = dict(pair for layer in layers for pair in zip(layer.ls_id, layer.uid, strict=True))
    assert all(change.uid == known[change.ls_id] for change in records.changes(folder))
    assert gpd.read_parquet(folder / records.PARQUET).uid.tolist() == layers[0].uid.tolist()
    # Another region has the same numbers and other uids; so has one of the same name elsewhere.
    inputs, outputs, params = job(region, tmp_path / "other")
    run_script("release", tmp_path, inputs, outputs, params | {"region": "other"})
    other = table(tmp_path / "other")
    assert other.ls_id.tolist() == layers[0].ls_id.tolist() and not set(other.uid) & set(uids)
    assert records.named(outputs["release"]).content_hash == records.named(tmp_path / "release.json").content_hash


def run_series(source_file: Path, folder: Path, frame: Frame, timeseries: Path, out: Path) -> str:
    """The script `series` on the polygons of a file."""
    ground_layers = ("height_wgs84", "incidence_angle", "track_angle", "los_east", "los_north", "los_up")
    names = ("elevation_m", "incidence_deg", "heading_deg", "los_east", "los_north", "los_up")
    inputs = {"polygons": str(source_file), "timeseries": str(timeseries), "reference": str(folder / "reference.json")}
    write_json(inputs["reference"], {"cells": 1, "reason": "planted"})
    for key, layer in zip(ground_layers, names, strict=True):
        inputs[key] = str(folder / f"{frame.name}.{layer}.tif")
        raster.write(inputs[key], np.full(frame.grid.shape, 0.5), frame.grid, layer)
    job = SimpleNamespace(
        rule="series", wildcards=SimpleNamespace(source="polygons"), log=[str(folder / "series.log")],
        input=Named(inputs), output=Named({"table": str(out), "sidecar": str(out.with_suffix(".json"))}),
        params=Named({"frame": frame.to_dict(), "region": GRID.to_dict(), "pairs": [], "code": ""}),
    )  # fmt: skip
    path = SCRIPTS / "series.py"
    exec(compile(path.read_text(), str(path), "exec"), {"snakemake": job, "__name__": "__main__"})
    return str(out)


def test_series_of_frames_are_joined(tmp_path):
    """Each polygon is in one frame, with its cells there; dates of one frame are empty in the other."""
    shapes = [cell_box(5, 5, 4, 4), cell_box(20, 57, 4, 8), cell_box(70, 100, 4, 4)]
    vector.write(tmp_path / "mine.gpkg", gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=shapes, crs=GRID.epsg), "x")
    tables = {}
    for name, frame in FRAMES.items():
        dates = ["20200101", "20200113", "20200125"][: 3 if name == "f0_1" else 2]
        cube = np.broadcast_to(np.arange(len(dates), dtype=np.float32)[:, None, None], (len(dates), *frame.grid.shape))
        file = tmp_path / f"{name}.nc"
        with series.create(file, frame.grid, dates) as put:
            put(slice(0, frame.grid.rows), slice(0, frame.grid.cols), cube * (1 + len(dates)))
        tables[name] = run_series(tmp_path / "mine.gpkg", tmp_path, frame, file, tmp_path / f"{name}.csv")
    run_script(
        "join_series", tmp_path, {"tables": list(tables.values())},
        {"table": str(tmp_path / "all.csv"), "sidecar": str(tmp_path / "all.json")},
        {"frames": list(tables), "code": ""},
    )  # fmt: skip
    lines = (tmp_path / "all.csv").read_text().splitlines()
    header, rows = (
        lines[0].split(","),
        [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]],
    )
    assert header[:2] == ["pid", "frame"] and header[-3:] == ["20200101", "20200113", "20200125"]
    assert [(row["pid"], row["frame"], row["cells"]) for row in rows] == [
        ("a", "f0_1", "16"), ("b", "f1_1", "32"), ("c", "f1_0", "16"),
    ]  # fmt: skip
    assert [(row["20200113"], row["20200125"]) for row in rows] == [("4.00", "8.00"), ("3.00", ""), ("3.00", "")]
    assert read_json(tmp_path / "f1_1.json")["polygons"] == 1

"""Releases on disk: the same bytes, never twice, consistent after any kill; the vector files."""

import json
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from contextlib import closing
from pathlib import Path
from typing import get_args

import geopandas as gpd
import pytest
from shapely.affinity import translate
from shapely.geometry import MultiPolygon

from sarslide.errors import LockError, ReleaseError, VectorError
from sarslide.inventory import records, release
from sarslide.inventory.changes import LAYERS, ChangeRules, InventoryState, update
from sarslide.inventory.content import content_hash
from sarslide.inventory.tables import CHANGES, OBJECTS, rows_of, typed
from sarslide.io import atomic, fence, vector
from sarslide.io.hashes import sha256
from tests.inventory.conftest import cell_box, fused_row

CRS = "EPSG:32647"
ID, NEXT = "20200101-0123abcd", "20200113-4567cdef"
ABOUT = {"region": "test", "parameters": {"threshold": 0.5}}


@pytest.fixture
def releases(tmp_path):
    folder = tmp_path / "inventory" / "releases"
    release.repair(folder)
    return folder


def inventory(seen, count=3, previous=None, date="20200101"):
    objects = [fused_row(cell_box(5 + 20 * k, 10, 10, 10 + k)) for k in range(count)]
    objects.append(fused_row(cell_box(5, 60, 10, 10), status="masked", reason="above_snowline"))
    return update(previous or InventoryState(), objects, seen, {}, date, ChangeRules())


def publish(releases, content, name=ID, parent=""):
    return release.publish(releases, name, parent, content, ABOUT, CRS)


def ids(releases):
    return [row.id for row in records.listed(releases)]


def edit(path, content):
    """Change a file of a release as somebody does who owns it."""
    path.chmod(0o644)
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)


def test_release_folder_is_complete_and_checked(releases, all_seen):
    manifest = publish(releases, inventory(all_seen))
    folder = releases / ID
    assert sorted(path.name for path in folder.iterdir()) == [
        "CHANGES.csv", "MANIFEST.json", "landslides.gpkg", "landslides.parquet",
    ]  # fmt: skip
    assert release.check(folder) == manifest
    assert manifest.counts == {"landslides": 3, "masked": 1, "non_landslide_deformation": 0, "vanished": 0}
    assert (releases / "INDEX.csv").read_text() == f"sequence,id,parent\n1,{ID},\n"
    lines = (folder / "CHANGES.csv").read_text().splitlines()
    assert lines[0] == ",".join(CHANGES)
    assert len(lines) == 4
    assert records.Pointer.to(manifest).path == f"releases/{ID}"


def test_layers_come_back_as_they_were_written(releases, all_seen):
    content = inventory(all_seen)
    publish(releases, content)
    previous = release.predecessor(releases, NEXT, CRS)
    assert previous.release == ID
    assert previous.inventory.next_number == content.next_number
    assert content_hash(previous.inventory.layers, []) == content_hash(content.layers, [])


def test_geopackage_has_styles_and_parquet_the_same_landslides(releases, all_seen):
    publish(releases, inventory(all_seen))
    with closing(sqlite3.connect(releases / ID / "landslides.gpkg")) as database:
        styles = database.execute("select f_table_name, styleQML, styleSLD, useAsDefault from layer_styles").fetchall()
    assert [row[0] for row in styles] == list(LAYERS)
    for _, qml, sld, default in styles:
        assert default == 1
        assert ElementTree.fromstring(sld).tag.endswith("StyledLayerDescriptor")
        assert ElementTree.fromstring(qml.split(">", 1)[1]).tag == "qgis"
    parquet = gpd.read_parquet(releases / ID / "landslides.parquet")
    package = vector.read(releases / ID / "landslides.gpkg", "landslides")
    assert parquet.crs == package.crs
    assert parquet.ls_id.tolist() == package.ls_id.tolist() == ["LS000001", "LS000002", "LS000003"]
    assert list(parquet.columns) == [*OBJECTS, "geometry"]


def test_same_content_is_written_once(releases, all_seen):
    first = publish(releases, inventory(all_seen))
    before = {path: path.stat().st_mtime_ns for path in releases.rglob("*")}
    assert publish(releases, inventory(all_seen)) == first
    assert {path: path.stat().st_mtime_ns for path in releases.rglob("*")} == before


def test_same_id_with_other_content_becomes_the_second(releases, all_seen, caplog):
    publish(releases, inventory(all_seen))
    second = publish(releases, inventory(all_seen, 2))
    assert second.release == f"{ID}-2"
    assert "other content" in second.model_extra["reason"]
    assert "exists with other content" in caplog.text
    assert ids(releases) == [ID, f"{ID}-2"]
    assert publish(releases, inventory(all_seen, 2)).release == f"{ID}-2"


def test_predecessor_is_the_last_that_is_not_mine(releases, all_seen):
    assert release.predecessor(releases, ID, CRS).release == ""
    first = inventory(all_seen)
    publish(releases, first)
    publish(releases, inventory(all_seen, 3, first, "20200113"), NEXT, ID)
    assert release.predecessor(releases, NEXT, CRS).release == ID
    assert release.predecessor(releases, ID, CRS).release == NEXT
    publish(releases, inventory(all_seen, 2), NEXT, ID)  # NEXT-2 is mine too
    assert release.predecessor(releases, NEXT, CRS).release == ID


def test_bytes_are_the_same_in_another_process_and_at_another_time(tmp_path):
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from tests.inventory.test_release import inventory, publish\n"
        "from tests.inventory.conftest import GRID\n"
        "from sarslide.inventory import release; from sarslide.inventory.observability import Observability\n"
        "folder = Path(sys.argv[1]); release.repair(folder)\n"
        "publish(folder, inventory(Observability(GRID, {'A128': np.zeros(GRID.shape, np.uint8)}, 4100.0)))\n"
    )
    digests = []
    for k in range(2):
        subprocess.run([sys.executable, "-c", script, str(tmp_path / str(k))], check=True)
        digests.append({path.name: sha256(path) for path in (tmp_path / str(k) / ID).iterdir()})
    assert digests[0] == digests[1]


def test_content_hash_ignores_row_order_and_sees_a_millimetre(all_seen):
    content = inventory(all_seen)
    digest = content_hash(content.layers, content.changes)
    shuffled = {name: rows[::-1] for name, rows in reversed(content.layers.items())}
    assert content_hash(shuffled, content.changes[::-1]) == digest
    row, *others = content.layers["landslides"]

    def with_first(**changes):
        return content_hash({**content.layers, "landslides": [row | changes, *others]}, content.changes)

    assert with_first(geometry=translate(row["geometry"], 1e-4)) == digest
    assert with_first(geometry=translate(row["geometry"], 2e-3)) != digest
    assert with_first(los_rate_mean_mm_per_yr=-40.0 * (1 + 1e-9)) == digest
    assert with_first(los_rate_mean_mm_per_yr=-40.0 * (1 + 1e-4)) != digest


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


@pytest.mark.parametrize(
    "step", ["release._write_files", "release.write_json", "atomic.rename", "records.protect", "records.write_index"]
)
def test_a_kill_between_any_two_steps_is_repaired_by_the_rerun(releases, all_seen, monkeypatch, step):
    first = inventory(all_seen)
    publish(releases, first)
    module, name = step.split(".")
    target = {"release": release, "atomic": atomic, "records": records}[module]

    def kill(*_, **__):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(target, name, kill)
        publish(releases, inventory(all_seen, 2, first, "20200113"), NEXT, ID)
    # Nothing that looks complete is not.
    for folder in releases.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            release.check(folder)
    release.repair(releases)
    previous = release.predecessor(releases, NEXT, CRS)
    assert previous.release == ID
    rerun = publish(releases, inventory(all_seen, 2, previous.inventory, "20200113"), NEXT, previous.release)
    assert rerun.release == NEXT
    assert ids(releases) == [ID, NEXT]
    assert sorted(path.name for path in releases.iterdir()) == [ID, NEXT, "INDEX.csv"]
    assert (rerun.sequence, rerun.parent) == (2, ID)


def test_a_release_without_its_line_is_adopted_before_another_follows(releases, all_seen, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(records, "write_index", lambda *_: (_ for _ in ()).throw(Killed()))
        publish(releases, inventory(all_seen))
    assert ids(releases) == []
    release.repair(releases)
    assert ids(releases) == [ID]
    assert release.predecessor(releases, NEXT, CRS).release == ID


def test_a_lost_index_is_rebuilt(releases, all_seen):
    first = inventory(all_seen)
    publish(releases, first)
    publish(releases, inventory(all_seen, 2, first, "20200113"), NEXT, ID)
    text = (releases / "INDEX.csv").read_text()
    (releases / "INDEX.csv").unlink()
    release.repair(releases)
    assert (releases / "INDEX.csv").read_text() == text


def test_edited_release_is_refused(releases, all_seen):
    publish(releases, inventory(all_seen))
    edit(releases / ID / "CHANGES.csv", "by hand")
    with pytest.raises(ReleaseError, match="CHANGES.csv: was changed after its release"):
        release.predecessor(releases, NEXT, CRS)


@pytest.mark.parametrize("name", [".git", ".partial-x", ".notes.0123abcd.1.part", ".INDEX.csv", ".~lock.INDEX.csv#"])
def test_hidden_files_that_are_not_ours_stay(releases, name):
    (releases / name).mkdir()
    (releases / name / "kept").write_text("mine")
    release.repair(releases)
    assert (releases / name / "kept").read_text() == "mine"


def test_unfinished_files_of_ours_go(releases):
    """Those that a run leaves now, and those that version 0.1.0 left."""
    for folder in (
        fence.unfinished(releases / ID),
        fence.unfinished(releases / f"{ID}-2"),
        releases / f".partial-{ID}",
    ):
        folder.mkdir()
    for file in (fence.unfinished(releases / "INDEX.csv"), releases / ".INDEX.123.part.csv"):
        file.write_text("sequence,id")
    release.repair(releases)
    assert not list(releases.iterdir())


def test_a_new_run_sweeps_an_unfinished_release(releases, tmp_path, monkeypatch):
    monkeypatch.setenv(fence.VARIABLE, "0123abcd")
    (tmp_path / "results").mkdir()
    unfinished = fence.unfinished(tmp_path / "results" / ID)
    unfinished.mkdir()
    fence._sweep(tmp_path / "results", "89abcdef")
    assert not unfinished.exists()


def test_an_orphan_publishes_nothing(releases, all_seen, tmp_path, monkeypatch):
    """A job whose run is no longer the newest: no release, no line, no pointer."""
    monkeypatch.setattr(fence, "_folder", tmp_path)
    monkeypatch.setenv(fence.VARIABLE, "0123abcd")
    (tmp_path / fence.RECORD).write_text("89abcdef")
    with pytest.raises(LockError, match="a newer run has begun"):
        publish(releases, inventory(all_seen))
    assert not list(releases.iterdir())


def test_a_folder_without_a_manifest_is_refused(releases, all_seen):
    (releases / ID).mkdir()
    with pytest.raises(ReleaseError, match=f"{ID}/MANIFEST.json: does not exist; cure: restore the folder"):
        publish(releases, inventory(all_seen))


def test_a_release_is_read_only(releases, all_seen):
    publish(releases, inventory(all_seen))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (releases / ID, *(releases / ID).iterdir())}
    assert not [name for name, mode in modes.items() if mode & 0o222]
    (releases / ID).chmod(0o755)  # as releases of older versions are
    release.repair(releases)
    assert stat.S_IMODE((releases / ID).stat().st_mode) & 0o222 == 0
    records.unprotect(releases)
    shutil.rmtree(releases)


def test_manifest_has_no_path_and_no_time(releases, all_seen, tmp_path):
    publish(releases, inventory(all_seen))
    text = (releases / ID / "MANIFEST.json").read_text()
    assert str(tmp_path) not in text
    assert json.loads(text)["parameters"] == {"threshold": 0.5}


def test_parts_of_a_multipolygon_layer_come_back_as_polygons(tmp_path):
    both = MultiPolygon([cell_box(0, 0, 2, 2), cell_box(5, 5, 2, 2)])
    columns = {"name": str}
    frame = typed([{"name": "a", "geometry": cell_box(0, 0, 2, 2)}, {"name": "b", "geometry": both}], columns, CRS)
    vector.write(tmp_path / "x.gpkg", frame, "x")
    kinds = [row["geometry"].geom_type for row in rows_of(vector.read(tmp_path / "x.gpkg", "x"), columns, "x.gpkg")]
    assert kinds == ["Polygon", "MultiPolygon"]


def test_missing_column_is_named(tmp_path):
    frame = typed([{"name": "a", "geometry": cell_box(0, 0, 2, 2)}], {"name": str}, CRS)
    with pytest.raises(VectorError, match="x.gpkg: no column other"):
        rows_of(frame, {"name": str, "other": float}, "x.gpkg")


DATES = {"A128": ["20200101", "20200113"], "D062": ["20200107"]}


def publish_dates(releases, content, name, dates):
    return release.publish(releases, name, "", content, ABOUT | {"dates": dates}, CRS)


@pytest.mark.parametrize(
    "dates",
    [{"A128": ["20200101"], "D062": ["20200107"]}, {"A128": ["20200101", "20200113"], "D062": ["20200101"]}],
)
def test_a_release_never_goes_back_in_time(releases, all_seen, dates):
    publish_dates(releases, inventory(all_seen), NEXT, DATES)
    with pytest.raises(
        ReleaseError, match=rf"E5002 .*dates of .* end on 20200101, .* {NEXT} on .*inventory.allow_older"
    ):
        records.refuse_older(releases, ID, dates)


@pytest.mark.parametrize(
    "dates",
    [
        DATES,
        DATES | {"A128": ["20200113"]},  # an acquisition withdrawn in the middle
        {"A128": DATES["A128"]},  # a track left out
        {"A128": ["20200101", "20200125"], "D062": ["20200107"]},
    ],
)
def test_dates_that_do_not_end_earlier_may_be_released(releases, all_seen, dates):
    records.refuse_older(releases, ID, dates)
    publish_dates(releases, inventory(all_seen), NEXT, DATES)
    records.refuse_older(releases, ID, dates)
    records.refuse_older(releases, NEXT, {"A128": ["20190101"]})  # the same release once more


def two_releases(releases, seen):
    first = inventory(seen)
    records.write_pointer(releases.parent / "current.json", publish(releases, first))
    made = publish(releases, inventory(seen, 2, first, "20200113"), NEXT, ID)
    for name in ("current.json", "release.json"):
        records.write_pointer(releases.parent / name, made)
    return made


@pytest.mark.parametrize("content", [b"", b"{", b"[]", "{}".encode("utf-16"), None])
def test_a_lost_pointer_is_written_again(releases, all_seen, caplog, content):
    made, pointer = two_releases(releases, all_seen), releases.parent / "current.json"
    text = pointer.read_bytes()
    for path in (pointer, releases.parent / "release.json"):
        path.unlink()
    if content is not None:
        pointer.write_bytes(content)
    assert records.current(releases.parent) == made
    assert "current.json: " in caplog.text and f"; taking {NEXT}" in caplog.text
    records.restore(releases.parent)
    assert pointer.read_bytes() == text


def test_the_pointer_to_an_earlier_release_stays(releases, all_seen):
    """As after a threshold was set and set back: the earlier release is the current one again."""
    two_releases(releases, all_seen)
    records.write_pointer(releases.parent / "current.json", records.manifest(releases / ID))
    records.restore(releases.parent)
    assert records.current(releases.parent).release == ID


def test_a_newest_release_that_is_gone_is_made_again(releases, all_seen, caplog):
    two_releases(releases, all_seen)
    records.unprotect(releases)
    shutil.rmtree(releases / NEXT)
    assert records.current(releases.parent).release == ID
    assert f"names release {NEXT}, which is not there; taking {ID}" in caplog.text
    records.restore(releases.parent)
    assert records.named(releases.parent / "current.json").release == ID
    assert not (releases.parent / "release.json").exists()  # so that the job runs again
    assert release.predecessor(releases, NEXT, CRS).release == ID


def test_nothing_is_restored_before_the_first_release(tmp_path):
    records.restore(tmp_path)
    assert not list(tmp_path.iterdir()) and records.current(tmp_path) is None


def test_a_damaged_release_is_named(releases, all_seen, caplog):
    """The newest one stops all; an older one is a warning."""
    made = two_releases(releases, all_seen)
    edit(releases / ID / "MANIFEST.json", b"")
    assert records.current(releases.parent) == made
    assert [row.id for row in records.index(releases)] == [ID, NEXT]
    assert f"damaged release: {releases / ID}/MANIFEST.json: is no JSON" in caplog.text
    edit(releases / NEXT / "MANIFEST.json", b"")
    for read in (records.current, records.restore):
        with pytest.raises(ReleaseError, match=f"{NEXT}/MANIFEST.json: is no JSON .*cure: restore the folder"):
            read(releases.parent)


def test_an_index_is_rebuilt_in_the_order_of_the_releases(releases, all_seen):
    two_releases(releases, all_seen)
    text = (releases / "INDEX.csv").read_text()
    for content in (text[:-5], text.replace("2,", "x,"), "", text.splitlines(keepends=True)[0]):
        (releases / "INDEX.csv").write_text(content)
        release.repair(releases)
        assert (releases / "INDEX.csv").read_text() == text


def test_a_gone_release_keeps_its_line(releases, all_seen):
    two_releases(releases, all_seen)
    records.unprotect(releases)
    shutil.rmtree(releases / ID)
    release.repair(releases)
    assert ids(releases) == [ID, NEXT]


@pytest.mark.parametrize("number", [1, 3])
def test_a_number_is_never_given_twice(releases, all_seen, number):
    """A manifest of a version without a hash of its own, whose next number was changed."""
    publish(releases, inventory(all_seen))
    path = releases / ID / "MANIFEST.json"
    content = json.loads(path.read_text()) | {"next_number": number}
    del content[records.OWN_HASH]
    edit(path, json.dumps(content))
    with pytest.raises(ReleaseError, match=f"next_number = {number}, though there is number 4"):
        release.predecessor(releases, NEXT, CRS)


def test_kinds_of_changes_are_those_of_the_page():
    page = (Path(__file__).parents[2] / "docs/reference/outputs.md").read_text()
    (listed,) = re.findall(r"CHANGES.csv` \| one row per object and change: ([a-z_, ]+) \|", page)
    assert tuple(listed.split(", ")) == get_args(records.Kind)

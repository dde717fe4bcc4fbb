"""Results of commit af6a4ef go on: its real release, in a folder with the files that its demo left.

`tests/data/format1/inventory` is that demo's inventory as it was written; `files.txt` lists
`results/valley` of the same run.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sarslide.config import load
from sarslide.errors import FormatError, OutputError, ReleaseError
from sarslide.inventory import release
from sarslide.inventory.changes import RELEASED, ChangeRules, known_ids, update
from sarslide.inventory.observability import Observability
from sarslide.inventory.tables import FUSED, rows_of
from sarslide.io import vector
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import read_json
from sarslide.workflow import migration
from tests.workflow.conftest import REPOSITORY

DATA = Path(__file__).parents[1] / "data/format1"
CRS = "EPSG:32647"
KEPT = ("inventory/", "report/")  # what stays where it is


@pytest.fixture
def results(tmp_path) -> Path:
    """`results/valley` as that version left it; rasters hold their own name."""
    folder = tmp_path / "results/valley"
    shutil.copytree(DATA / "inventory", folder / "inventory")
    for name in (DATA / "files.txt").read_text().split():
        if not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
    return folder


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256(path) for path in folder.rglob("*") if path.is_file()}


def take_over(results: Path) -> migration.Migration:
    planned = migration.plan(results, CRS)
    migration.carry_out(planned)
    return planned


def migrated(before: dict[str, str]) -> dict[str, str]:
    """What the folder must hold afterwards, beside the record."""
    return {name if name.startswith(KEPT) else f"superseded/{name}": digest for name, digest in before.items()}


def test_the_inventory_stays_and_the_rest_is_moved(results):
    before = tree(results)
    planned = take_over(results)
    after = tree(results)
    assert after.pop(migration.RECORD) and (results / migration.RECORD).read_text() == "2\n"
    assert after == migrated(before)
    assert planned.found == 1
    assert planned.releases == (read_json(DATA / "inventory/current.json")["release"],)


def test_no_old_path_is_one_of_the_new_version(results):
    """Whatever the older version left of rasters is out of the way of the present paths."""
    take_over(results)
    left = [path.relative_to(results).parts[0] for path in results.rglob("*.tif")]
    assert set(left) == {"superseded"}


def test_the_next_release_keeps_every_id(results):
    """The same objects again, as the older version found them: no id is new, none is lost."""
    take_over(results)
    folder = results / "inventory"
    found = vector.read(folder / "candidates.gpkg", "candidates")
    before = release.predecessor(folder / "releases", "20991231-00000000", found.crs)
    objects = rows_of(found, FUSED, "candidates.gpkg")
    unseen = Observability(load({"region": "valley"}).grid.region_grid(), {}, 9000.0)  # asked for lost objects only
    following = update(before.inventory, objects, unseen, {}, "20991231", ChangeRules())
    assert before.release == read_json(folder / "current.json")["release"]
    assert known_ids(following) == known_ids(before.inventory)
    assert {row["change"] for row in following.changes} == {"persisting"}
    shown = [row for layer in RELEASED for row in before.inventory.layers[layer]]
    assert len(following.changes) == len(shown) > 20


def test_a_second_call_does_nothing(results):
    take_over(results)
    after = tree(results)
    assert take_over(results).parts == ()
    assert tree(results) == after


def test_a_dry_run_changes_nothing(results):
    before = tree(results)
    planned = migration.plan(results, CRS)
    assert planned.parts and tree(results) == before


def test_a_run_stops_before_its_graph_until_they_are_taken_over(results):
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--snakefile", REPOSITORY / "Snakefile"]
    command += ["--directory", results.parents[1], "--quiet", "rules", "--config", "region=valley"]
    stopped = subprocess.run(command, capture_output=True, text=True)
    assert stopped.returncode != 0 and "Job stats" not in stopped.stdout + stopped.stderr
    coded = [line for line in stopped.stderr.splitlines() if line.startswith("E1010 results/valley: has format 1")]
    assert len(coded) == 1 and "cure: `sarslide migrate valley`" in coded[0]
    take_over(results)
    planned = subprocess.run(command, capture_output=True, text=True)
    assert planned.returncode == 0 and "Job stats" in planned.stdout + planned.stderr


KILLED = """
import os, signal, sys
from pathlib import Path
from sarslide.workflow import migration
planned = migration.plan(Path(sys.argv[1]), "EPSG:32647")
calls, rename = iter(range(1000)), os.replace
def killed(*names):
    if next(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    rename(*names)
os.rename = os.replace = killed
migration.carry_out(planned)
"""


@pytest.mark.parametrize("moment", ["first", "second", "last move", "record"])
def test_killed_at_any_moment_it_goes_on(results, moment):
    before = tree(results)
    moves = len(migration.plan(results, CRS).parts)
    number = {"first": 0, "second": 1, "last move": moves - 1, "record": moves}[moment]
    code = subprocess.run([sys.executable, "-c", KILLED, results, str(number)]).returncode
    assert code == -signal.SIGKILL
    if moment == "record":
        migration.check_format(results)  # nothing is left to move: a run may start, and records the format
    else:
        with pytest.raises(FormatError, match="sarslide migrate valley"):
            migration.check_format(results)
    take_over(results)
    after = {name: digest for name, digest in tree(results).items() if not name.endswith(".part")}
    assert after.pop(migration.RECORD)
    assert after == migrated(before)


def test_a_changed_release_stops_it_before_anything_moves(results):
    name = read_json(results / "inventory/current.json")["release"]
    (results / f"inventory/releases/{name}/CHANGES.csv").write_text("edited")
    before = tree(results)
    with pytest.raises(ReleaseError, match=r"CHANGES\.csv"):
        migration.plan(results, CRS)
    assert tree(results) == before


def test_another_crs_stops_it(results):
    with pytest.raises(ReleaseError, match="CRS"):
        migration.plan(results, "EPSG:32648")


def test_a_newer_format_is_refused_by_all(results):
    (results / migration.RECORD).write_text("3\n")
    for refused in (lambda: migration.check_format(results), lambda: migration.plan(results, CRS)):
        with pytest.raises(FormatError, match="newer version.*cure: install"):
            refused()


@pytest.mark.parametrize("text", ["", "two", "-1", "0", "2.0", "\x00\xff"])
def test_a_record_that_is_no_number_is_refused(tmp_path, text):
    (tmp_path / "inventory").mkdir()
    (tmp_path / migration.RECORD).write_text(text)
    with pytest.raises(FormatError, match="E1010"):
        migration.check_format(tmp_path)


def test_a_folder_of_the_present_layout_needs_nothing(tmp_path):
    """Frames, a folder of the user's own beside them, and hidden files are no older format."""
    for name in ("A128/f0/native/ifg", "A128/my_notes", "terrain/f0", "benchmarks/fuse", "training/unet"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "terrain/.DS_Store").touch()
    migration.check_format(tmp_path)
    assert migration.plan(tmp_path, CRS).parts == ()


def test_frames_beside_older_files_stay(results):
    """A run of a version between the two has added its frames to the older folder."""
    (results / "A128/f0/native").mkdir(parents=True)
    (results / "A128/f0/native/new.tif").write_text("new")
    (results / "terrain/f0").mkdir()
    take_over(results)
    assert (results / "A128/f0/native/new.tif").is_file() and (results / "terrain/f0").is_dir()
    assert (results / "superseded/A128/native").is_dir()


def test_no_results_are_told(tmp_path):
    with pytest.raises(FormatError, match="holds no results"):
        migration.plan(tmp_path / "results/valley", CRS)


def test_what_was_moved_before_is_not_overwritten(results):
    take_over(results)
    (results / migration.RECORD).unlink()
    (results / "A128/native").mkdir()
    with pytest.raises(FormatError, match="superseded/A128/native: is there already"):
        migration.plan(results, CRS)


def test_a_part_that_cannot_be_moved_is_told(results, monkeypatch):
    planned = migration.plan(results, CRS)

    def other_disk(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "rename", other_disk)
    with pytest.raises(OutputError, match="benchmarks: cannot be moved.*cross-device"):
        migration.carry_out(planned)
    assert not (results / migration.RECORD).exists()


def test_what_was_moved_can_be_deleted(results):
    before = tree(results)
    take_over(results)
    for _ in range(2):
        migration.remove_superseded(results)
    after = tree(results)
    after.pop(migration.RECORD)
    assert after == {name: digest for name, digest in before.items() if name.startswith(KEPT)}

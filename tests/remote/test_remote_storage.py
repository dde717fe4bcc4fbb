"""Remote storage: what a user owns and the inventory stay here, the rest may lie in S3; the whole run on request."""

import importlib.util
import re
import shutil

import pytest

from tests.remote import run
from tests.workflow.conftest import REPOSITORY

RULES = "".join(path.read_text() for path in sorted((REPOSITORY / "rules").rglob("*.smk")))


def test_the_inventory_stays_on_this_machine():
    """Releases are folders beside release.json which no rule declares: as an object of a store it would lose them."""
    assert RULES.count("records.MADE") == 1 and "release.json" not in RULES
    assert 'RELEASED = local(f"{RESULTS}/inventory/{records.MADE}")' in RULES


def test_the_pointer_is_no_output_of_a_rule():
    """Snakemake removes the outputs of a job that fails: the last release would be lost with its pointer."""
    assert "current.json" not in re.sub(r"#.*", "", RULES) and "records.POINTER" not in RULES


def test_the_scene_table_stays_on_this_machine():
    """It is read before any job, when nothing has been brought from a store."""
    assert 'local(update(f"{RESOURCES}/scenes.csv"))' in RULES and 'local(update(f"{RESOURCES}/coverage.csv"))' in RULES


@pytest.mark.parametrize(
    "file",
    [
        "[own(path) for path in or_exit(lambda: NETWORK.main.own_weights)]",
        "own(or_exit(lambda: LEARNT.label_file))",
        "[own(path) for path in or_exit(GRAPH.review)]",
        "own(or_exit(lambda: resolve(CONFIG.grid.dem)))",
        "own(or_exit(lambda: GRAPH.series_polygons(wildcards.source)))",
    ],
)
def test_files_of_the_user_stay_on_this_machine(file):
    assert file in re.sub(r"(?<=\() | (?=\))", "", re.sub(r"\s+", " ", RULES))


@pytest.mark.full
def test_a_run_in_s3_gives_the_local_files(tmp_path):
    if not importlib.util.find_spec("snakemake_storage_plugin_s3"):
        pytest.skip("snakemake-storage-plugin-s3 is not installed")
    if not shutil.which(run.SERVER):
        pytest.skip(f"{run.SERVER} is not on PATH")
    outcome = run.compare(tmp_path, run.REDUCED)
    assert outcome["same"] and outcome["second_run"] == "nothing to be done", outcome
    assert not [path for path in outcome["on_this_machine"] if path.endswith(".tif")]

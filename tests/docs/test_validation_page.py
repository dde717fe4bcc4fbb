"""docs/reference/validation.md says what studies/records/validation.json says, and names commands that exist."""

import json
from pathlib import Path

from studies.tables import as_markdown

REPOSITORY = Path(__file__).resolve().parents[2]

TABLES = json.loads((REPOSITORY / "studies/records/validation.json").read_text())


def test_every_table_names_a_script_that_exists_and_is_rectangular():
    for table in TABLES.values():
        modules = [word for word in table["command"].split() if word.startswith("studies.")]
        assert modules
        assert all((REPOSITORY / module.replace(".", "/")).with_suffix(".py").is_file() for module in modules)
        assert all(len(row) == len(table["columns"]) for row in table["rows"])


def test_rows_that_were_not_run_are_named_in_one_line():
    rows = [["unet", "cpu", 1.5], ["vcnn", "cuda", "not run"], ["unet", "cuda", "not run"], ["segnet", "cpu", None]]
    table = {"title": "T", "command": "c", "columns": ["network", "device", "km2/s"], "rows": rows, "notes": "N."}
    lines = as_markdown(table)
    assert [line for line in lines if line.startswith("| ")][2:] == ["| unet | cpu | 1.5 |", "| segnet | cpu | – |"]
    assert lines[-5:] == ["", "Not run: vcnn, unet (cuda).", "", "N.", ""]
    table["rows"] = [["onnx", "not run", 3.0], ["unet", 1.5, "not run"]]  # something of them was run
    assert not any(line.startswith("Not run") for line in as_markdown(table))

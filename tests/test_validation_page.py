"""docs/validation.md says what docs/validation.json says, and names commands that exist."""

import json
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))

from tables import page  # noqa: E402

TABLES = json.loads((REPOSITORY / "docs" / "validation.json").read_text())


def test_the_page_is_the_json():
    assert (REPOSITORY / "docs" / "validation.md").read_text() == page(TABLES)


def test_every_table_names_a_script_that_exists_and_is_rectangular():
    for table in TABLES.values():
        scripts = [word for word in table["command"].split() if word.endswith(".py")]
        assert scripts
        assert all((REPOSITORY / script).is_file() for script in scripts)
        assert all(len(row) == len(table["columns"]) for row in table["rows"])

"""The record of the door: rows are replaced by their name, side by side without loss."""

import json
from concurrent.futures import ProcessPoolExecutor

from studies.door import put, row


def _put(folder, what, measured):
    put([row(what, measured, "python -m x")], folder / "door.json", folder / "door.md")


def test_a_row_replaces_the_one_of_its_name_where_it_stands(tmp_path):
    for what, measured in (("a", 1), ("b", 2), ("a", 3)):
        _put(tmp_path, what, measured)
    rows = json.loads((tmp_path / "door.json").read_text())
    assert [(each["what"], each["measured"]) for each in rows] == [("a", 3), ("b", 2)]
    assert (tmp_path / "door.md").read_text().count("| `python -m x` |") == 2


def test_studies_side_by_side_lose_no_row(tmp_path):
    names = [f"row {k}" for k in range(12)]
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(_put, [tmp_path] * 12, names, range(12)))
    assert sorted(each["what"] for each in json.loads((tmp_path / "door.json").read_text())) == sorted(names)

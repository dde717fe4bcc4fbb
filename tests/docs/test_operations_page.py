"""docs/reference/operations.md says what studies/records/operations.json says."""

import json
from pathlib import Path

import pytest
from studies.operations import page, replay

REPOSITORY = Path(__file__).resolve().parents[2]

CONTENT = json.loads((REPOSITORY / "studies/records/operations.json").read_text())
TEXT = (REPOSITORY / "docs/reference/operations.md").read_text()


def test_another_number_is_another_page():
    changed = json.loads(json.dumps(CONTENT))
    changed["faults"][0]["user_sees"] = "something else | with a bar"
    assert "something else \\| with a bar" in page(TEXT, changed) != TEXT


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match="the marks of faults"):
        page(TEXT.replace("<!-- faults -->", ""), CONTENT)


def test_an_arrival_is_a_line():
    same = dict.fromkeys(("objects", "other", "matched", "attributes_equal", "first_seen_earlier", "kept"), 5)
    row = {
        "clock": "2019-05-01", "track": "A128", "date": "20190411", "kills": 2, "jobs": {"interferogram": 2, "release": 1},
        "seconds": 61.2, "cpu_s": 80.0, "release": "20190411-aaaaaaaa", "counts": {"landslides": 7},
        "changes": {"new": 1, "persisting": 6}, "waiting": 1,
    }  # fmt: skip
    content = {
        "command": "python x", "dates": 4, "tracks": ["A128"], "cells": 12000, "cores": 2, "kills": 2, "seed": 7,
        "arrivals": [row], "at_once": {"jobs": 30, "seconds": 100.0},
        "same": same | {"ids_one_to_one": True, "differ": {"los_rate_std_mm_per_yr": 1}},
    }  # fmt: skip
    lines = replay(content)
    wanted = "| 2019-05-01 | A128 20190411 | 2 | 3: 2 interferogram | 61 | 80 | 20190411-aaaaaaaa | 7 | 1 new, 6 persisting | 1 |"
    assert wanted in lines and lines[-1] == "Attributes that differ: los_rate_std_mm_per_yr (1)."

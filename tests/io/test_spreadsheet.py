"""Text of others in tables is no formula, and comes back as it was."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sarslide.inventory.release import changes_csv
from sarslide.inventory.tables import CHANGES
from sarslide.io.spreadsheet import neutral, original

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(\"http://a\")", "＝1", "'=1", "''=1")  # fmt: skip


@given(st.text())
@example("'=1")
def test_text_comes_back(text):
    cell = neutral(text)
    assert original(cell) == text
    assert cell[:1] not in "=+-@\t\r\n＝＋－＠" or not cell


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_text(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "sure", "a=b", "12", "'tis snow"])
def test_other_text_is_left_alone(text):
    assert neutral(text) == original(text) == text


def test_a_comment_of_the_reviewer_is_no_formula_in_the_changes():
    change = {name: -1.5 if kind is float else "x" for name, kind in CHANGES.items()} | {"detail": "=cmd|'/c calc'!A1"}
    (row,) = csv.DictReader(io.StringIO(changes_csv([change])))
    assert row["detail"] == "'=cmd|'/c calc'!A1" and row["area_before_km2"] == "-1.5"

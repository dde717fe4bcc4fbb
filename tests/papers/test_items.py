"""Every item of the papers has a row, with a line that is there and a test that exists."""

import ast

import pytest
from studies.papers import takeback
from studies.papers.items import COUNTED, LATER, REPOSITORY, Item, items

from tests.docs.texts import NO_IDS, ROW


def test_every_item_of_the_page_has_a_row():
    """131 are those of the audit: A01 to H03, the figures, J01 to J10."""
    page = (REPOSITORY / "docs/papers.md").read_text().partition("## What is here")[0]
    wanted = {*ROW.findall(page), "I"} - NO_IDS
    assert set(items()) == wanted
    assert len(set(items()) - set(LATER)) == COUNTED


@pytest.mark.parametrize(("key", "item"), items().items(), ids=list(items()))
def test_the_line_is_there_once_and_the_test_exists(key, item):
    text = (REPOSITORY / item.file).read_text()
    assert text.count(item.line) == 1 and item.instead != item.line
    path, _, node = item.test.partition("::")
    names = {each.name for each in ast.parse((REPOSITORY / path).read_text()).body if isinstance(each, ast.FunctionDef)}
    assert node.partition("[")[0] in names


def test_a_partial_item_says_what_is_lacking():
    row = {"file": "a", "line": "b", "instead": "", "test": "c"}
    with pytest.raises(ValueError, match="names what is lacking"):
        Item(**row, state="partial")
    with pytest.raises(ValueError, match="names what is lacking"):
        Item(**row, lacks="time")


def test_a_line_is_taken_back_and_put_back(tmp_path):
    """A test that needs the line fails; one that does not is reported, and so is a line that stands twice."""
    (tmp_path / "code_of_item.py").write_text("ONE = 1\nTWO = 2\nTWICE = 2\n")
    (tmp_path / "test_code.py").write_text(
        "import code_of_item\n\ndef test_one():\n    assert code_of_item.ONE == 1\n\ndef test_nothing():\n    pass\n"
    )
    rows = {"file": "code_of_item.py", "instead": "ONE = 7", "line": "ONE = 1"}
    assert takeback.taken_back(tmp_path, Item(**rows, test="test_code.py::test_one"))[0]
    assert not takeback.taken_back(tmp_path, Item(**rows, test="test_code.py::test_nothing"))[0]
    fails, problem = takeback.taken_back(tmp_path, Item(**(rows | {"line": "= 2"}), test="test_code.py::test_one"))
    assert not fails and problem == "the line stands 2 times in code_of_item.py"
    assert (tmp_path / "code_of_item.py").read_text().startswith("ONE = 1\n")

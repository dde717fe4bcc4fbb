"""What the recipes of docs/howto/ ask for is there: rule files and scripts of every row, and the files they name."""

import re

import pytest

from sarslide.insar.engines import ENGINES
from sarslide.rates.methods import DELIVERED, METHODS
from tests.docs.texts import REPOSITORY


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda row: row.name)
def test_a_rate_method_is_complete(method):
    # Delivered rates are made by a rule of their engine.
    assert (REPOSITORY / f"rules/rates/{method.name}.smk").is_file() != (method.name == DELIVERED)
    assert_known(method)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=lambda row: row.name)
def test_an_engine_is_complete(engine):
    assert (REPOSITORY / f"rules/engines/{engine.name}.smk").is_file()
    assert all((REPOSITORY / f"rules/sources/{source}.smk").is_file() for source in engine.sources)
    assert_known(engine)


def assert_known(row) -> None:
    """The rules of a row have scripts."""
    assert not [rule for rule in row.rules if not (REPOSITORY / f"workflow_scripts/{rule}.py").is_file()]


def test_files_that_the_recipes_name_exist():
    recipes = [*(REPOSITORY / "docs/howto").glob("add-*.md"), REPOSITORY / "CONTRIBUTING.md"]
    text = "\n".join(path.read_text() for path in recipes)
    named = re.findall(r"`((?:src|rules|tests|workflow_scripts|studies)/[\w/.]*)`", text)
    assert len(named) > 20
    assert not [name for name in named if "NAME" not in name and not (REPOSITORY / name).exists()]

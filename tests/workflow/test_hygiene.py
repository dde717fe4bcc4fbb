"""One word finds a rule's script, log, benchmark and fingerprint; environments cover the imports.

Scripts start light, and the list of slow tests names files that exist.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from sarslide.workflow.fingerprint import _module_path
from tests.conftest import QUICK, SLOW
from tests.support import environments
from tests.support.environments import REPOSITORY, RULES

SCRIPTS = sorted((REPOSITORY / "workflow_scripts").glob("*.py"))
# What a job would pay for at its start: imported inside the functions that need it.
HEAVY = {"geopandas", "matplotlib", "pandas", "skimage", "sklearn", "torch", "torchvision", "xarray", "xdem"}


@pytest.mark.parametrize("word", sorted(RULES))
def test_one_word_finds_everything(word):
    block = RULES[word]
    assert f"workflow_scripts/{word}.py" in block
    assert (REPOSITORY / "workflow_scripts" / f"{word}.py").is_file()
    assert f'code("{word}")' in block
    # A benchmark is a file that is made: a rule without outputs has none.
    for section in ("log", "benchmark") if "output:" in block else ("log",):
        path = re.search(rf"^\s*{section}:\s*f?\"([^\"]+)\"", block, flags=re.M).group(1)
        assert word in path, f"{section} of {word}: {path}"
    assert re.search(r"conda:\s*\"(\.\./)+envs/\w+\.yaml\"", block)
    assert "mem_mb" in block or word == "update_catalog"
    assert "run:" not in block and "temp(" not in block


def test_the_slow_tests_are_where_the_list_says():
    assert all((REPOSITORY / "tests" / path).exists() for path in SLOW | QUICK)


def test_every_script_has_a_rule():
    assert {path.stem for path in SCRIPTS} == set(RULES)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_read_params_and_have_a_docstring(script):
    text = script.read_text()
    assert "snakemake.config" not in text
    assert ast.get_docstring(ast.parse(text)), "the docstring lists inputs, outputs, units and signs"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_starts_without_heavy_libraries(script):
    assert not imported_at_start(script) & HEAVY


def imported_at_start(script: Path) -> set[str]:
    """Top-level names of all that is imported before the script's first line of work."""
    seen, todo, found = {script}, [script], set()
    while todo:
        for name in _at_module_level(todo.pop()):
            found.add(name.split(".")[0])
            path = _module_path(name) if name.split(".")[0] in environments.OWN else None
            if path and path not in seen:
                seen.add(path)
                todo.append(path)
    return found


@cache
def _at_module_level(path: Path) -> frozenset[str]:
    """Modules, and names that may be modules, that a file imports outside functions."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module}, (f"{node.module}.{alias.name}" for alias in node.names))
    return frozenset(names | {name.rpartition(".")[0] for name in names if "." in name})


@pytest.mark.parametrize("word", sorted(RULES))
def test_the_environment_covers_the_imports(word):
    environment = environments.of_rule(word)
    lacking = environments.needed(word) - environments.listed(environment)
    assert not lacking, f"{environment} lacks {sorted(lacking)}"

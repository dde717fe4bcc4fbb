"""Which packages of the learning part may import which: data run one way, from networks to scores."""

import ast
from pathlib import Path

import pytest

import sarslide

SOURCE = Path(sarslide.__file__).parent
PARTS = ("models", "dataset", "segment", "training", "evaluate")
ALLOWED = {
    "models": {"dataset"},  # a card states channels and normalisation
    "dataset": set(),
    "segment": {"models", "dataset"},
    "evaluate": {"dataset", "segment"},
    "training": {"models", "dataset", "segment", "evaluate"},
}


def imported(package):
    """Parts that the modules of a package import, anywhere in their bodies."""
    for path in (SOURCE / package).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sarslide"):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                yield from {name.split(".")[1] for name in names if name.count(".")}


@pytest.mark.parametrize("package", PARTS)
def test_a_package_imports_only_what_lies_before_it(package):
    assert set(imported(package)).intersection(PARTS) - {package} <= ALLOWED[package]

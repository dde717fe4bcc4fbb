"""How the packages lie to each other, read from the source without importing it."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = {"sarslide": REPOSITORY / "src", "sarsim": REPOSITORY / "src", "studies": REPOSITORY}


def modules(package: str) -> dict[str, Path]:
    """Module name -> file, of a package."""
    root = FOLDERS[package]
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run: what only a type checker reads is left out."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from nodes(child)


def imports(path: Path, known: set[str], walk: Callable[[ast.AST], Iterator[ast.AST]] = nodes) -> set[str]:
    """Modules of `known` that a file imports, at its head or inside its functions."""
    found = set()
    for node in walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            # A module that is imported from its package is what is used; a name makes the package itself used.
            found.update(names & known)
            if names - known:
                found.add(node.module)
    return found & known


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """One circle of each module that lies on one, as the way round."""
    found, done = [], set()

    def visit(module: str, way: list[str]) -> None:
        if module in way:
            found.append([*way[way.index(module) :], module])
        elif module not in done:
            for other in sorted(graph[module]):
                visit(other, [*way, module])
            done.add(module)

    for module in sorted(graph):
        visit(module, [])
    return found


@pytest.mark.parametrize(("package", "others"), [("sarslide", {"sarsim", "studies"}), ("sarsim", {"studies"})])
def test_a_package_knows_nothing_of_those_above_it(package, others):
    known = {module for other in others for module in modules(other)}
    found = {name: imports(path, known, ast.walk) for name, path in modules(package).items()}
    assert not {name: above for name, above in found.items() if above}


@pytest.mark.parametrize("package", ["sarslide", "sarsim", "studies"])
def test_no_modules_import_each_other_in_a_circle(package):
    own = modules(package)
    assert not circles({name: imports(path, set(own)) - {name} for name, path in own.items()})


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"]]

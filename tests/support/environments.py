"""What the rules' scripts import, and what the files of envs/ offer them.

Needs nothing but the standard library and sarslide.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path

from sarslide.workflow.fingerprint import _module_path

REPOSITORY = Path(__file__).parents[2]
CONDA_NAMES = {
    "pystac_client": "pystac-client",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "torch": "pytorch",
    "pydantic_core": "pydantic",
    "whirlwind": "whirlwind-insar",
}
OWN = {"sarslide", "sarsim", "studies"}
STANDARD = set(sys.stdlib_module_names)


def rules() -> dict[str, str]:
    """Text of every rule with a script, by the rule's word; `use rule` adds none."""
    found = {}
    for path in sorted((REPOSITORY / "rules").rglob("*.smk")):
        for block in re.split(r"^\s*(?:use )?rule\b", path.read_text(), flags=re.M)[1:]:
            name = re.match(r"\s*(\w+):|:\s*name:\s*f?\"(\w+?)_?\{", block)
            if name and "script:" in block:
                found[(name.group(1) or name.group(2)).rstrip("_")] = block
    return found


RULES = rules()


@cache
def modules(path: Path) -> frozenset[str]:
    """Modules, and names that may be modules, that a file imports anywhere when it runs."""
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(path.read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update({node.module}, (f"{node.module}.{alias.name}" for alias in node.names))
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            todo.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def of_rule(word: str) -> str:
    """File name of a rule's environment."""
    return re.search(r"envs/(\w+\.yaml)", RULES[word]).group(1)


def imported(word: str) -> set[str]:
    """Top-level third-party packages that a rule's script and the modules below it import."""
    script = REPOSITORY / "workflow_scripts" / f"{word}.py"
    seen, todo, found = {script}, [script], set()
    while todo:
        for name in modules(todo.pop()):
            top = name.split(".")[0]
            path = _module_path(name) if top in OWN else None
            if path and path not in seen:
                seen.add(path)
                todo.append(path)
            found.add(top)
    return found - STANDARD - OWN


def needed(word: str) -> set[str]:
    """The same by the names of conda-forge."""
    return {CONDA_NAMES.get(name, name) for name in imported(word)}


def imported_in(environment: str) -> set[str]:
    """Packages that the rules of an environment import."""
    return {name for word in RULES if of_rule(word) == environment for name in imported(word)}


def versions(environment: str) -> dict[str, str]:
    """Package -> what follows its name (`=2.4`, `==0.4.1`, or nothing), packages of pip as well."""
    lines = (REPOSITORY / "envs" / environment).read_text().partition("dependencies:")[2].splitlines()
    entries = [
        re.fullmatch(r"\s*- ([\w.-]+) ?([=<>][^ ]*)?", line) for line in lines if not line.strip().startswith("#")
    ]
    return {entry.group(1): entry.group(2) or "" for entry in entries if entry}


def listed(environment: str) -> set[str]:
    """Packages of an environment."""
    return set(versions(environment))

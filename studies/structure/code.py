"""Modules, floors and import circles of the packages, and the words of their texts, now and before.

    python -m studies.structure.code --before CHECKOUT

Read from source, nothing is imported. A module stands one floor above the highest that it imports;
imports inside functions count. Commands and scripts of `studies` are measured as far as they are
packages.
"""

import argparse
import ast
import re
from pathlib import Path

import networkx
from tests.docs.texts import ABSENT, ID, NO_IDS, ROW, texts
from tests.test_layout import imports as imports_of

from studies.structure.records import REPOSITORY, publish, row

COMMAND = "python -m studies.structure.code --before CHECKOUT"
# Words that were replaced by the field's own, as identifiers, keys, file names and in messages.
OLD_WORDS = re.compile(
    r"\btold_\w+|\"told\"|\bsaid\.py|\bsays: |\bsaid\b(?=[ ]*[=(.:])"
    r"|\bpatiently\b|\bpatience\.py\b|\bPassing\b|\bhopeless\b|\bHOPELESS\b|\bask_json\b|\bROOMS?\b"
    r"|\b(?:LEAST|FEWEST|MOST)_[A-Z]+|\bSETTLED\b|\bsettled_?\w*|\bForeign\w*|\bforeign\b"
    r"|\bDelivered\(|\bclass Delivered\b|\bWanted\b|\barrived\(|\bthe one who labelled\b"
    r"|\bhang together\b|\bcannot be had\b|what one track says"
)


def modules(checkout: Path) -> dict[str, Path]:
    """Source of every module of the importable packages, by name; an empty `__init__` is none."""
    found = {}
    for path in sorted((checkout / "src").rglob("*.py")):
        parts = path.relative_to(checkout / "src").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if ast.parse(path.read_text()).body:
            found[name] = path
    return found


def imports(checkout: Path) -> networkx.DiGraph:
    """Module -> the modules of ours that it imports."""
    known = modules(checkout)
    graph = networkx.DiGraph()
    graph.add_nodes_from(known)
    for name, path in known.items():
        graph.add_edges_from((name, other) for other in imports_of(path, set(known), ast.walk) if other != name)
    # A package whose `__init__` hands names on is imported with each of its modules: that is no
    # dependence.
    graph.remove_edges_from([(a, b) for a, b in graph.edges if a.startswith(f"{b}.")])
    return graph


def floors(graph: networkx.DiGraph) -> int:
    """Modules of the longest chain of imports, each circle counted as one."""
    return networkx.dag_longest_path_length(networkx.condensation(graph)) + 1


def circles(graph: networkx.DiGraph) -> list[list[str]]:
    """Groups of modules that import each other."""
    return [sorted(group) for group in networkx.strongly_connected_components(graph) if len(group) > 1]


def outward(graph: networkx.DiGraph) -> list[str]:
    """Imports of the simulator or of studies by the library, wherever they lay."""
    outside = ("sarsim", "studies", "sarslide.simulate", "sarslide.benchmark")

    def beyond(name: str) -> bool:
        return name.startswith(outside)

    return sorted(f"{a} -> {b}" for a, b in graph.edges if not beyond(a) and beyond(b) and a.startswith("sarslide"))


def without_row(checkout: Path) -> list[str]:
    """Ids of the papers' items that no row of docs/papers.md explains."""
    page = checkout / "docs/papers.md"
    rows = set(ROW.findall(page.read_text())) if page.is_file() else set()
    used = {word for _, text in texts(checkout) for word in ID.findall(text)}
    return sorted(used - rows - NO_IDS)


def counted(checkout: Path, pattern: re.Pattern, *left_out: str) -> list[str]:
    """`path: text` of each match, but for files with the pattern itself and for the history."""
    no = {"CHANGELOG.md", "studies/structure/code.py", "tests/docs/texts.py", *left_out}
    return [
        f"{path}: {match[0]}"
        for path, text in texts(checkout)
        if str(path) not in no
        for match in pattern.finditer(text)
    ]


def main() -> None:
    """Measure both checkouts, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="checkout of the earlier state")
    parser.add_argument("--show", action="store_true", help="print every match of what should be none")
    chosen = parser.parse_args()
    now, then = imports(REPOSITORY), imports(chosen.before)
    rows = [
        row("modules (rooms)", len(now), COMMAND, before=len(then)),
        row("floors", floors(now), COMMAND, before=floors(then)),
    ]
    none = {
        "import circles": (circles(now), circles(then)),
        "imports of the simulator or of studies by sarslide": (outward(now), outward(then)),
        "ids of the papers' items without a row in docs/papers.md": (
            without_row(REPOSITORY),
            without_row(chosen.before),
        ),
        "mentions of documents that a reader does not have": (
            counted(REPOSITORY, ABSENT),
            counted(chosen.before, ABSENT),
        ),
        "words that the field does not use (list in the study)": (
            counted(REPOSITORY, OLD_WORDS, "docs/glossary.md"),
            counted(chosen.before, OLD_WORDS),
        ),
    }
    for what, (ours, theirs) in none.items():
        rows.append(row(what, len(ours), COMMAND, "none", not ours, len(theirs)))
        if chosen.show:
            print(*ours, sep="\n")
    publish(rows)


if __name__ == "__main__":
    main()

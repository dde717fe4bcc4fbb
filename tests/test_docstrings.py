"""Public definitions of sarslide have the sections of numpydoc that their signatures ask for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "sarslide"
MODULES = sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))
# Called by pydantic or a type checker, never by a reader.
NOT_CALLED = {"overload", "model_validator", "field_validator"}
# Commands: each option carries its help, and the docstring is the text of --help.
COMMANDS = re.compile(r"\b(Annotated|Region|Values|Files|Folder)\b")
SECTION = re.compile(r"^(\w[\w ]*)\n(-{3,})\n", flags=re.M)
TITLES = {
    "Attributes", "Examples", "Methods", "Notes", "Parameters", "Raises", "References", "Returns", "See Also", "Warns", "Yields",
}  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_signatures_are_documented(module):
    lacking = list(complaints(ast.parse((SOURCE / module).read_text())))
    assert not lacking, "\n".join(lacking)


def complaints(tree: ast.Module) -> Iterator[str]:
    """What the public definitions of a module lack, one line each."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _public(node):
            yield from _of_function(node, own=0)
        elif isinstance(node, ast.ClassDef) and _public(node):
            yield from _of_class(node)


def sections(node: ast.FunctionDef | ast.ClassDef) -> dict[str, str]:
    """Title -> text of the sections of a docstring."""
    text = (ast.get_docstring(node) or "") + "\n"
    found = list(SECTION.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {match[1]: text[match.end() : end] for match, end in zip(found, ends, strict=False)}


def named(section: str) -> set[str]:
    """Names that a section describes: `a, b : array` describes two, `*rest` is `rest`."""
    heads = [line.partition(" :")[0] for line in section.splitlines() if line and not line.startswith(" ")]
    return {name.strip().lstrip("*") for head in heads for name in head.split(",")}


def _of_class(node: ast.ClassDef) -> Iterator[str]:
    yield from _of_any(node)
    described = sections(node)
    fields = {each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and _is_field(each)}
    parts = {ast.unparse(part) for part in (*node.bases, *node.decorator_list)}
    record = any(part.startswith(("dataclass", "NamedTuple", "TypedDict")) for part in parts)
    documented = named(described.get("Attributes", "")) | named(described.get("Parameters", ""))
    if record and fields - documented:
        yield f"{node.name}: Attributes lack {sorted(fields - documented)}"
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            own_parameters = named(sections(each).get("Parameters", ""))
            yield from _of_parameters(node, each, documented | own_parameters, own=1)
        elif isinstance(each, ast.FunctionDef) and _public(each):
            decorators = {ast.unparse(one).partition("(")[0] for one in each.decorator_list}
            yield from _of_function(each, own=0 if "staticmethod" in decorators else 1, of=f"{node.name}.")


def _of_function(node: ast.FunctionDef, own: int, of: str = "") -> Iterator[str]:
    """`own`: leading parameters that nobody passes (self, cls)."""
    if {ast.unparse(one).partition("(")[0] for one in node.decorator_list} & NOT_CALLED:
        return
    yield from _of_any(node, of)
    if COMMANDS.search(ast.unparse(node.args)):
        return
    described = sections(node)
    yield from _of_parameters(node, node, named(described.get("Parameters", "")), own, of)
    returned = ast.unparse(node.returns) if node.returns else "None"
    one_line = not described and not _parameters(node, own)
    if returned not in ("None", "NoReturn") and not one_line and not {"Returns", "Yields"} & set(described):
        yield f"{of}{node.name}: no Returns"


def _of_parameters(
    node: ast.FunctionDef | ast.ClassDef, signature: ast.FunctionDef, documented: set[str], own: int, of: str = ""
) -> Iterator[str]:
    names = _parameters(signature, own)
    if names - documented:
        yield f"{of}{node.name}: Parameters lack {sorted(names - documented)}"
    elif isinstance(node, ast.FunctionDef) and documented - names:
        yield f"{of}{node.name}: Parameters describe {sorted(documented - names)}, which are none"


def _parameters(node: ast.FunctionDef, own: int) -> set[str]:
    arguments = node.args
    taken = [*arguments.posonlyargs, *arguments.args][own:] + arguments.kwonlyargs
    taken += [each for each in (arguments.vararg, arguments.kwarg) if each]
    return {each.arg for each in taken if not each.arg.startswith("_")}


def _of_any(node: ast.FunctionDef | ast.ClassDef, of: str = "") -> Iterator[str]:
    text = ast.get_docstring(node)
    if not text:
        yield f"{of}{node.name}: no docstring"
    for title, line in SECTION.findall((text or "") + "\n"):
        if title not in TITLES or len(line) != len(title):
            yield f"{of}{node.name}: {title!r} over {len(line)} dashes is no section"


def _public(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return not node.name.startswith("_")


def _is_field(node: ast.AnnAssign) -> bool:
    return (
        isinstance(node.target, ast.Name) and not node.target.id.startswith("_") and "ClassVar" not in ast.unparse(node)
    )


def test_what_is_forgotten_is_seen():
    text = '''
@dataclass
class Pair:
    """Two dates.

    Attributes
    ----------
    earlier, later : str
        Dates.
    """

    earlier: str
    later: str
    bperp_m: float

    def days(self, scale: float) -> float:
        """Days between them.

        Parameters
        ----------
        factor : float
            Days a unit.
        """

    @property
    def name(self) -> str:
        """`earlier_later`."""

def pairs(dates: list[str]) -> list[Pair]:
    pass
'''
    assert list(complaints(ast.parse(text))) == [
        "Pair: Attributes lack ['bperp_m']",
        "Pair.days: Parameters lack ['scale']",
        "Pair.days: no Returns",
        "pairs: no docstring",
        "pairs: Parameters lack ['dates']",
        "pairs: no Returns",
    ]

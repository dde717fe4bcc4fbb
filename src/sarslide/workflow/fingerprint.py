"""Fingerprint of the code behind a rule: its script and every module of ours that the script reaches.

Read from source without importing. The token stream without comments, docstrings and layout is hashed, so that a comment reruns
nothing and a changed line reruns what depends on it (`ast.dump` differs between Python versions). A module that states a
FORMAT_VERSION, such as the writers of files, counts only through that number: a new error message must not recompute a year of
interferograms.
"""

import ast
import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2]
PACKAGES = ("sarslide", "sarsim", "studies")  # studies lies beside the source folder, in a checkout only
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


@cache
def fingerprint(script: str | Path) -> str:
    """Fingerprint of a script and of the modules that it reaches.

    Parameters
    ----------
    script : str or Path
        The script of a rule.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    script = Path(script)
    digest = hashlib.sha256(significant_tokens(script.read_text()).encode())
    for module in sorted(reached_modules(script)):
        digest.update(f"{module} {_module_state(module)}\n".encode())
    return digest.hexdigest()[:16]


@cache
def _module_state(module: str) -> str:
    source = _source(module).read_text()
    return _format_version(source) or hashlib.sha256(significant_tokens(source).encode()).hexdigest()


def significant_tokens(source: str) -> str:
    """The tokens that decide what a module does.

    Parameters
    ----------
    source : str
        Python source.

    Returns
    -------
    str
        One token a line, without comments, docstrings and blank lines.
    """
    docstrings = _docstring_lines(source)
    kept = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in LAYOUT or (token.type == tokenize.STRING and token.start in docstrings):
            continue
        # Indentation counts as structure, not as a number of blanks.
        text = token.string if token.type not in (tokenize.INDENT, tokenize.NEWLINE) else ""
        kept.append(f"{tokenize.tok_name[token.type]} {text}")
    return "\n".join(kept)


@cache
def _nodes(source: str) -> tuple[ast.AST, ...]:
    """All nodes of the syntax tree, which both docstrings and imports are looked up in."""
    return tuple(ast.walk(ast.parse(source)))


def _docstring_lines(source: str) -> set[tuple[int, int]]:
    """(row, column) where each docstring starts."""
    found = set()
    for node in _nodes(source):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                found.add((first.value.lineno, first.value.col_offset))
    return found


@cache
def reached_modules(path: Path) -> frozenset[str]:
    """Modules of ours that a file imports, at any depth and anywhere in its body.

    Parameters
    ----------
    path : Path
        A script or module.

    Returns
    -------
    frozenset of str
        Names of modules.
    """
    found: set[str] = set()
    todo = [path]
    while todo:
        for module in _direct_imports(todo.pop()):
            if module not in found:
                found.add(module)
                todo.append(_source(module))
    return frozenset(found)


@cache
def _direct_imports(path: Path) -> frozenset[str]:
    names: set[str] = set()
    for node in _nodes(path.read_text()):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in names if name.split(".")[0] in PACKAGES and _module_path(name) is not None)


def _source(module: str) -> Path:
    path = _module_path(module)
    assert path is not None, module
    return path


@cache
def _module_path(module: str) -> Path | None:
    parts = module.split(".")
    if len(parts) == 1:
        return None
    for folder in (SOURCE, SOURCE.parent):
        for candidate in (folder.joinpath(*parts).with_suffix(".py"), folder.joinpath(*parts) / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _format_version(source: str) -> str:
    """What the module assigns to FORMAT_VERSION, as text; empty without such a line."""
    for node in _nodes(source):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "FORMAT_VERSION":
            return ast.unparse(node.value)
    return ""

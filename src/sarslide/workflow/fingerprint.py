"""Fingerprint of the code behind a rule: its script and every module of ours that it reaches.

Read from source without importing. The token stream without comments, docstrings and layout is
hashed, so that a comment reruns nothing and a changed line reruns what depends on it (`ast.dump`
differs between Python versions). A module that states a FORMAT_VERSION, such as the writers of
files, counts only through that number: a new error message must not recompute a year of
interferograms.
"""

import hashlib
import io
import re
import tokenize
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2]
PACKAGES = ("sarslide", "sarsim", "studies")  # studies lies beside the source folder, in a checkout only
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
DOCSTRING = "statement "
BEFORE_STATEMENT = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
# `import a.b` and `from a.b import c, d`, also inside functions and over several lines.
IMPORT = re.compile(r"^[ \t]*(?:import ([\w.]+)|from ([\w.]+) import (\([^)]*\)|[^\n]+))", flags=re.M)
# Imports that only type checkers see bring no code.
FOR_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:(?:[ \t]+.*)?\n)+", flags=re.M)
VERSION = re.compile(r"^FORMAT_VERSION = (\d+)", flags=re.M)


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
    version = VERSION.search(source)
    return version[1] if version else hashlib.sha256(significant_tokens(source).encode()).hexdigest()


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
    kept: list[str] = []
    before = tokenize.NEWLINE
    for kind, text, *_ in tokenize.generate_tokens(io.StringIO(source).readline):
        if kind in LAYOUT:
            continue
        if kind == tokenize.NEWLINE and before == tokenize.STRING and len(kept) and kept[-1].startswith(DOCSTRING):
            kept.pop()  # a statement that is nothing but a string
        elif kind == tokenize.STRING and before in BEFORE_STATEMENT:
            kept.append(DOCSTRING + text)
        else:
            # Indentation counts as structure, not as a number of blanks.
            kept.append(f"{kind} {text if kind not in (tokenize.INDENT, tokenize.NEWLINE) else ''}")
        before = kind
    return "\n".join(kept)


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
    for whole, package, members in IMPORT.findall(FOR_TYPES.sub("", path.read_text())):
        names.add(whole or package)
        names.update(f"{package}.{member}" for member in re.findall(r"\w+", members))
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

"""Hashes of what jobs write, compared with what later jobs read.

Each output of a job has a record of its own, `results/{region}/checksums/...json`, under the path
that it has below `results/{region}` (of a download: `resources/{region}`). What a job reads there
and no job has written, as the products of a date that a user has put there, has one below
`sources/`.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sarslide.errors import DamageError
from sarslide.io import bounded
from sarslide.io.atomic import rename
from sarslide.io.fence import remove
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import write_json

FORMAT_VERSION = 1
FOLDER, SOURCES = "checksums", "sources"
MAX_CHECKED_BYTES = 256 << 20  # of a file whose hash a job compares; larger ones are left to `sarslide verify`
MAX_SOURCE_BYTES = 16 << 20  # of a file of a user whose hash is taken; of larger ones it is the size
ASIDE = ".damaged"
AGAIN = "run again: it is made again from what comes before it"


@dataclass(frozen=True)
class Member:
    """A file as it was written.

    Attributes
    ----------
    bytes : int
        Its size.
    sha256 : str
        Its hash; empty where it was not taken.
    """

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """An output of a job as it was written.

    Attributes
    ----------
    rule : str
        Rule of the job.
    path : str
        The output, relative to the working folder.
    kind : str
        `file` or `folder`.
    files : dict of str to Member
        The file by its name, or those of a folder by their paths below it.
    """

    rule: str
    path: str
    kind: str
    files: dict[str, Member]


def record_of(path: str | Path, folder: str = FOLDER) -> Path:
    """Where the record of an output, or of a source, lies.

    Parameters
    ----------
    path : str or Path
        The output or source, relative to the working folder.
    folder : str
        `FOLDER` or `SOURCES`.

    Returns
    -------
    Path
        Relative to the working folder, too.
    """
    parts = Path(path).parts
    top = min(2, len(parts) - 1)
    return Path(*parts[:top], folder, *parts[top:-1], f"{parts[-1]}.json")


def forget(outputs: Iterable[str]) -> None:
    """Remove the records of outputs that are about to be written.

    Parameters
    ----------
    outputs : iterable of str
        Paths of the outputs.
    """
    for path in ours(outputs):
        record_of(path).unlink(missing_ok=True)


def record(rule: str, outputs: Iterable[str]) -> None:
    """Record the hashes of outputs that were written.

    Parameters
    ----------
    rule : str
        Rule of the job.
    outputs : iterable of str
        Paths of the outputs.
    """
    for path in ours(outputs):
        if path.exists():
            write_json(record_of(path), asdict(_as_it_is(rule, path)))


def record_sources(rule: str, inputs: Iterable[str]) -> None:
    """Record what a job reads that no job has written.

    Parameters
    ----------
    rule : str
        Rule of the job.
    inputs : iterable of str
        Paths of its inputs.
    """
    for path in ours(inputs):
        if path.exists() and not record_of(path).is_file():
            found, place = _as_it_is(rule, path, MAX_SOURCE_BYTES), record_of(path, SOURCES)
            if not place.is_file() or read(place).files != found.files:
                write_json(place, asdict(found))


def _as_it_is(rule: str, path: Path, limit: float = math.inf) -> Record:
    return Record(rule, path.as_posix(), "folder" if path.is_dir() else "file", members(path, limit))


def members(path: Path, limit: float = math.inf) -> dict[str, Member]:
    """The file or the files of a folder as they are now; hidden ones are no product.

    Parameters
    ----------
    path : Path
        File or folder.
    limit : float
        Bytes of the largest file whose hash is taken.

    Returns
    -------
    dict of str to Member
        By name, or by path below the folder.
    """

    def member(file: Path) -> Member:
        size = file.stat().st_size
        return Member(size, sha256(file) if size <= limit else "")

    if not path.is_dir():
        return {path.name: member(path)}
    files = sorted(file for file in path.rglob("*") if file.is_file() and not is_hidden(file.relative_to(path)))
    return {file.relative_to(path).as_posix(): member(file) for file in files}


def is_hidden(path: Path) -> bool:
    """Whether a path below an output is no product of its own.

    Parameters
    ----------
    path : Path
        The path.

    Returns
    -------
    bool
        True where it, or a folder in it, begins with a dot.
    """
    return any(part.startswith(".") for part in path.parts)


def read(path: Path) -> Record:
    """A record.

    Parameters
    ----------
    path : Path
        Its file.

    Returns
    -------
    Record
        Its content.

    Raises
    ------
    DamageError
        For a damaged one.
    """
    cure = "delete it: the output that it is of stays, without a recorded hash"
    try:
        return _record(bounded.json(path, DamageError, cure=cure))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DamageError(f"{path}: is no record of an output", cure) from None


def _record(content: Any) -> Record:
    """Of JSON; ValueError, TypeError, KeyError or AttributeError where it is none."""
    rule, path, kind = (content[name] for name in ("rule", "path", "kind"))
    if not all(isinstance(word, str) for word in (rule, path)) or kind not in ("file", "folder") or len(content) != 4:
        raise ValueError("no rule, path or kind")
    files = {name: _member(entry) for name, entry in content["files"].items()}
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in files):
        raise ValueError("a file outside")
    return Record(rule, path, kind, files)


def _member(entry: Any) -> Member:
    size, digest = entry["bytes"], entry["sha256"]
    if type(size) is not int or size < 0 or not re.fullmatch("([0-9a-f]{64})?", digest) or len(entry) != 2:
        raise ValueError("no size or hash")
    return Member(size, digest)


def check_inputs(inputs: Iterable[str]) -> None:
    """Compare what a job is about to read with what was recorded, and set damaged files aside.

    Parameters
    ----------
    inputs : iterable of str
        Paths of its inputs. Those without a record are not compared; of files that are too large
        the size is.

    Raises
    ------
    DamageError
        For the first file that is not what was written. It has another name then.
    """
    for path in ours(inputs):
        place = record_of(path)
        if place.is_file() and path.exists() and (problem := damage(place, path, MAX_CHECKED_BYTES)):
            aside = set_aside(path)
            raise DamageError(f"{path}: {problem}; it is now {aside.name}", AGAIN)


def damage(place: Path, path: Path, limit: float = math.inf) -> str:
    """What is wrong with an output, or with its record.

    Parameters
    ----------
    place : Path
        The record.
    path : Path
        The output, which is there.
    limit : float
        Bytes of the largest file of it whose hash is compared.

    Returns
    -------
    str
        For a message; empty for nothing.
    """
    try:
        expected = read(place)
    except DamageError as error:
        return f"its record is damaged ({error.problem})"
    difference = first_difference(path, expected, limit)
    return f"{difference} that `{expected.rule}` wrote" if difference else ""


def first_difference(path: Path, expected: Record, limit: float) -> str:
    """What makes an output differ from its record.

    Parameters
    ----------
    path : Path
        The output.
    expected : Record
        Its record.
    limit : float
        Bytes of the largest file of it whose hash is compared; sizes always are.

    Returns
    -------
    str
        The first difference, for a message; empty for none.
    """
    for name, member in expected.files.items():
        file = path / name if expected.kind == "folder" else path
        if not file.is_file():
            return f"lacks {name}"
        if file.stat().st_size != member.bytes:
            return f"{file.name} has {file.stat().st_size} bytes, not the {member.bytes}"
        if member.sha256 and member.bytes <= limit and sha256(file) != member.sha256:
            return f"{file.name} does not have the hash"
    return ""


def aside_of(path: Path) -> Path:
    """Where a damaged output is set aside.

    Parameters
    ----------
    path : Path
        The output.

    Returns
    -------
    Path
        A hidden name beside it.
    """
    return path.with_name(f".{path.name}{ASIDE}")


def set_aside(path: Path) -> Path:
    """Give a damaged output another name, and remove its record, so that a run makes it again.

    Parameters
    ----------
    path : Path
        The output.

    Returns
    -------
    Path
        Its new name.
    """
    aside = aside_of(path)
    remove(aside)
    rename(path, aside)
    return aside


def ours(paths: Iterable[str]) -> list[Path]:
    """The paths that lie where jobs write: those of users are absolute, or elsewhere.

    Parameters
    ----------
    paths : iterable of str
        Paths of inputs or outputs.

    Returns
    -------
    list of Path
        Below `results` or `resources`.
    """
    return [Path(path) for path in paths if re.match(r"(results|resources)/.", str(path))]

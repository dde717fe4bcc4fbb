"""What stands about releases beside their objects: manifests, the index, the pointer to the current
one.

The manifests count. Index and pointer follow from them, and are made again where they are lost or
cannot be read; a folder whose manifest cannot be read is named, as nothing else knows its numbers.
"""

import csv
import hashlib
import io
import json
import logging
import re
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sarslide import names
from sarslide.errors import ReleaseError
from sarslide.io import bounded
from sarslide.io.atomic import atomic_file
from sarslide.io.hashes import sha256, state
from sarslide.io.sidecar import write_json
from sarslide.io.spreadsheet import original

FORMAT_VERSION = 1
log = logging.getLogger(__name__)

# `MADE` is the declared output of the job; the pointer is none, as Snakemake removes the outputs of
# a job that fails.
POINTER, MADE, RELEASES, INDEX = "current.json", "release.json", "releases", "INDEX.csv"
PACKAGE, PARQUET, CHANGES, MANIFEST = "landslides.gpkg", "landslides.parquet", "CHANGES.csv", "MANIFEST.json"
CHECKED = ".checked.json"  # how files stood when their hashes were compared last
INDEX_COLUMNS = ("sequence", "id", "parent")
OWN_HASH = "manifest_sha256"
WRITE = 0o222
UID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
LATEST = 10**9  # of sequences and numbers of objects
# Bytes: the manifest of a year of a large region has 1 MB, 10,000 changes have as many.
MAX_MANIFEST, MAX_TABLE, MAX_POINTER = 16 << 20, 8 << 20, 1 << 16

Name = Annotated[str, Field(pattern=f"^{names.RELEASE}$")]
NameOrNone = Annotated[str, Field(pattern=f"^(?:{names.RELEASE})?$")]
Count = Annotated[int, Field(ge=0, le=LATEST)]
Number = Annotated[int, Field(ge=1, le=LATEST)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^\w[\w.-]{0,99}$")]  # a path would lead out of the folder
Date = Annotated[str, Field(pattern=f"^{names.DATE}$")]
Stack = Annotated[str, Field(pattern=f"^{names.STACK}$")]
Frames = list[Annotated[str, Field(pattern=f"^{names.FRAME}$")]]
Size = Annotated[float | None, Field(allow_inf_nan=False), BeforeValidator(lambda text: text or None)]
Kind = Literal[
    "new", "persisting", "grown", "shrunk", "split", "merged", "accelerated", "decelerated", "vanished",
    "not_observable", "rejected", "reclassified",
]  # fmt: skip


class IndexRow(BaseModel):
    """A line of INDEX.csv."""

    model_config = ConfigDict(frozen=True)
    sequence: Number
    id: Name
    parent: NameOrNone


class Manifest(BaseModel):
    """MANIFEST.json of a release; what else it holds (parameters, weights ...) is kept.

    Attributes
    ----------
    release, parent : str
        Its id, and that of its predecessor, empty for the first.
    sequence : int
        Its place among the releases.
    content_hash : str
        Hash of its rows (`inventory.content`).
    next_number : int
        Number of the next new ls_id.
    counts : dict of str to int
        Rows by layer.
    files : dict of str to str
        SHA-256 by name.
    dates : dict of str to list of str
        Dates by stack.
    scenes : list of dict
        Rows of the scene table.
    without_frames : list of str
        Frames of the region that it leaves out; it is complete where there are none.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    release: Name
    parent: NameOrNone
    sequence: Number
    content_hash: Digest
    next_number: Number
    counts: dict[str, Count]
    files: dict[FileName, Digest]
    dates: dict[Stack, list[Date]] = {}
    scenes: list[dict[str, Any]] = []
    without_frames: Frames = []

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := {PACKAGE, PARQUET, CHANGES} - set(self.files):
            raise ValueError(f"files lacks {min(missing)}")
        return self

    @property
    def row(self) -> IndexRow:
        """Its line of the index."""
        return IndexRow(sequence=self.sequence, id=self.release, parent=self.parent)


class Pointer(BaseModel):
    """current.json and release.json: the release of a folder `releases` beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    release: Name
    parent: NameOrNone
    sequence: Number
    content_hash: Digest
    counts: dict[str, Count]
    path: str

    @classmethod
    def to(cls, manifest: Manifest) -> Self:
        """The pointer to a release.

        Parameters
        ----------
        manifest : Manifest
            Of the release.

        Returns
        -------
        Pointer
            Its `path` is relative to the file of the pointer.
        """
        keys = ("release", "parent", "sequence", "content_hash", "counts")
        return cls(**{key: getattr(manifest, key) for key in keys}, path=f"{RELEASES}/{manifest.release}")


class Change(BaseModel):
    """A line of CHANGES.csv; None where a number is unknown."""

    model_config = ConfigDict(frozen=True)
    ls_id: Annotated[str, Field(pattern=r"^LS\d{6,9}$")]
    uid: Annotated[str, Field(pattern=f"^(?:{UID})?$")] = ""  # releases of 0.1.0 have none
    change: Kind
    related: str
    detail: Annotated[str, AfterValidator(original)]
    area_before_km2: Size
    area_after_km2: Size
    los_rate_before_mm_per_yr: Size
    los_rate_after_mm_per_yr: Size


def base_name(release: str) -> str:
    """An id without its -2, -3 ...

    Parameters
    ----------
    release : str
        Id of a release.

    Returns
    -------
    str
        `<date>-<8 hexadecimal digits>`.
    """
    return "-".join(release.split("-")[:2])


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a manifest with its own hash, by which any later change shows.

    Parameters
    ----------
    content : mapping of str to Any
        JSON-ready.

    Returns
    -------
    dict of str to Any
        The content and `OWN_HASH`.
    """
    rest = {key: value for key, value in content.items() if key != OWN_HASH}
    return rest | {OWN_HASH: hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()}


def manifest(folder: Path) -> Manifest:
    """The manifest of a release.

    Parameters
    ----------
    folder : Path
        Folder of the release.

    Returns
    -------
    Manifest
        As it was written.

    Raises
    ------
    ReleaseError
        Where it is missing, cannot be read, was changed, or is that of another release.
    """
    path, cure = folder / MANIFEST, _cure(folder)
    content = bounded.json(path, ReleaseError, MAX_MANIFEST, cure)
    found = bounded.typed(Manifest, content, path, ReleaseError, cure)
    if found.release != folder.name:
        raise ReleaseError(f"{path}: is that of release {found.release}", cure)
    if OWN_HASH in content and content != sealed(content):  # releases of 0.1.0 have none
        raise ReleaseError(f"{path}: was changed after the release", cure)
    return found


def check(folder: Path) -> Manifest:
    """Check that the files of a release are all there with their hashes.

    Parameters
    ----------
    folder : Path
        Folder of the release.

    Returns
    -------
    Manifest
        Its manifest.

    Raises
    ------
    ReleaseError
        Names the file that is missing or was changed.
    """
    found = manifest(folder)
    for name in found.files:
        _check_file(folder, name, found)
    return found


def check_all(inventory: Path) -> None:
    """Check all releases of a region, fast: a file that stands as it was when its hash was last
    compared (size, times and number on disk) is not read again.

    Parameters
    ----------
    inventory : Path
        Folder of the inventory, there or not.

    Raises
    ------
    ReleaseError
        Names the file that is missing or was changed.
    """
    remembered = inventory / CHECKED
    try:
        before = json.loads(remembered.read_text())
    except (OSError, ValueError):
        before = {}
    now = {}
    for folder in folders(inventory / RELEASES):
        stands = {path.name: list(state(path)) for path in sorted(folder.iterdir())}
        if not isinstance(before, dict) or before.get(folder.name) != stands:
            check(folder)
        now[folder.name] = stands
    if now != before and inventory.is_dir():
        with suppress(OSError):  # of a folder that is read-only: the next start compares again
            write_json(remembered, now)


def changes(folder: Path) -> list[Change]:
    """What a release changed.

    Parameters
    ----------
    folder : Path
        Folder of the release.

    Returns
    -------
    list of Change
        Lines of its CHANGES.csv.

    Raises
    ------
    ReleaseError
        Where it was changed or cannot be read.
    """
    path, cure = folder / CHANGES, _cure(folder)
    _check_file(folder, CHANGES, manifest(folder))
    needed = tuple(name for name, column in Change.model_fields.items() if column.is_required())
    rows = bounded.csv_rows(path, ReleaseError, needed, MAX_TABLE, cure=cure)
    return [
        bounded.typed(Change, row, f"{path}: row {number}", ReleaseError, cure) for number, row in enumerate(rows, 1)
    ]


def listed(releases: Path) -> list[IndexRow]:
    """INDEX.csv as it stands.

    Parameters
    ----------
    releases : Path
        Folder of the releases.

    Returns
    -------
    list of IndexRow
        Oldest first; none without the file.

    Raises
    ------
    ReleaseError
        For what is not as `write_index` writes it.
    """
    path = releases / INDEX
    if not path.exists():
        return []
    rows = [
        bounded.typed(IndexRow, row, path, ReleaseError)
        for row in bounded.csv_rows(path, ReleaseError, INDEX_COLUMNS, MAX_TABLE)
    ]
    whole = bounded.content(path, ReleaseError) == _index_text(rows).encode()  # else cut, or edited
    if not whole or len({row.id for row in rows}) < len(rows):
        raise ReleaseError(f"{path}: is not as releases write it", bounded.AGAIN)
    return rows


def index(releases: Path) -> list[IndexRow]:
    """The releases that there are or were.

    Lines of the index whose folder is gone stay; a folder without a line has its place by the
    sequence in its manifest.

    Parameters
    ----------
    releases : Path
        Folder of the releases.

    Returns
    -------
    list of IndexRow
        Oldest first.

    Raises
    ------
    ReleaseError
        For a folder that only its manifest could place, which cannot be read.
    """
    try:
        rows = {row.id: row for row in listed(releases)}
    except ReleaseError as error:
        log.warning("%s: taking the folders of the releases in its place", error.problem)
        rows = {}
    for folder in folders(releases):
        try:
            rows[folder.name] = manifest(folder).row
        except ReleaseError as error:
            if folder.name not in rows:
                raise
            log.warning("damaged release: %s", error.problem)
    return sorted(rows.values(), key=lambda row: row.sequence)


def write_index(releases: Path) -> None:
    """Write INDEX.csv where it is not what `index` finds; none before the first release.

    Parameters
    ----------
    releases : Path
        Folder of the releases.
    """
    path, text = releases / INDEX, _index_text(index(releases))
    there = path.read_bytes() if path.is_file() else _index_text([]).encode()
    if there != text.encode():
        with atomic_file(path) as temporary:
            temporary.write_text(text)


def folders(releases: Path) -> list[Path]:
    """Folders of releases, by their names.

    Parameters
    ----------
    releases : Path
        Folder of the releases, there or not.

    Returns
    -------
    list of Path
        In the order of their names.
    """
    return sorted(path for path in releases.glob("*") if re.fullmatch(names.RELEASE, path.name) and path.is_dir())


def last(releases: Path, but: str = "") -> Manifest | None:
    """The newest release that is there.

    Parameters
    ----------
    releases : Path
        Folder of the releases.
    but : str
        Id of a release that is left out, with its -2, -3 ...

    Returns
    -------
    Manifest or None
        None before the first.

    Raises
    ------
    ReleaseError
        Where its manifest cannot be read.
    """
    for row in reversed(index(releases)):
        if base_name(row.id) == but:
            continue
        if (releases / row.id).is_dir():
            return manifest(releases / row.id)
        log.warning("release %s is indexed but its folder is gone; taking the one before", row.id)
    return None


def named(path: str | Path) -> Manifest:
    """The release that a file names.

    Parameters
    ----------
    path : str or Path
        current.json or release.json.

    Returns
    -------
    Manifest
        Of the release.

    Raises
    ------
    ReleaseError
        Where the file or the manifest cannot be read, or they contradict each other.
    """
    path = Path(path)
    cure = f"delete {path}, then run again"
    content = bounded.json(path, ReleaseError, MAX_POINTER, cure)
    pointer = bounded.typed(Pointer, content, path, ReleaseError, cure)
    folder = path.parent / RELEASES / pointer.release
    if not folder.is_dir():
        raise ReleaseError(f"{path}: names release {pointer.release}, which is not there", cure)
    found = manifest(folder)
    if pointer != Pointer.to(found):
        raise ReleaseError(f"{path}: contradicts {folder / MANIFEST}", cure)
    return found


def folder_of(path: str | Path) -> Path:
    """The folder of the release that a file names, whose files are as they were released.

    Parameters
    ----------
    path : str or Path
        current.json or release.json.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ReleaseError
        As `named` and `check`.
    """
    folder = Path(path).parent / RELEASES / named(path).release
    check(folder)
    return folder


def current(inventory: Path) -> Manifest | None:
    """The current release of a region.

    Parameters
    ----------
    inventory : Path
        Folder of the inventory.

    Returns
    -------
    Manifest or None
        The one that the pointer names; where the pointer is lost or wrong, the one that the last
        run made, or the newest. None before the first.

    Raises
    ------
    ReleaseError
        For a damaged release.
    """
    problems = []
    for path in (inventory / POINTER, inventory / MADE):
        try:
            found: Manifest | None = named(path)
            break
        except ReleaseError as error:
            problems.append(error.problem)
    else:
        found = last(inventory / RELEASES)
    if problems and (found or (inventory / POINTER).exists()):
        log.warning("%s; taking %s", problems[0], found.release if found else "none")
    return found


def restore(inventory: Path) -> None:
    """Write the pointer again where it is lost or wrong, and forget a made release that is gone, so
    that it is made again.

    Parameters
    ----------
    inventory : Path
        Folder of the inventory.

    Raises
    ------
    ReleaseError
        For a damaged release.
    """
    found = current(inventory)
    if found and not _names(inventory / POINTER):
        write_pointer(inventory / POINTER, found)
    if not _names(inventory / MADE):
        (inventory / MADE).unlink(missing_ok=True)


def write_pointer(path: str | Path, manifest: Manifest) -> None:
    """Write current.json or release.json.

    Parameters
    ----------
    path : str or Path
        The file.
    manifest : Manifest
        Of the release that it is to name.
    """
    write_json(path, Pointer.to(manifest).model_dump())


def refuse_older(releases: Path, release: str, dates: Mapping[str, Sequence[str]]) -> None:
    """Refuse dates that end before those of the newest release.

    Parameters
    ----------
    releases : Path
        Folder of the releases.
    release : str
        Id of the release to be made.
    dates : mapping of str to sequence of str
        Its dates by stack.

    Raises
    ------
    ReleaseError
        Where a stack that both have ends earlier; it names the dates.
    """
    before = last(releases, release)
    for stack, mine in dates.items():
        theirs = before.dates.get(stack) if before else None
        if before and theirs and mine and max(mine) < max(theirs):
            raise ReleaseError(
                f"{releases.parent}: dates of {stack} end on {max(mine)}, "
                f"those of its release {before.release} on {max(theirs)}",
                "bring the later acquisitions back; to release the older ones set inventory.allow_older=true",
            )


def protect(folder: Path) -> None:
    """Make a release read-only, where its owner is at work: an edited one would end the next run.

    Parameters
    ----------
    folder : Path
        Folder of the release.
    """
    for path in (*folder.iterdir(), folder):
        mode = path.stat().st_mode
        if mode & WRITE:
            with suppress(PermissionError):
                path.chmod(mode & ~WRITE)


def unprotect(releases: Path) -> None:
    """Let the folders of releases be deleted.

    Parameters
    ----------
    releases : Path
        Folder of the releases, there or not.
    """
    for folder in folders(releases):
        folder.chmod(folder.stat().st_mode | stat.S_IRWXU)


def _names(path: Path) -> bool:
    """Whether a file names a release that is there."""
    try:
        named(path)
    except ReleaseError:
        return False
    return True


def _check_file(folder: Path, name: str, manifest: Manifest) -> None:
    path = bounded.plain_file(folder / name, ReleaseError, _cure(folder))
    if sha256(path) != manifest.files[name]:
        raise ReleaseError(f"{path}: was changed after its release", f"{_cure(folder)}; edits belong in the review")


def _cure(folder: Path) -> str:
    return f"restore the folder {folder}, or move it elsewhere: the next run then follows the release before it"


def _index_text(rows: Sequence[IndexRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(INDEX_COLUMNS)
    writer.writerows([row.sequence, row.id, row.parent] for row in rows)
    return text.getvalue()

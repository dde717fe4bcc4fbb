"""Formats of a results folder, and how one of an older version goes on.

Format 1 is that of versions before frames: `{stack}/{engine}/`, rasters straight in `terrain/`.
Format 2 has `{stack}/{frame}/{engine}/` and `terrain/{frame}/`. The inventory is the same in both.
It is never rewritten here; what lies outside it is moved, folder by folder, each by one rename, so
that a kill at any moment leaves a folder that the next call finishes.
"""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sarslide import names
from sarslide.errors import FormatError, OutputError
from sarslide.insar.engines import ENGINES
from sarslide.io.atomic import atomic_file, check_writable

FORMAT = 2
# In the folder that outlives all others, and that stays on this machine beside remote storage.
RECORD = "inventory/FORMAT"
SUPERSEDED = "superseded"
# Folders whose files have been per frame since format 2.
GROUND = ("terrain", "optical", "lithology")


@dataclass(frozen=True)
class Migration:
    """What is to be done with a results folder.

    Attributes
    ----------
    results : Path
        Folder of a region's results.
    found : int
        Its format.
    releases : tuple of str
        Ids of its releases, oldest first.
    ids : int
        Number of ls_ids of the last release.
    parts : tuple of Path
        What is moved to `superseded/`, relative to `results`, in the order of the moves.
    """

    results: Path
    found: int
    releases: tuple[str, ...]
    ids: int
    parts: tuple[Path, ...]


def format_of(results: Path) -> int:
    """Format of a results folder.

    Parameters
    ----------
    results : Path
        Folder of a region's results, there or not.

    Returns
    -------
    int
        The recorded one; without a record 1 where products lie as in format 1, else the present.

    Raises
    ------
    FormatError
        For a record that is no number.
    """
    record = results / RECORD
    if record.is_file():
        text = record.read_text(errors="replace").strip()
        if not re.fullmatch(r"[1-9]\d{0,3}", text):
            raise FormatError(f"{record}: holds {text[:20]!r}, not the number of a format", "restore or delete it")
        return int(text)
    return 1 if old_parts(results) else FORMAT


def check_format(results: Path) -> None:
    """Refuse a results folder that this version does not read.

    Parameters
    ----------
    results : Path
        Folder of a region's results, there or not.

    Raises
    ------
    FormatError
        For a folder of an older or a newer version.
    """
    found = format_of(results)
    if found > FORMAT:
        raise FormatError(
            f"{results}: has format {found}, of a newer version; this one reads {FORMAT}",
            "install the version that made it",
        )
    if found < FORMAT:
        raise FormatError(
            f"{results}: has format {found}, of an older version",
            f"`sarslide migrate {results.name}`, which keeps releases and ids",
        )


def record_format(results: Path) -> None:
    """Record the present format in a results folder that has no record.

    Parameters
    ----------
    results : Path
        Folder of a region's results; it is made where there is none.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    record = results / RECORD
    if not record.is_file():
        with atomic_file(record) as temporary:
            temporary.write_text(f"{FORMAT}\n")


def old_parts(results: Path) -> tuple[Path, ...]:
    """What only format 1 has, and the tables of run times beside it.

    Parameters
    ----------
    results : Path
        Folder of a region's results, there or not.

    Returns
    -------
    tuple of Path
        Folders and files relative to `results`; none in a folder of format 2.
    """
    stacks = [path for path in _entries(results) if re.fullmatch(names.STACK, path.name)]
    ground = [path for name in GROUND for path in _entries(results / name) if not path.is_dir()]
    engines = [path for stack in stacks for path in _entries(stack) if path.name in ENGINES and path.is_dir()]
    found = [*ground, *engines]
    # The tables first: they are old only as long as something else is.
    tables = [path for path in [results / "benchmarks"] if found and path.is_dir()]
    return tuple(path.relative_to(results) for path in [*tables, *found])


def plan(results: Path, crs: Any) -> Migration:
    """See what is to be done, and check that every release is as it was written and can be read.

    Parameters
    ----------
    results : Path
        Folder of a region's results.
    crs : CRS
        That of the region.

    Returns
    -------
    Migration
        Without `parts` where there is nothing to do.

    Raises
    ------
    FormatError
        For no results, a newer format, or a part that `superseded/` holds already.
    ReleaseError
        For a release that was changed, or is of another CRS.
    """
    from sarslide.inventory import records, release
    from sarslide.inventory.changes import known_ids

    if not results.is_dir():
        raise FormatError(f"{results}: holds no results", "give the working folder with --directory")
    if (found := format_of(results)) > FORMAT:
        check_format(results)
    releases = results / "inventory/releases"
    for folder in records.folders(releases):
        records.check(folder)
    indexed = [row.id for row in records.index(releases)]
    last = release.predecessor(releases, "", crs)
    parts = old_parts(results) if found < FORMAT else ()
    if there := [part for part in parts if (results / SUPERSEDED / part).exists()]:
        raise FormatError(
            f"{results / SUPERSEDED / there[0]}: is there already",
            f"delete {results / SUPERSEDED}, then `sarslide migrate {results.name}` again",
        )
    return Migration(results, found, tuple(indexed), len(known_ids(last.inventory)), parts)


def carry_out(migration: Migration) -> None:
    """Move what the present version does not use to `superseded/`, and record the format.

    Parameters
    ----------
    migration : Migration
        From `plan`.

    Raises
    ------
    OutputError
        For a folder that cannot be moved or written.
    """
    results = migration.results
    check_writable(results)
    for part in migration.parts:
        target = results / SUPERSEDED / part
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(results / part, target)
        except OSError as error:
            raise OutputError(
                f"{results / part}: cannot be moved to {target} ({error.strerror})",
                f"move it yourself, or delete it: it can be made again; then `sarslide migrate {results.name}`",
            ) from None
    record_format(results)


def remove_superseded(results: Path) -> None:
    """Delete what `carry_out` moved away.

    Parameters
    ----------
    results : Path
        Folder of a region's results.

    Raises
    ------
    OutputError
        For what cannot be deleted.
    """
    try:
        if (results / SUPERSEDED).is_dir():
            shutil.rmtree(results / SUPERSEDED)
    except OSError as error:
        raise OutputError(
            f"{results / SUPERSEDED}: cannot be deleted ({error.strerror})", "delete it yourself"
        ) from None


def _entries(folder: Path) -> Iterable[Path]:
    """Visible entries of a folder, in order; none where there is no folder."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else ()

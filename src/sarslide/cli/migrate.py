"""`sarslide migrate`: results of an older version go on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Files, Folder, Region, Values
from sarslide.cli.start import Request
from sarslide.schedule import lock
from sarslide.workflow import migration
from sarslide.workflow.migration import FORMAT, SUPERSEDED, Migration


def migrate(
    region: Region = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only tell what would be done.")] = False,
    remove_old: Annotated[
        bool, typer.Option("--remove-old", help="Delete what the present version does not use.")
    ] = False,
    values: Values = None,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Take over results of an older version: releases and the ids of landslides stay.

    Every release stays byte for byte, and the next one follows the last: the same ls_ids, typed
    changes. Products, DEM, scene table and your review are used as they are, without a new
    download. Rasters of the older version lie elsewhere and were made by other code: they are moved
    to results/REGION/superseded, and the next run makes its own. With --remove-old they are
    deleted, now or by a second call. Do not migrate beside a run on another machine.

        sarslide migrate myregion --dry-run
        sarslide migrate myregion
        sarslide migrate myregion --remove-old
    """
    config = Request(region, values or (), files or (), folder).config()
    results, crs = folder / "results" / config.region, f"EPSG:{config.grid.epsg}"
    if dry_run:
        print(_text(migration.plan(results, crs), remove_old, done=False))
        return
    with lock.held(folder):
        lock.refuse_live(folder)
        planned = migration.plan(results, crs)
        text = _text(planned, remove_old, done=True)
        migration.carry_out(planned)
        if remove_old:
            migration.remove_superseded(results)
        print(text)


def _text(planned: Migration, remove_old: bool, done: bool) -> str:
    """What is, or would be, done."""
    results, old = planned.results, planned.results / SUPERSEDED
    lines = [f"{results}: {_releases(planned)}"]
    verb = ("deleted" if done else "to delete") if remove_old else ("moved" if done else "to move")
    where = "" if remove_old else f" to {old}"
    sizes = _sizes(results, planned.parts)
    lines += [f"  {size / 1e9:8.3f} GB  {name}, {verb}{where}" for name, size in sizes.items()]
    if remove_old and old.is_dir():
        lines.append(f"  {_bytes(old) / 1e9:8.3f} GB  {SUPERSEDED}, {verb}")
    if planned.found == FORMAT:
        return "\n".join([*lines, f"format {FORMAT}: nothing to migrate"])
    went = f"format {planned.found} {'is now' if done else 'becomes'} {FORMAT}"
    return "\n".join([*lines, f"{went}; next: sarslide run {results.name}"])


def _releases(planned: Migration) -> str:
    """The releases in words."""
    if not planned.releases:
        return "no release"
    number = len(planned.releases)
    stay = f"{number} release{'s' if number > 1 else ''} stay{'' if number > 1 else 's'} byte for byte"
    return f"{stay}, the last {planned.releases[-1]} with {planned.ids} ids"


def _sizes(results: Path, parts: Iterable[Path]) -> dict[str, int]:
    """Bytes of what is moved; files of one folder together."""
    found: dict[str, int] = {}
    for part in parts:
        name = (part if (results / part).is_dir() else part.parent).as_posix()
        found[name] = found.get(name, 0) + _bytes(results / part)
    return found


def _bytes(path: Path) -> int:
    from sarslide.preflight.checks import used

    return used([path]) if path.is_dir() else path.lstat().st_size

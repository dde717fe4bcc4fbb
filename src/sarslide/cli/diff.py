"""`sarslide diff`: what has changed between two releases."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Folder


def diff(
    old: Annotated[str, typer.Argument(help="Id or folder of the older release.", show_default=False)],
    new: Annotated[str, typer.Argument(help="Id or folder of the newer one, or a region.", show_default=False)],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="For diff.gpkg and diff.html; else the counts alone."),
    ] = None,
    folder: Folder = Path(),
) -> None:
    """Show what is new, gone, grown or faster in a release, against any earlier one.

    A change counts as it does from one release to the next: area by a quarter, speed by 10 mm/yr
    and a quarter.

        sarslide diff 20200116-0a1b2c3d 20200224-658a99b4
        sarslide diff 20200116-0a1b2c3d demo --to changes
    """
    from sarslide.publish import diff as work
    from sarslide.publish import export, source

    if to is not None:
        export.refuse_others(to)
    before, after = (source.read(source.find(name, folder)) for name in (old, new))
    rows = work.rows(before, after)
    counts = Counter(row["change"] for row in rows)
    named = [f"{words.lower()} {counts[kind]}" for kind, (words, _) in work.KINDS.items() if counts[kind]]
    print(f"{before.manifest.release} to {after.manifest.release}: {', '.join(named) or 'no landslides'}")
    if to is not None:
        export.written(after, to, ["diff"], lambda made: work.write(before, after, rows, made))
        print(to / work.PAGE)

"""`sarslide sheet`: single objects of a release on one page of paper each."""

from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Folder, Release


def sheet(
    release: Release,
    to: Annotated[
        Path,
        typer.Option("--to", metavar="FOLDER", help="New, empty, or that of earlier sheets, which are replaced."),
    ],
    objects: Annotated[
        list[str] | None,
        typer.Argument(help="Objects, each by its uid or ls_id.", show_default="all landslides"),
    ] = None,
    folder: Folder = Path(),
) -> None:
    """Write a sheet of one, some or all objects of a release: a page and a PDF each.

    Rates of all tracks with their errors, east and up, series, the profile down the slope, a map,
    each rule with the number of the object beside its limit, what reviewers noted. Text of the PDF
    can be searched and copied. Of more than 500 landslides the largest have one.

        sarslide sheet demo --to sheets
        sarslide sheet demo LS000001 d917758b-8f4e-57fd-8cce-704e06a6cad3 --to sheets
    """
    from sarslide.publish import export, sheets, source

    export.refuse_others(to)
    publication = source.read(source.find(release, folder))
    done = export.written(publication, to, ["sheet"], lambda made: sheets.write(publication, objects or (), made))
    count = sum(name.endswith(".pdf") for name in done.files)
    print(f"{done.release} of {done.region}: {count} sheets in {to}")

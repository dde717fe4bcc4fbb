"""`sarslide review`: the last release of a region as a file that a GIS fills in."""

from pathlib import Path

import typer

from sarslide.cli.options import Files, Folder, Region, Values
from sarslide.cli.start import Request
from sarslide.schedule import lock


def review(
    region: Region = "",
    values: Values = None,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Write the last release for review in QGIS: resources/REGION/review.gpkg.

    Each object has a form: accept, reject, edit its outline, split, merge, reclassify, name,
    comment, links and photos; what was missed is drawn and added. The next run checks the file row
    by row and carries it out, and so does every later one. Decisions that stand in the file are
    checked, and kept.

        sarslide review myregion
    """
    from sarslide.inventory import review_work

    config = Request(region, values or (), files or (), folder).config()
    with lock.held(folder.resolve()):
        written = review_work.write(folder, config.region, config.grid.region_grid())
    typer.echo(f"{written.path}: {written.rows} objects of release {written.release}, {written.decisions} decisions")

"""`sarslide export`: a release for other programs and registers."""

from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Folder, Release


def _formats(incomplete: str) -> list[str]:
    from sarslide.publish.export import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def export(
    release: Release,
    to: Annotated[
        Path,
        typer.Option("--to", metavar="FOLDER", help="New, empty, or that of an earlier export, which is replaced."),
    ],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--formats",
            metavar="NAMES",
            help="One or several, parted by commas.",
            show_default="all",
            autocompletion=_formats,
        ),
    ] = None,
    folder: Folder = Path(),
) -> None:
    """Export a release: files for GIS, phones and registers.

    Formats: gpkg, geojson, kmz, shapefile, geoparquet, coolr, iffi, series, points, rasters, coco,
    qgis, stac. The release stays as it is: its files are checked against their hashes first.
    Series, points, rasters and COCO images of tracks are those of a current release. EXPORT.json
    lists all files with their hashes.

        sarslide export demo --to export
        sarslide export 20200224-658a99b4 --to export --formats gpkg,kmz
    """
    from sarslide.publish import export as work
    from sarslide.publish import source

    chosen = work.chosen(formats or ())
    work.refuse_others(to)
    publication = source.read(source.find(release, folder))
    done = work.export(publication, to, chosen)
    print(f"{done.release} of {done.region}: {len(done.files)} files in {to}")

"""`sarslide merge`: the releases of several regions as one register."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Folder


def merge(
    to: Annotated[
        Path,
        typer.Option("--to", metavar="FOLDER", help="New, empty, or that of an earlier register, which is replaced."),
    ],
    releases: Annotated[
        list[str] | None,
        typer.Argument(
            help="Regions, ids or folders of releases, or working folders: all their regions.",
            show_default="all regions of the working folder",
        ),
    ] = None,
    epsg: Annotated[int, typer.Option("--epsg", metavar="CODE", help="CRS of the register.")] = 4326,
    folder: Folder = Path(),
) -> None:
    """Join the current releases of several regions into one register.

    Every object keeps its uid. What two regions have along their border is in the register once:
    reviewed before not, landslide before masked, then the larger one; duplicates.csv tells which
    is left out and why. It writes register.gpkg, register.html, regions/*.geojson and a STAC
    catalogue with a collection of each region. Releases are compared with their hashes first.

        sarslide merge --to register
        sarslide merge valley_north valley_south --to register
        sarslide merge /srv/office_a /srv/office_b --to register --epsg 3035
    """
    from sarslide.publish import export, joined, joined_files, source

    export.refuse_others(to)
    folders = [one for word in releases or [str(folder)] for one in source.find_all(word, folder)]
    register = joined.join([source.read(one) for one in folders], epsg)
    export.written(register, to, ["register"], lambda made: joined_files.write(register, made))
    for name in sorted({one for word in releases or [str(folder)] for one in source.without_release(Path(word))}):
        print(f"{name}: has no release yet", file=sys.stderr)
    count = sum(len(register.layers[layer]) for layer in joined_files.SHOWN)
    print(
        f"{register.release}: {len(folders)} regions, {count} objects, {len(register.duplicates)} duplicates left out"
    )
    print(to / joined_files.PAGE)

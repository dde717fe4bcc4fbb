"""`sarslide new`: begin a region of one's own, offline."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sarslide.cli.options import Folder

NEXT = (
    ("update", "which scenes the archive has"),
    ("preflight", "logins, orbits, DEM, disk: each with its cure"),
    ("plan", "what will be made"),
    ("run", "to inventory and report"),
)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _; a letter first.")],
    bbox: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(metavar="W S E N", help="West, south, east, north, degree.", show_default=False),
    ] = None,
    aoi: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Polygons, any vector format and CRS.", show_default=False)
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help="First date, YYYYMMDD.", show_default="a year ago")
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last date, YYYYMMDD.", show_default="open, for scheduled runs")
    ] = None,
    archive: Annotated[
        Literal["asf", "copernicus", "folder"], typer.Option(help="Where scenes are searched; folder: your own.")
    ] = "asf",
    dem: Annotated[
        str, typer.Option(metavar="glo30|aw3d30|srtm|FILE", help="DEM; a file has ellipsoidal heights.")
    ] = "glo30",
    folder: Folder = Path(),
) -> None:
    """Begin a region of your own, offline: regions/NAME.yaml and a map of it.

    Finds the UTM zone, the grid, and the Sentinel-1 tracks that see the area: the best ascending
    and the best descending one are chosen, the others stand beside them in the file.

        sarslide new rolwaling --bbox 86.30 27.80 86.50 27.95
        sarslide new rolwaling --aoi valley.gpkg --start 20230101 --end 20231231

    South and west are negative: --bbox -70.40 -33.75 -70.20 -33.55.
    """
    from sarslide.config.crs import place_text
    from sarslide.config.new_region import box_area, file_area, new_region, track_table

    if (bbox is None) == (aoi is None):
        raise typer.BadParameter("give either --bbox W S E N or --aoi FILE")
    if aoi is not None:
        area, origin = file_area(aoi), f"--aoi {aoi.name}"
    elif bbox is not None:
        area, origin = box_area(*bbox), f"--bbox {' '.join(f'{value:g}' for value in bbox)}"
    region = new_region(name, area, origin, start, end, archive, dem, folder)
    west, south, east, north = area.bounds
    # The middle in words, so that swapped numbers are seen.
    print(f"{name}: around {place_text((west + east) / 2, (south + north) / 2)}, EPSG {region.grid.epsg}\n")
    print("\n".join(track_table(region.tracks, region.stacks)))
    for note in region.notes:
        print(f"note: {note}")
    print(f"\n{region.path}\n{region.picture}\n")
    place = "" if folder == Path() else f" -C {folder}"
    for command, what in NEXT:
        print(f"sarslide {command} {name}{place}".ljust(24 + len(name + place)) + f"# {what}")

"""`sarslide displacement`: begin a region of rates that others have processed."""

from contextlib import chdir
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sarslide.cli.options import Folder


def displacement(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _; a letter first.")],
    products: Annotated[
        list[str],
        typer.Argument(metavar="STACK=PATH", help="Pass and relative orbit, and the file or folder of its product."),
    ],
    bbox: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(
            metavar="W S E N", help="West, south, east, north, degree.", show_default="all that the products cover"
        ),
    ] = None,
    cell: Annotated[
        float | None, typer.Option(metavar="M", help="Side of a cell, m.", show_default="30; 100 of EGMS")
    ] = None,
    epsg: Annotated[
        int | None, typer.Option(metavar="CODE", help="CRS of the region, in metres.", show_default="its UTM zone")
    ] = None,
    dem: Annotated[
        str, typer.Option(metavar="glo30|aw3d30|srtm|FILE", help="DEM; a file has ellipsoidal heights.")
    ] = "glo30",
    unit: Annotated[
        Literal["mm", "cm", "m"] | None,
        typer.Option(help="Of a plain GeoTIFF, per year where it is a rate.", show_default=False),
    ] = None,
    positive: Annotated[
        Literal["away", "towards"] | None,
        typer.Option(help="Motion with positive values in a plain GeoTIFF.", show_default=False),
    ] = None,
    period: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="FIRST LAST", help="Of a rate whose files state none, YYYYMMDD.", show_default=False),
    ] = None,
    incidence: Annotated[
        float | None,
        typer.Option(metavar="DEG", help="Where the product has none by cell.", show_default="Sentinel-1's"),
    ] = None,
    heading: Annotated[
        float | None,
        typer.Option(metavar="DEG", help="Flight direction, clockwise from north.", show_default="Sentinel-1's"),
    ] = None,
    coherence: Annotated[
        float | None,
        typer.Option(metavar="0..1", help="Quality of all cells, where there is none by cell.", show_default=False),
    ] = None,
    folder: Folder = Path(),
) -> None:
    """Begin a region of displacement products: rates of EGMS, DISP-S1, MintPy, LiCSBAS, dolphin.

    Looks at the products (format, dates, extent) and writes regions/NAME.yaml; nothing is copied,
    and no pairs are made. A product is the file or folder of one track: of EGMS L2a or L2b the zips
    of its bursts as downloaded. Paths count from the working folder. Landslides are mapped by the
    packaged network of products; those without a coherence, which it reads, and rasters in cells
    from 60 m by the velocity threshold.

        sarslide displacement mine A117=egms/A117 D066=mintpy/geo
        sarslide displacement mine A117=v.tif --unit cm --positive away --period 20180101 20221231
        sarslide displacement mine A117=egms/A117 --bbox 10.8 46.9 11.3 47.2 --cell 50
    """
    from sarslide.displacement import region
    from sarslide.displacement.contract import Extent
    from sarslide.displacement.formats import FORMATS

    stated: dict[str, Any] = {"unit": unit, "positive": positive, "period": list(period) if period else None}
    stated |= {"incidence_deg": incidence, "heading_deg": heading, "coherence": coherence}
    within = None if bbox is None else Extent("EPSG:4326", bbox)
    with chdir(folder):
        begun = region.begin(name, _by_stack(products), stated, dem, epsg, within, cell)
    for stack, product in begun.products.items():
        days = product.dates or period or ("",)
        quality = "" if product.has_coherence or coherence else "; no coherence: velocity threshold, no network"
        print(f"{stack}: {FORMATS[product.form]}, {len(product.paths)} files, {days[0]} to {days[-1]}{quality}")
    rows, cols = begun.grid.shape
    print(f"EPSG {begun.grid.epsg}, {rows} x {cols} cells of {begun.grid.cell_m:g} m\n\n{folder / begun.path}\n")
    place = "" if folder == Path() else f" -C {folder}"
    for command, what in (("plan", "what will be made"), ("run", "to inventory and report")):
        print(f"sarslide {command} {name}{place}".ljust(24 + len(name + place)) + f"# {what}")


def _by_stack(products: list[str]) -> dict[str, str]:
    from sarslide import names
    from sarslide.errors import ConfigError

    found: dict[str, str] = {}
    for text in products:
        stack, separator, path = text.partition("=")
        if not separator or not path:
            raise ConfigError(f"'{text}' is no STACK=PATH", "write for example A117=egms/A117")
        if names.check_stack(stack) in found:
            raise ConfigError(f"{stack}: has two products", "give a track one file or folder")
        found[stack] = path
    return found

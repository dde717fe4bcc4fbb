"""`python -m sarslide.displacement NAME STACK=PATH ...`: begin a region of displacement products.

It looks at the products (format, dates, extent) and writes `regions/NAME.yaml` into the working
folder; `sarslide run NAME` follows.
"""

import argparse
import sys
from pathlib import Path

from sarslide import names
from sarslide.displacement import region
from sarslide.displacement.contract import SIGNS, UNITS
from sarslide.displacement.formats import FORMATS
from sarslide.errors import ConfigError, SarslideError

# Keys of `displacement.products` that an option states for all products.
STATED = ("unit", "positive", "period", "incidence_deg", "heading_deg", "coherence")


def parser() -> argparse.ArgumentParser:
    """The options.

    Returns
    -------
    argparse.ArgumentParser
        Of the command.
    """
    made = argparse.ArgumentParser(
        prog="python -m sarslide.displacement",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("name", help="name of the region to be made")
    made.add_argument(
        "products", nargs="+", metavar="STACK=PATH", help="pass and relative orbit, and its file or folder"
    )
    made.add_argument("--dem", default="glo30", help="file of ellipsoidal heights, or glo30, aw3d30, srtm (glo30)")
    made.add_argument("--epsg", type=int, help="CRS of the region, metres (UTM zone of the products)")
    made.add_argument(
        "--bounds", type=float, nargs=4, metavar=("W", "S", "E", "N"), help="m (all that the products cover)"
    )
    made.add_argument("--cell", type=float, metavar="M", help="side of a cell, m (30; 100 of EGMS)")
    made.add_argument("--unit", choices=UNITS, help="of a plain GeoTIFF, per year")
    made.add_argument("--positive", choices=SIGNS, help="motion with positive values in a plain GeoTIFF")
    made.add_argument("--period", nargs=2, metavar=("FIRST", "LAST"), help="of a rate without dates, YYYYMMDD")
    made.add_argument(
        "--incidence", dest="incidence_deg", type=float, metavar="DEG", help="where there is none by cell"
    )
    made.add_argument("--heading", dest="heading_deg", type=float, metavar="DEG", help="clockwise from north")
    made.add_argument("--coherence", type=float, help="quality of all cells, where there is none by cell")
    return made


def _by_stack(products: list[str]) -> dict[str, str]:
    found = {}
    for text in products:
        stack, separator, path = text.partition("=")
        if not separator or not path:
            raise ConfigError(f"'{text}' is no STACK=PATH", "write for example A117=egms/A117")
        found[names.check_stack(stack)] = path
    return found


def main(arguments: list[str] | None = None) -> int:
    """Begin the region.

    Parameters
    ----------
    arguments : list of str, optional
        Of the command line.

    Returns
    -------
    int
        0, or 1 with one coded line.
    """
    asked = parser().parse_args(arguments)
    declared = {key: getattr(asked, key) for key in STATED}
    try:
        paths = _by_stack(asked.products)
        begun = region.begin(asked.name, paths, declared, asked.dem, asked.epsg, asked.bounds, asked.cell, Path())
    except SarslideError as error:
        print(error, file=sys.stderr)
        return 1
    for stack, product in begun.products.items():
        days = product.dates or tuple(asked.period)
        quality = "" if product.has_coherence or asked.coherence else "; no coherence: velocity threshold, no network"
        print(f"{stack}: {FORMATS[product.form]}, {len(product.paths)} files, {days[0]} to {days[-1]}{quality}")
    rows, cols = begun.grid.shape
    print(f"EPSG {begun.grid.epsg}, {rows} x {cols} cells of {begun.grid.cell_m:g} m")
    print(f"{begun.path} is written: sarslide run {asked.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

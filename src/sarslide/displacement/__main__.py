"""`python -m sarslide.displacement`: a region of a displacement product.

It writes `products/NAME` and `regions/NAME.yaml` into the working folder; `sarslide run NAME`
follows.
"""

import argparse
import json
import sys
from pathlib import Path

from sarslide.displacement import formats, region
from sarslide.displacement.contract import SIGNS, UNITS, Declared
from sarslide.errors import SarslideError
from sarslide.grid import RegionGrid


def parser() -> argparse.ArgumentParser:
    """The options.

    Returns
    -------
    argparse.ArgumentParser
        Of the command.
    """
    made = argparse.ArgumentParser(prog="python -m sarslide.displacement", description=__doc__)
    made.add_argument("product", help="file or folder of one track")
    made.add_argument("--region", required=True, metavar="NAME", help="name of the region to be made")
    made.add_argument("--stack", required=True, help="pass and relative orbit, such as A117")
    made.add_argument("--epsg", type=int, required=True, help="CRS of the region, metres")
    made.add_argument("--bounds", type=float, nargs=4, required=True, metavar=("W", "S", "E", "N"), help="m")
    made.add_argument("--cell", type=float, default=30.0, metavar="M", help="side of a cell, m (30)")
    made.add_argument("--dem", required=True, help="file of ellipsoidal heights, or glo30, aw3d30, srtm")
    made.add_argument("--unit", choices=UNITS, help="of a plain GeoTIFF, per year")
    made.add_argument("--positive", choices=SIGNS, help="motion with positive values in a plain GeoTIFF")
    made.add_argument("--period", nargs=2, metavar=("FIRST", "LAST"), help="of a rate without dates, YYYYMMDD")
    made.add_argument("--incidence", type=float, metavar="DEG", help="where the product has none by cell")
    made.add_argument("--heading", type=float, metavar="DEG", help="flight direction, clockwise from north")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Make the region.

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
    period = tuple(asked.period) if asked.period else None
    declared = Declared(asked.unit, asked.positive, period, asked.incidence, asked.heading)
    ground = {"epsg": asked.epsg, "bounds": asked.bounds, "cell_m": asked.cell, "dem": asked.dem}
    try:
        grid = RegionGrid.from_bounds(asked.epsg, tuple(asked.bounds), asked.cell)
        form, found = formats.read(asked.product, grid, declared)
        made = region.write(asked.region, asked.stack, form, found, declared, ground, Path())
    except SarslideError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(region.about(form, found), indent=1))
    print(f"{made} is written: sarslide run {asked.region}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Append the products below resources/{region}/slc/{stack}/{date}/ to the scene table."""

import csv
import logging
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sarslide.catalog.baselines import fill
from sarslide.catalog.scenes import BPERP, COLUMNS, CRITICAL, read
from sarslide.errors import CatalogError, OrbitError, SafeError
from sarslide.grid import RegionGrid
from sarslide.io.atomic import atomic_file
from sarslide.io.hashes import sha256
from sarslide.io.zip import check_archive
from sarslide.sentinel1.orbit import choose_eof
from sarslide.sentinel1.product import COPY_AGAIN, SafeProduct
from sarslide.sentinel1.safe import products_in
from sarslide.sentinel1.single_burst import SingleBurst

log = logging.getLogger(__name__)


def update(table: Path, folder: Path, region: RegionGrid, orbits: str = "restituted") -> int:
    """Append a row for every new product; the table is rewritten only if there is one.

    Products are SAFE folders, zips and single bursts. Rows without baselines, new ones or those of
    an old table, get them as the centre of the region sees them. A product whose orbit file is not
    there yet is left out, with a warning, until it is.

    Parameters
    ----------
    table : Path
        The scene table.
    folder : Path
        Holds the products in {stack}/{date}/.
    region : RegionGrid
        Grid of the region.
    orbits : str
        The lowest quality accepted, of `sentinel1.orbit.KINDS`.

    Returns
    -------
    int
        Number of new rows.

    Raises
    ------
    SafeError
        For a product that cannot be read.
    CatalogError
        For one that lies in another stack's or date's folder.
    """
    known = read(table) if table.is_file() else []
    granules = {row["granule"] for row in known}
    found = []
    for place in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        products = products_in(place)
        for product in products:
            if product.path.name not in granules and (orbit := _orbit(product, orbits)):
                if product.path.suffix == ".zip":
                    check_archive(product.path, True, SafeError, COPY_AGAIN)
                found.append(describe(product, orbit, products[0].start))
                log.info("new acquisition %s", product.path.name)
    rows = known + found
    if fill(rows, folder, region) or found or not table.is_file():
        with atomic_file(table) as temporary, open(temporary, "w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return len(found)


def _orbit(product: SafeProduct | SingleBurst, lowest: str) -> str:
    """A product's orbit file, `annotation` where that will do, empty where it has to wait."""
    try:
        return choose_eof(product.path.parent, product.mission, product.start, product.stop, lowest).name
    except OrbitError as error:
        if lowest == "annotation":
            return lowest
        log.warning("not yet in the table: %s", error)
        return ""


def describe(product: SafeProduct | SingleBurst, orbit: str, first_start: np.datetime64) -> dict[str, str]:
    """The row of a product that lies in `{stack}/{date}/`.

    Parameters
    ----------
    product : SafeProduct or SingleBurst
        The product.
    orbit : str
        Name of its orbit file.
    first_start : numpy.datetime64
        Of the first product there, whose UTC date counts.

    Returns
    -------
    dict
        By column.

    Raises
    ------
    CatalogError
        For a product of another stack or date.
    """
    place = product.path.parent
    stack, date = place.parent.name, place.name
    true_date = str(first_start)[:10].replace("-", "")
    if (product.stack, true_date) != (stack, date):
        raise CatalogError(
            f"{product.path}: is of stack {product.stack}, date {true_date}", f"move it to {product.stack}/{true_date}/"
        )
    path = product.path
    return {
        "stack": stack,
        "date": date,
        "granule": path.name,
        "platform": product.mission,
        "absolute_orbit": f"{product.facts.absolute_orbit:06d}",
        "start_utc": str(product.start),
        "sha256": sha256(path / "manifest.safe" if path.is_dir() else path),
        "orbit_file": orbit,
        "first_seen": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **dict.fromkeys((BPERP, CRITICAL), ""),
    }

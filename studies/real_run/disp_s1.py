"""OPERA DISP-S1 of a region, searched in NASA's Common Metadata Repository and downloaded with the
user's Earthdata login.

opera-utils searches the same collection. Frames of several tracks lie over a region, and their
names state no track: a frame belongs to the one on whose passes all its dates lie.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from sarslide.catalog.region import bounds_degree, outline
from sarslide.catalog.tracks import AFTER_S1A, passes
from sarslide.errors import DownloadError
from sarslide.grid import RegionGrid
from sarslide.retrieve.download import download
from sarslide.retrieve.http import get_json

COLLECTION = "OPERA_L3_DISP-S1_V1"
PAGE, MAX_PAGES = 500, 100
FIRST = "20160701"  # the collection begins in July 2016
NAME = re.compile(
    r"OPERA_L3_DISP-S1_IW_F(?P<frame>\d{5})_VV_(?P<reference>\d{8})T\d{6}Z_(?P<secondary>\d{8})T\d{6}Z"
    r"_v(?P<version>[\d.]+)_(?P<made>\d{8}T\d{6}Z)\.nc"
)


@dataclass(frozen=True)
class Product:
    """A displacement product as it is listed.

    Attributes
    ----------
    name : str
        Of its file.
    address : str
        Of the same.
    bytes : int
        Its size; 0 where it is not listed.
    frame, reference, secondary, made : str
        Frame, dates YYYYMMDD, and when it was made.
    outline : shapely geometry
        Longitude and latitude, degree.
    """

    name: str
    address: str
    bytes: int
    frame: str
    reference: str
    secondary: str
    made: str
    outline: Any


def search(address: str, grid: RegionGrid, start: str, end: str, **how: Any) -> list[Product]:
    """Products over a region whose later date lies in a window.

    Parameters
    ----------
    address : str
        Of the repository.
    grid : RegionGrid
        The region.
    start, end : str
        `YYYYMMDD`, inclusive.
    **how
        As of `sarslide.retrieve.http.get_text`.

    Returns
    -------
    list of Product
        In order of the later date; of several processings the last.

    Raises
    ------
    DownloadError
        Where the search fails, or lists something else.
    """
    iso = [f"{date[:4]}-{date[4:6]}-{date[6:]}" for date in (start, end)]
    query = {
        "short_name": COLLECTION,
        "bounding_box": ",".join(f"{value:.6f}" for value in bounds_degree(grid)),
        "temporal": f"{iso[0]}T00:00:00Z,{iso[1]}T23:59:59Z",
        "page_size": str(PAGE),
    }
    found: dict[tuple[str, str, str], Product] = {}
    for number in range(1, MAX_PAGES + 1):
        url = f"{address.rstrip('/')}/search/granules.umm_json"
        items = get_json(url, query | {"page_num": str(number)}, **how)["items"]
        for one in filter(None, (_product(item["umm"]) for item in items)):
            # A granule is listed by the time from its reference to its later date.
            known = found.get(key := (one.frame, one.reference, one.secondary))
            if start <= one.secondary <= end and (known is None or known.made < one.made):
                found[key] = one
        if len(items) < PAGE:
            break
    return sorted(found.values(), key=lambda one: (one.secondary, one.frame))


def _product(umm: Mapping[str, Any]) -> Product | None:
    """A record; None for one whose file is of another version."""
    try:
        address = next(
            one["URL"]
            for one in umm["RelatedUrls"]
            if one["Type"] == "GET DATA" and one["URL"].startswith("http") and one["URL"].endswith(".nc")
        )
        geometry = umm["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"]
        rings = [[(p["Longitude"], p["Latitude"]) for p in one["Boundary"]["Points"]] for one in geometry]
        files = umm.get("DataGranule", {}).get("ArchiveAndDistributionInformation", [])
    except (KeyError, TypeError, StopIteration) as error:
        raise DownloadError(f"the search lists a product of {COLLECTION} without {error}", "run again later") from error
    name = address.rpartition("/")[2]
    match = NAME.fullmatch(name)
    if match is None:
        return None
    size = next((int(one.get("SizeInBytes") or 0) for one in files if one.get("Name") == name), 0)
    about = match.groupdict()
    facts = {key: about[key] for key in ("frame", "reference", "secondary", "made")}
    return Product(name, address, size, outline=shapely.union_all([shapely.Polygon(ring) for ring in rings]), **facts)


def of_track(products: Iterable[Product], stack: str, grid: RegionGrid) -> list[Product]:
    """The products of one frame of a track: of several the one that covers most of the region.

    Parameters
    ----------
    products : iterable of Product
        Of `search`.
    stack : str
        Pass and relative orbit.
    grid : RegionGrid
        The region.

    Returns
    -------
    list of Product
        In their order; none where the archive has none of the track.
    """
    frames: dict[str, list[Product]] = {}
    for one in products:
        frames.setdefault(one.frame, []).append(one)
    if not frames:
        return []
    dates = {date for mine in frames.values() for one in mine for date in (one.reference, one.secondary)}
    flown = {date for mission in AFTER_S1A for date in passes(stack, grid, min(dates), max(dates), mission)}
    region = shapely.Polygon(outline(grid))
    mine = {frame: one for frame, one in frames.items() if flown.issuperset({product.secondary for product in one})}
    best = max(mine, key=lambda frame: (mine[frame][0].outline.intersection(region).area, len(mine[frame])), default="")
    return mine.get(best, [])


def in_window(products: Sequence[Product], start: str) -> list[Product]:
    """Products from a date on, and those before it that lead to their reference dates.

    Parameters
    ----------
    products : sequence of Product
        Of one frame, from the first one on.
    start : str
        `YYYYMMDD`.

    Returns
    -------
    list of Product
        In order of the later date. The first reference date needs none.
    """
    leading = {one.secondary: one for one in products}
    chosen = {one.name: one for one in products if one.secondary >= start}
    while True:
        references = {one.reference for one in chosen.values()}
        reached = {one.secondary for one in chosen.values()} | {min(references, default="")}
        more = [leading[date] for date in references - reached if date in leading]
        if not more:
            return sorted(chosen.values(), key=lambda one: one.secondary)
        chosen |= {one.name: one for one in more}


def fetch(products: Iterable[Product], folder: Path, session: Callable[[], Any], tries: int, pause_s: float) -> None:
    """Download products; those that are there are kept.

    Parameters
    ----------
    products : iterable of Product
        Of one track.
    folder : Path
        Where they are put.
    session : callable
        Opens the login, where anything is missing.
    tries : int
        How often each is tried at most.
    pause_s : float
        First pause between two tries, s.

    Raises
    ------
    DownloadError, CredentialsError
        Of the first that fails; what has arrived is kept.
    """
    for one in products:
        if not (folder / one.name).is_file():
            download(one.address, folder / one.name, one.bytes or None, tries, pause_s, session())

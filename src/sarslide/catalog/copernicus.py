"""Search in the Copernicus Data Space by OData: products and bursts.

Its on-demand bursts are not taken, its whole SLCs are.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sarslide import names
from sarslide.catalog.granule import Granule, utc
from sarslide.errors import DownloadError
from sarslide.io import bounded
from sarslide.retrieve.http import get_json
from sarslide.retrieve.retry import PAUSE_S, TRIES
from sarslide.retrieve.session import origin

log = logging.getLogger(__name__)

PAGE = 1000
MAX_PAGES = 100


def search(
    address: str,
    data_address: str,
    outline_wkt: str,
    stack: str,
    start: str | None,
    end: str | None,
    polarisations: tuple[str, ...],
    timeout_s: float = 60.0,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> list[Granule]:
    """Whole SLCs of one stack, with those of their bursts that lie in the region.

    The catalogue knows bursts since August 2024; older ones are being added.

    Parameters
    ----------
    address : str
        Of the catalogue.
    data_address : str
        Of the data.
    outline_wkt : str
        Outline of the region, degree.
    stack : str
        Pass and relative orbit.
    start, end : str, optional
        `YYYYMMDD`, inclusive.
    polarisations : tuple of str
        Co-polarised channels that are taken.
    timeout_s : float
        How long the server may be silent, s.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.

    Returns
    -------
    list of Granule
        What the catalogue lists.

    Raises
    ------
    DownloadError
        For a server that fails, or whose answer is incomplete or not what it should be.
    """
    catalogue = ODataCatalogue(address, timeout_s, tries, pause_s)
    where = [f"OData.CSC.Intersects(area=geography'SRID=4326;{outline_wkt}')"]
    where += [f"ContentDate/Start ge {names.parse_date(start):%Y-%m-%d}T00:00:00.000Z"] if start else []
    where += [f"ContentDate/Start le {names.parse_date(end):%Y-%m-%d}T23:59:59.999Z"] if end else []
    orbit = int(stack[1:])
    direction = "ASCENDING" if stack[0] == "A" else "DESCENDING"
    products = catalogue.everything(
        "Products",
        ["Collection/Name eq 'SENTINEL-1'", "contains(Name,'_IW_SLC__1S')", *where]
        + [
            _attribute("Integer", "relativeOrbitNumber", str(orbit)),
            _attribute("String", "orbitDirection", f"'{direction}'"),
        ],
    )
    bursts = catalogue.everything("Bursts", [f"RelativeOrbitNumber eq {orbit}", "OperationalMode eq 'IW'", *where])
    held: dict[str, set[str]] = {}
    for one in bursts:
        with _record(one):
            if one.get("PolarisationChannels") in polarisations:
                parent = str(one.get("ParentProductName", "")).removesuffix(".SAFE")
                held.setdefault(parent, set()).add(f"{int(one['BurstId']):06d}_{one['SwathIdentifier'].upper()}")
    found = [scene_of(one, stack, data_address, held) for one in products]
    return [one for one in found if one.polarisation in polarisations]


def _attribute(kind: str, name: str, value: str) -> str:
    word = f"OData.CSC.{kind}Attribute"
    return f"Attributes/{word}/any(att:att/Name eq '{name}' and att/{word}/Value eq {value})"


class ODataCatalogue:
    """One OData catalogue, read page after page.

    Parameters
    ----------
    address : str
        Of the catalogue.
    timeout_s : float
        How long the server may be silent, s.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.
    """

    def __init__(self, address: str, timeout_s: float, tries: int, pause_s: float) -> None:
        self.address = address.rstrip("/")
        self.how: dict[str, Any] = {"timeout_s": timeout_s, "tries": tries, "pause_s": pause_s}

    def everything(self, entity: str, where: list[str], order: str = "ContentDate/Start asc") -> list[dict]:
        """All records of an entity that fit.

        Parameters
        ----------
        entity : str
            Products or Bursts.
        where : list of str
            Filters, all of which hold.
        order : str
            How the records are ordered.

        Returns
        -------
        list of dict
            The records.

        Raises
        ------
        DownloadError
            For a server that fails or leads elsewhere.
        """
        about = {"$filter": " and ".join(where), "$orderby": order, "$top": str(PAGE)}
        about |= {"$expand": "Attributes"} if entity == "Products" else {}
        url = f"{self.address}/{entity}"
        query: dict[str, str] | None = about
        found: list[dict] = []
        for _ in range(MAX_PAGES):
            answer = get_json(url, query, **self.how)
            page = answer.get("value") if isinstance(answer, dict) else None
            if not isinstance(page, list):
                raise DownloadError(f"{self.address}/{entity}: the answer is no list", "run again later")
            found += page
            url, query = str(answer.get("@odata.nextLink") or ""), None
            if not url:
                return found
            if origin(url) != origin(self.address):
                raise DownloadError(f"{self.address}: its next page is elsewhere", "check the address")
        raise DownloadError(f"{self.address}/{entity}: more than {MAX_PAGES} pages", "narrow the dates of the search")


def scene_of(record: dict[str, Any], stack: str, data_address: str, held: dict[str, set[str]]) -> Granule:
    """The granule of a product's record.

    Parameters
    ----------
    record : dict
        Of the catalogue.
    stack : str
        Pass and relative orbit.
    data_address : str
        Of the data.
    held : dict
        Burst identifiers in the region, by name of the SLC.

    Returns
    -------
    Granule
        The SLC.

    Raises
    ------
    DownloadError
        For a record without what it must hold.
    """
    with _record(record):
        name = record["Name"].removesuffix(".SAFE")
        about = {one["Name"]: one["Value"] for one in record.get("Attributes", [])}
        return Granule(
            stack=stack,
            granule=name,
            platform=name[:3],
            absolute_orbit=int(name[49:55]),
            start=utc(record["ContentDate"]["Start"]),
            stop=utc(record["ContentDate"]["End"]),
            polarisation={"V": "VV", "H": "HH"}[name[15]],
            burst_ids=tuple(sorted(held.get(name, ()))),
            bytes=int(record.get("ContentLength") or 0),
            # The zip is made on request: size and checksum of the catalogue are not its own.
            checksum="",
            address=f"{data_address.rstrip('/')}/Products({record['Id']})/$value",
            ipf=str(about.get("processorVersion", "")),
            published=str(record.get("PublicationDate", "")),
        )


@contextmanager
def _record(record: object) -> Iterator[None]:
    """DownloadError for a record without the entries that are read within."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DownloadError(
            f"the catalogue lists {bounded.shown(record)} without {bounded.shown(error)}",
            "run again later; report it to the archive",
        ) from error

"""Search at the Alaska Satellite Facility, through asf_search.

That package translates it for NASA's Common Metadata Repository.
"""

import logging
import re
import warnings
from typing import Any
from urllib.parse import urlsplit

from sarslide import extras, names
from sarslide.catalog.granule import Granule, utc
from sarslide.errors import DownloadError, NamingError
from sarslide.io import bounded
from sarslide.retrieve.http import bound
from sarslide.retrieve.retry import PAUSE_S, TRIES, TransientError, retry_or_fail

log = logging.getLogger(__name__)

MAX_GRANULES = 100_000  # of a stack; ten years of a region of 100 bursts
FAR_FUTURE = "2100-01-01T00:00:00Z"  # asf_search ends an open search at this machine's clock
BURSTS = {"dataset": "SLC-BURST"}
SCENES = {"dataset": "SENTINEL-1", "processingLevel": "SLC"}


def search(
    address: str,
    outline_wkt: str,
    stack: str,
    start: str | None,
    end: str | None,
    polarisations: tuple[str, ...],
    bursts: bool,
    timeout_s: float = 60.0,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> list[Granule]:
    """Bursts of one stack, or whole SLCs with those of their bursts that lie in the region.

    Parameters
    ----------
    address : str
        Of the repository, scheme and host.
    outline_wkt : str
        Outline of the region, degree.
    stack : str
        Pass and relative orbit.
    start, end : str, optional
        `YYYYMMDD`, inclusive.
    polarisations : tuple of str
        Of the co-polarised channel, tried in turn.
    bursts : bool
        Whether bursts are looked for.
    timeout_s : float
        How long the server may be silent, s.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.

    Returns
    -------
    list of Granule
        What the archive lists.

    Raises
    ------
    DownloadError
        For a server that fails, or whose answer is incomplete or not what it should be.
    """
    about = {
        "beamMode": ["IW"],
        "flightDirection": "ASCENDING" if stack[0] == "A" else "DESCENDING",
        "relativeOrbit": [int(stack[1:])],
        "intersectsWith": outline_wkt,
        "start": _time(start, "T00:00:00Z") or "2014-01-01T00:00:00Z",
        "end": _time(end, "T23:59:59Z") or FAR_FUTURE,
    }

    def found(what: dict[str, Any]) -> list[dict]:
        return retry_or_fail(address, lambda: _items(address, about | what, timeout_s), tries, pause_s)

    single = [
        burst_of(umm) for polarisation in polarisations for umm in found(BURSTS | {"polarization": [polarisation]})
    ]
    if bursts:
        return single
    held: dict[str, set[str]] = {}
    for one in single:
        held.setdefault(_parent(one.address), set()).update(one.burst_ids)
    scenes = [scene_of(umm, held) for umm in found(SCENES)]
    return [scene for scene in scenes if scene.polarisation in polarisations]


def _time(date: str | None, clock: str) -> str:
    return f"{names.parse_date(date):%Y-%m-%d}{clock}" if date else ""


def _items(address: str, about: dict[str, Any], timeout_s: float) -> list[dict]:
    """The UMM-G record of every granule."""
    extras.require("asf_search", "the search at ASF")
    import asf_search

    asf_search.REPORT_ERRORS = False  # it would send failed searches to ASF
    logging.getLogger("asf_search").setLevel(logging.ERROR)  # it logs every search whole
    options = asf_search.ASFSearchOptions(host=urlsplit(address).netloc, session=_session(address, timeout_s), **about)
    found: list[dict] = []
    complete = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its use of shapely
            for page in asf_search.search_generator(opts=options):
                complete = page.searchComplete
                found += [product.umm for product in page]
                if len(found) > MAX_GRANULES:
                    raise DownloadError(
                        f"{address}: lists more than {MAX_GRANULES} granules", "check catalog.search_asf and the region"
                    )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TransientError(f"the answer is no list of granules ({type(error).__name__})") from error
    except asf_search.exceptions.ASFSearchError as error:
        raise TransientError(f"the search failed ({type(error).__name__})") from error
    if not complete:  # asf_search only warns
        raise TransientError(f"the answer ended after {len(found)} granules, there are more")
    return found


def _session(address: str, timeout_s: float) -> Any:
    """A session without credentials that sends to `address` and tells transient failures apart."""
    import requests

    class Search(requests.Session):
        # As asf_search calls it.
        def post(self, url: str, **how: Any) -> requests.Response:  # type: ignore[override]
            parts = urlsplit(url)
            # asf_search knows hosts only, and no scheme but https.
            there = address.rstrip("/") + parts.path
            try:
                answer = super().post(there, **how | {"timeout": timeout_s, "auth": lambda request: request})
            except requests.RequestException as error:
                raise TransientError(f"the search does not answer ({type(error).__name__})") from error
            if answer.status_code in (408, 429) or answer.status_code >= 500:
                raise TransientError(f"the search answers {answer.status_code}")
            if answer.status_code != 200 or "json" not in answer.headers.get("Content-Type", ""):
                raise DownloadError(
                    f"{there}: the search answers {answer.status_code} {answer.headers.get('Content-Type', '')}".rstrip(),
                    "check catalog.search_asf and the region",
                )
            return answer

    search = Search()
    bound(search)
    return search


def burst_of(umm: dict) -> Granule:
    """The granule of a burst's record.

    Parameters
    ----------
    umm : dict
        UMM-G record.

    Returns
    -------
    Granule
        The burst.

    Raises
    ------
    DownloadError
        For a record without what it must hold.
    """
    facts: dict[str, Any] = {}
    with _record(umm):
        about = _attributes(umm)
        facts = _common(umm, about) | {
            "granule": umm["GranuleUR"],
            "burst_ids": (f"{int(about['BURST_ID_RELATIVE']):06d}_{about['SUBSWATH_NAME']}",),
            "polarisation": about["POLARIZATION"],
            "bytes": int(about.get("BYTE_LENGTH") or 0),
            "checksum": "",
            "address": _address(umm, "USE SERVICE API", ".tiff"),
        }
        # The burst is imaged from its azimuth time on; the record's range is that of its sensing.
        start = utc(about["AZIMUTH_TIME"])
        facts |= {"start": min(start, facts["start"])}
    return Granule(**facts)


def scene_of(umm: dict, held: dict[str, set[str]]) -> Granule:
    """The granule of an SLC's record.

    Parameters
    ----------
    umm : dict
        UMM-G record.
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
    facts: dict[str, Any] = {}
    with _record(umm):
        about = _attributes(umm)
        name = umm["GranuleUR"].removesuffix("-SLC")
        facts = _common(umm, about) | {
            "granule": name,
            "burst_ids": tuple(sorted(held.get(name, ()))),
            "polarisation": about["POLARIZATION"].partition("+")[0],
            "bytes": int(about.get("BYTES") or 0),
            "checksum": f"md5:{about['MD5SUM'].lower()}" if about.get("MD5SUM") else "",
            "address": _address(umm, "GET DATA", ".zip"),
        }
    return Granule(**facts)


def _common(umm: dict, about: dict[str, str]) -> dict[str, Any]:
    times = umm["TemporalExtent"]["RangeDateTime"]
    inserted = [one["Date"] for one in umm.get("ProviderDates", []) if one.get("Type") == "Insert"]
    return {
        "stack": names.stack_name(about["ASCENDING_DESCENDING"], int(about["PATH_NUMBER"])),
        "platform": f"S1{umm['Platforms'][0]['ShortName'][-1].upper()}",
        "absolute_orbit": int(umm["OrbitCalculatedSpatialDomains"][0]["OrbitNumber"]),
        "start": utc(times["BeginningDateTime"]),
        "stop": utc(times["EndingDateTime"]),
        "ipf": umm.get("PGEVersionClass", {}).get("PGEVersion", ""),
        "published": inserted[0] if inserted else "",
    }


def _attributes(umm: dict) -> dict[str, str]:
    found = umm["AdditionalAttributes"]
    return {one["Name"]: one["Values"][0] for one in found if one.get("Values")}


def _address(umm: dict, kind: str, suffix: str) -> str:
    return next(one["URL"] for one in umm["RelatedUrls"] if one["Type"] == kind and one["URL"].endswith(suffix))


def _parent(address: str) -> str:
    """Name of the SLC that a burst is cut out of, from the address of the extractor."""
    match = re.search(r"/(S1[A-D]_IW_SLC__[^/]+)/IW\d/", address)
    return match[1] if match else ""


class _record:
    """DownloadError for a record without the entries that are read within."""

    def __init__(self, umm: dict) -> None:
        self.name = bounded.shown(umm.get("GranuleUR", "?") if isinstance(umm, dict) else "?")

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        wrong = (
            KeyError
            | IndexError
            | TypeError
            | ValueError
            | AttributeError
            | OverflowError
            | StopIteration
            | NamingError
        )
        if isinstance(error, wrong):
            raise DownloadError(
                f"the search lists {self.name} without {bounded.shown(error) or 'an address'}",
                "run again later; report it to ASF",
            ) from error

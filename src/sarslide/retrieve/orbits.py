"""Orbit files from three sources: ASF's public bucket, ASF's listing, the Copernicus Data Space.

A source that fails or does not have the file is passed over, with a warning, for the next one.
sentineleof is not used: its addresses are fixed, it takes restituted orbits in place of precise
ones without a word, and keeps what a broken connection left.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from sarslide.errors import CredentialsError, DownloadError, OrbitError
from sarslide.io import bounded
from sarslide.retrieve.download import download
from sarslide.retrieve.http import get_json, get_text
from sarslide.retrieve.retry import PAUSE_S, TRIES
from sarslide.sentinel1.orbit import EOF_NAME, MARGIN_S, read_eof, validity

log = logging.getLogger(__name__)

PRODUCTS = {"precise": "AUX_POEORB", "restituted": "AUX_RESORB"}
MAX_PAGES = 500
S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"
Listing = dict[str, tuple[str, str]]  # name of a file: its address, its checksum


@dataclass
class Sources:
    """Where orbit files are looked for, in turn. Listings are downloaded once.

    Attributes
    ----------
    order : tuple of str
        Of asf_bucket, asf_listing, copernicus.
    bucket, listing, catalogue : str
        Addresses of the three.
    data_copernicus : str
        Address of the data of the Copernicus Data Space.
    earthdata, copernicus : callable
        Give the session of a login, opened when it is first needed.
    timeout_s : float
        How long a server may be silent, s.
    tries : int
        How often a request is tried at most.
    pause_s : float
        First pause between two tries, s.
    """

    order: tuple[str, ...]
    bucket: str
    listing: str
    catalogue: str
    data_copernicus: str
    earthdata: Callable[[], Any]
    copernicus: Callable[[], Any]
    timeout_s: float = 60.0
    tries: int = TRIES
    pause_s: float = PAUSE_S
    _known: dict[tuple, Listing] = field(default_factory=dict, repr=False)

    def find(self, mission: str, start: np.datetime64, stop: np.datetime64, lowest: str = "precise") -> str:
        """Name of the best orbit file that covers an interval with a minute on each side.

        Parameters
        ----------
        mission : str
            S1A ...
        start, stop : numpy.datetime64
            The interval, UTC.
        lowest : str
            `precise` or `restituted`: the lowest quality accepted.

        Returns
        -------
        str
            The name; empty where none is out yet.

        Raises
        ------
        DownloadError
            When no source answers.
        """
        failures: list[str] = []
        answered = False
        for kind in ("precise", "restituted")[: 1 + (lowest == "restituted")]:
            for source in self.order:
                try:
                    listed = self._list(source, kind, mission, start, stop)
                except (DownloadError, CredentialsError) as error:
                    failures.append(f"{source}: {error.problem}")
                    log.warning("orbit files of %s: %s", source, error)
                    continue
                answered = True
                fitting = [name for name in listed if covers(name, mission, start, stop)]
                if fitting:
                    return max(fitting, key=_created)
        if not answered:
            raise DownloadError(
                f"no source of orbit files answers ({failures[-1] if failures else 'none is named'})",
                "run again later, or put the EOF files beside the products",
            )
        return ""

    def fetch(self, name: str, folder: Path, start: np.datetime64, stop: np.datetime64) -> Path:
        """The orbit file of a name, downloaded from the first source that gives it whole.

        Parameters
        ----------
        name : str
            Of the file.
        folder : Path
            Where it is put.
        start, stop : numpy.datetime64
            What it must cover, UTC.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        OrbitError
            When no source has it.
        DownloadError, CredentialsError
            Of the last source that failed.
        """
        path = folder / name
        if path.is_file():
            return path
        match = EOF_NAME.fullmatch(name)
        if not match or not validity(name):
            raise OrbitError(f"'{name}': not the name of an orbit file", "`sarslide update`")
        kind = {"POEORB": "precise", "RESORB": "restituted"}[match[2]]
        last: DownloadError | CredentialsError | OrbitError | None = None

        def usable(part: Path) -> None:
            try:
                read_eof(part, match[1], start, -0.0, float((stop - start) / np.timedelta64(1, "s")))
            except OrbitError as error:
                raise DownloadError(f"{name}: {error.problem}", error.cure) from error

        for source in self.order:
            try:
                listed = self._list(source, kind, match[1], start, stop)
                if name not in listed:
                    continue
                address, checksum = listed[name]
                session = self._session(source)
                return download(
                    address, path, None, self.tries, self.pause_s, session, checksum, usable, self.timeout_s
                )
            except (DownloadError, CredentialsError) as error:
                log.warning("orbit file from %s: %s", source, error)
                last = error
        raise last or OrbitError(f"{name}: no source has it", "`sarslide update` looks for another one")

    def _session(self, source: str) -> Any:
        return {"asf_bucket": lambda: None, "asf_listing": self.earthdata, "copernicus": self.copernicus}[source]()

    def _list(self, source: str, kind: str, mission: str, start: np.datetime64, stop: np.datetime64) -> Listing:
        if source == "copernicus":
            return self._of_copernicus(kind, mission, start, stop)
        if source == "asf_listing":
            return self._once((source, kind), lambda: self._of_listing(kind))
        # The bucket sorts by creation: precise orbits were made anew years later, restituted ones
        # follow within hours.
        days = (
            [""] if kind == "precise" else [f"{start + np.timedelta64(k, 'D')}"[:10].replace("-", "") for k in (0, 1)]
        )
        found: Listing = {}
        for day in days:
            prefix = f"{PRODUCTS[kind]}/{mission}_OPER_{PRODUCTS[kind]}_OPOD_{day}"
            found |= self._once((source, prefix), partial(self._of_bucket, PRODUCTS[kind], prefix))
        return found

    def _once(self, key: tuple, work: Callable[[], Listing]) -> Listing:
        if key not in self._known:
            self._known[key] = work()
        return self._known[key]

    def _how(self) -> dict[str, Any]:
        return {"timeout_s": self.timeout_s, "tries": self.tries, "pause_s": self.pause_s}

    def _of_bucket(self, folder: str, prefix: str) -> Listing:
        found: Listing = {}
        about = {"prefix": prefix}
        base = self.bucket.rstrip("/")
        for _ in range(MAX_PAGES):
            text = get_text(f"{base}/", about, **self._how())
            root = bounded.xml(text, f"{base}: the listing of the bucket", DownloadError, "check retrieve.orbit_bucket")
            keys = [one.findtext(f"{S3}Key", "") for one in root.iterfind(f"{S3}Contents")]
            for one in root.iterfind(f"{S3}Contents"):
                key, tag = one.findtext(f"{S3}Key", ""), one.findtext(f"{S3}ETag", "").strip('"')
                name = key.removeprefix(f"{folder}/")
                if EOF_NAME.fullmatch(name):
                    # The ETag of an object that was sent in one piece is its MD5.
                    checksum = f"md5:{tag}" if re.fullmatch("[0-9a-f]{32}", tag) else ""
                    found[name] = f"{base}/{key}", checksum
            # A page that ends where the one before did would be followed by itself.
            if root.findtext(f"{S3}IsTruncated", "false") != "true" or not keys or keys[-1] <= about.get("marker", ""):
                return found
            about = {"prefix": prefix, "marker": keys[-1]}
        raise DownloadError(f"{base}: more than {MAX_PAGES} pages", "check retrieve.orbit_bucket")

    def _of_listing(self, kind: str) -> Listing:
        base = f"{self.listing.rstrip('/')}/{PRODUCTS[kind].lower()}/"
        names = {match[0] for match in EOF_NAME.finditer(get_text(base, **self._how()))}
        return {name: (base + name, "") for name in names}

    def _of_copernicus(self, kind: str, mission: str, start: np.datetime64, stop: np.datetime64) -> Listing:
        minute = np.timedelta64(int(MARGIN_S), "s")
        where = (
            f"startswith(Name,'{mission}') and contains(Name,'{PRODUCTS[kind]}') and "
            f"ContentDate/Start lt {_stamp(start - minute)} and ContentDate/End gt {_stamp(stop + minute)}"
        )
        about = {"$filter": where, "$orderby": "ContentDate/Start asc", "$top": "20"}
        answer = get_json(f"{self.catalogue.rstrip('/')}/Products?{urlencode(about)}", **self._how())
        return orbits_of(answer, self.data_copernicus)


def orbits_of(answer: Any, data_address: str) -> Listing:
    """Orbit files of an OData answer.

    Parameters
    ----------
    answer : object
        JSON of the answer.
    data_address : str
        Address of the data of the Copernicus Data Space.

    Returns
    -------
    dict
        Address and checksum by name of the file.

    Raises
    ------
    DownloadError
        For an answer that is no list of products.
    """
    try:
        found: Listing = {}
        for one in answer["value"]:
            md5 = [c["Value"].lower() for c in one.get("Checksum") or [] if c.get("Algorithm") == "MD5"]
            if EOF_NAME.fullmatch(one["Name"]) and re.fullmatch(r"[0-9A-Za-z\-]{1,64}", one["Id"]):
                address = f"{data_address.rstrip('/')}/Products({one['Id']})/$value"
                found[one["Name"]] = address, f"md5:{md5[0]}" if md5 and re.fullmatch("[0-9a-f]{32}", md5[0]) else ""
        return found
    except (KeyError, TypeError, AttributeError) as error:
        raise DownloadError(
            f"the catalogue's answer is no list of orbit files ({bounded.shown(error)})", "run again later"
        ) from error


def covers(name: str, mission: str, start: np.datetime64, stop: np.datetime64) -> bool:
    """Whether an orbit file, by its name, covers an interval with a minute on each side.

    Parameters
    ----------
    name : str
        Of the file.
    mission : str
        S1A ...
    start, stop : numpy.datetime64
        The interval, UTC.

    Returns
    -------
    bool
        False for another mission, too.
    """
    satellite, begin, end = validity(name) or ("", start, stop)
    minute = np.timedelta64(int(MARGIN_S), "s")
    return bool(satellite == mission and begin <= start - minute and stop + minute <= end)


def _created(name: str) -> str:
    return name.partition("_OPOD_")[2]


def _stamp(time: np.datetime64) -> str:
    return f"{np.datetime_as_string(time, unit='ms')}Z"

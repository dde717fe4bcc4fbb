"""Checks against the archives: they take seconds, and nothing is downloaded but first bytes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sarslide.catalog.region import bounds_degree
from sarslide.config import Config
from sarslide.errors import DemError, DownloadError, SarslideError
from sarslide.preflight.finding import GOOD, NOTE, WARNING, Finding, of_error
from sarslide.retrieve.access import Access
from sarslide.retrieve.dem_tiles import MODELS, tiles
from sarslide.retrieve.download import probe
from sarslide.retrieve.retry import TransientError

AGAIN = "look at the connection and at the archive's status page, then run again"


def archive(config: Config, access: Access, rows: Sequence[dict[str, str]]) -> list[Finding]:
    """Whether the archive takes the login and gives the first byte of the newest product.

    Then its licence is accepted.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    access : Access
        Logins and connections.
    rows : sequence of dict
        Of the scene table; without any, only a login that is proved by itself (a token) is tried.

    Returns
    -------
    list of Finding
        One finding; none for a region without archive.
    """
    name = config.archive()
    if not name:
        return []
    check = f"archive {name}"
    try:
        session = access.session(name)
        if not rows:
            return [Finding(check, NOTE, "no product in the scene table to try: licence not tried")]
        newest = max(rows, key=lambda row: (row["date"], row["granule"]))
        _answered(lambda: probe(newest["address"], session))
        return [Finding(check, GOOD, f"gives {newest['granule']}: login taken, licence accepted")]
    except SarslideError as error:
        return [of_error(check, error)]


def dem(config: Config, address: str, geoid_address: str, connections: int) -> list[Finding]:
    """Whether the tiles of a global DEM over region and margin, and its geoid, are there.

    A tile that is not is sea, mostly.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    address : str
        Where the tiles lie.
    geoid_address : str
        Where the geoid lies.
    connections : int
        At once.

    Returns
    -------
    list of Finding
        Tiles and geoid.
    """
    model = config.grid.dem
    if config.source == "simulated" or model not in MODELS:
        return []
    names = tiles(model, bounds_degree(config.grid.region_grid().pad(config.grid.margin_m)))
    try:
        with ThreadPoolExecutor(connections) as pool:
            there = list(pool.map(lambda name: _is_there(f"{address.rstrip('/')}/{name}"), names))
    except DownloadError as error:
        return [of_error("DEM tiles", error)]
    absent = [name.rpartition("/")[2] for name, found in zip(names, there, strict=True) if not found]
    if len(absent) == len(names):
        none = DemError(
            f"{model} has none of {len(names)} tiles over the region", "choose another model, or give a DEM file"
        )
        return [of_error("DEM tiles", none)]
    found = [Finding("DEM tiles", GOOD, f"{len(names)} tiles of {model}")]
    if absent:
        text = f"{model} has no tile {', '.join(absent[:3])}"
        cure = "nothing to do where these are sea; else choose another model, or give a DEM file"
        found = [Finding("DEM tiles", WARNING, text, f"E{DemError.code}", cure)]
    try:
        if not _is_there(geoid_address):
            raise DownloadError(
                f"{geoid_address}: is not there", "check the address of the geoid in the section retrieve"
            )
        found.append(Finding("geoid", GOOD, MODELS[model].geoid))
    except DownloadError as error:
        found.append(of_error("geoid", error))
    return found


def _is_there(address: str) -> bool:
    try:
        _answered(lambda: probe(address))
        return True
    except DownloadError as error:
        # A bucket without a right to list answers 403 for what it does not have.
        if error.gone or "answers 403" in error.problem:
            return False
        raise


def _answered(work: Callable[[], Any]) -> Any:
    """The result of `work`; DownloadError for a server that does not answer now."""
    try:
        return work()
    except TransientError as failure:
        raise DownloadError(f"the archive does not answer: {failure}", AGAIN) from failure

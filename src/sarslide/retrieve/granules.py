"""The products of a date: downloaded into a store and linked into the folder of the date.

Snakemake removes the outputs of a job that fails and of one that is run again; what lies in the
store stays, whole files under their names and the beginnings of others as hidden parts, so that
nothing is downloaded twice. asf_search's own download is not used: it resumes nothing, leaves what
a broken connection left under the final name, and takes a login page for a product.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.errors import DownloadError, SafeError, SarslideError
from sarslide.io import bounded
from sarslide.io.atomic import atomic_folder
from sarslide.io.zip import check_archive
from sarslide.retrieve.connections import connection
from sarslide.retrieve.download import download
from sarslide.retrieve.retry import PAUSE_S, TRIES

log = logging.getLogger(__name__)

BURST = "-BURST"
AGAIN = "run again later; if it stays so, tell the archive"


@dataclass(frozen=True)
class RequestedGranule:
    """A granule of the scene table.

    Attributes
    ----------
    granule : str
        Name.
    address : str
        Of its file.
    bytes : int
        Of its file, where the archive states them; 0 elsewhere.
    checksum : str
        Of its file, `md5:` or `sha256:` and hex digits; empty elsewhere.
    """

    granule: str
    address: str
    bytes: int = 0
    checksum: str = ""

    @property
    def files(self) -> list[tuple[str, str]]:
        """Names and addresses of its files; of a burst the metadata comes first."""
        if self.granule.endswith(BURST):
            return [
                (f"{self.granule}.xml", f"{self.address.removesuffix('.tiff')}.xml"),
                (f"{self.granule}.tiff", self.address),
            ]
        return [(f"{self.granule}.zip", self.address)]


def retrieve(
    requested: Iterable[RequestedGranule],
    store: Path,
    session: Callable[[], Any],
    connections: int,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> list[Path]:
    """The files of granules in a store; those that are missing are downloaded.

    Parameters
    ----------
    requested : iterable of RequestedGranule
        The granules.
    store : Path
        Folder of the files.
    session : callable
        Opens the login, if anything has to be downloaded.
    connections : int
        How many at a time.
    tries : int
        How often each is tried at most.
    pause_s : float
        First pause between two tries, s.

    Returns
    -------
    list of Path
        In the order of the granules.

    Raises
    ------
    DownloadError, CredentialsError
        Of the first that fails, when the others have ended; what they brought is kept.
    """
    store.mkdir(parents=True, exist_ok=True)
    granules = list(requested)
    missing = [one for one in granules if not all((store / name).is_file() for name, _ in one.files)]
    if missing:
        opened = session()
        # The first one alone: it brings the cookie that the others use.
        _granule(missing[0], store, opened, connections, tries, pause_s)
        with ThreadPoolExecutor(connections) as pool:
            jobs = [pool.submit(_granule, one, store, opened, connections, tries, pause_s) for one in missing[1:]]
        for job in jobs:
            job.result()
    return [store / name for one in granules for name, _ in one.files]


def _granule(one: RequestedGranule, store: Path, session: Any, connections: int, tries: int, pause_s: float) -> None:
    check = _check_burst if one.granule.endswith(BURST) else _check_zip
    for name, address in one.files:
        if (store / name).is_file():
            continue
        known = bool(one.checksum) and name.endswith(".zip")
        with connection(store / ".connections", connections):
            download(
                address, store / name, one.bytes if known else None, tries, pause_s, session,
                one.checksum if known else "", check=partial(check, store=store, name=name),
            )  # fmt: skip
        log.info("arrived: %s", name)


def _check_zip(part: Path, store: Path, name: str) -> None:
    members = check_archive(part, deep=True)
    if not any(member.endswith("manifest.safe") for member in members):
        raise DownloadError(f"{name}: holds no SAFE product", AGAIN)


def _check_burst(part: Path, store: Path, name: str) -> None:
    """A burst's metadata must parse, its samples must be there to the last line."""
    from sarslide.sentinel1.samples import measurement

    if name.endswith(".xml"):
        root = bounded.xml(bounded.content(part, DownloadError, cure=AGAIN), name, DownloadError, AGAIN)
        if root.find("manifest") is None or root.find("metadata") is None:
            raise DownloadError(f"{name}: is no metadata of a burst", AGAIN)
        return
    try:
        with measurement(part) as source:
            source.read(1, window=((source.height - 1, source.height), (0, source.width)))
    except SafeError as error:
        unread = "its samples cannot be read to the end" if error.__cause__ else error.problem.removeprefix(f"{part}: ")
        raise DownloadError(f"{name}: {unread}", AGAIN) from error


def assemble(folder: Path, files: Iterable[Path]) -> None:
    """Links to files in a folder, which is made anew, all or nothing.

    Parameters
    ----------
    folder : Path
        Folder of a date.
    files : iterable of Path
        Products and orbit file.

    Raises
    ------
    DownloadError
        When one of them is no readable product.
    """
    from sarslide.sentinel1.safe import products_in

    with atomic_folder(folder) as temporary:
        for path in files:
            _link(path, temporary / path.name)
        try:
            products_in(temporary)
        except SarslideError as error:
            raise DownloadError(error.problem.replace(str(temporary), str(folder)), AGAIN) from error


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def span(rows: Iterable[dict[str, str]]) -> tuple[np.datetime64, np.datetime64]:
    """Start of the first and stop of the last of some rows.

    Parameters
    ----------
    rows : iterable of dict
        Of the scene table.

    Returns
    -------
    tuple of numpy.datetime64
        UTC.
    """
    rows = list(rows)
    return min(np.datetime64(row["start_utc"]) for row in rows), max(np.datetime64(row["stop_utc"]) for row in rows)

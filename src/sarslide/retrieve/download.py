"""Download one file: resumed after interruptions, whole or not there, and checked."""

import email.utils
import hashlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sarslide.errors import CredentialsError, DownloadError, OutputError, without_secrets
from sarslide.io.atomic import check_writable, rename
from sarslide.retrieve.retry import PAUSE_S, TIMEOUT_S, TRANSIENT_STATUS, TRIES, TransientError, retry

log = logging.getLogger(__name__)

PIECE = 1 << 16
MAX_BYTES = 64 << 30
SLOWEST_BYTES_S = 1000.0  # a server that sends less, over the time that it may be silent, is left
SKEW_S = 300.0
# How a file begins. A web page under another name is what archives send to those who are not logged
# in.
BEGINNINGS = {
    ".zip": (b"PK\3\4", b"PK\5\6"),
    ".tif": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ".tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ".xml": (b"<",),
    ".EOF": (b"<",),
}
PAGES = (b"<!doctype html", b"<html")


def download(
    url: str,
    path: str | Path,
    size: int | None = None,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
    session: Any = None,
    checksum: str = "",
    check: Callable[[Path], object] | None = None,
    silence_s: float = TIMEOUT_S[1],
) -> Path:
    """The file of an address, which has its name only when it is complete and is what it should be.

    What has arrived stays in `.<name>.part` beside it and is continued, also by a later call, as
    long as the server's ETag states that it is the same file.

    Parameters
    ----------
    url : str
        Address; what follows a `?` is shown in no message.
    path : str or Path
        Where the file is put.
    size : int, optional
        Bytes that it must have.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.
    session : Session, optional
        With its own time limits; without one no credentials are sent.
    checksum : str
        `md5:` or `sha256:` and hex digits; empty where it is not known.
    check : callable, optional
        Raises DownloadError for a file that is not to be trusted.
    silence_s : float
        How long a server may be silent, s, without a session.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    DownloadError
        When the server refuses, keeps failing, or delivers something else.
    CredentialsError
        When it does not accept who asks.
    OutputError
        When the folder cannot be written.
    """
    path = Path(path)
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    shown = without_secrets(url)
    wrong: list[str] = []

    def attempt() -> None:
        _attempt(url, shown, part, size, session, silence_s)
        try:
            _check_content(shown, part, path.suffix, checksum)
            if check:
                check(part)
        except DownloadError as error:
            # A second copy that is wrong as well is not an accident of the way.
            _forget(part)
            wrong.append(error.problem)
            if len(wrong) > 1:
                raise
            raise TransientError(error.problem) from error

    try:
        retry(attempt, tries, pause_s)
    except TransientError as failure:
        if isinstance(failure.__cause__, DownloadError):
            raise failure.__cause__ from None
        raise DownloadError(
            f"{shown}: {failure}, {tries} times", "run again later; what has arrived is kept"
        ) from failure
    with open(part, "rb+") as stream:
        os.fsync(stream.fileno())
    rename(part, path)
    _tag(part).unlink(missing_ok=True)
    return path


def _attempt(url: str, shown: str, part: Path, size: int | None, session: Any, silence_s: float) -> None:
    """Continue `part` until it is complete."""
    import requests
    from tqdm import tqdm
    from urllib3.exceptions import HTTPError

    have = part.stat().st_size if part.exists() else 0
    tag = _tag(part).read_text() if _tag(part).exists() else ""
    if have and not tag:  # nothing states that it is the same file
        have = 0
    if have and have == size:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": tag} if have else {}
    how: dict[str, Any] = {"headers": headers | {"Accept-Encoding": "identity"}, "stream": True}
    limits = min(silence_s, TIMEOUT_S[0]), silence_s
    how |= {"timeout": session.timeout_s} if session else {"timeout": limits, "auth": _no_credentials}
    try:
        with (session or requests).get(url, **how) as answer:
            _refused(answer, shown, part, session)
            if answer.status_code == 200:
                have = 0
            whole = _whole(answer, have)
            if whole is not None and (whole > MAX_BYTES or size not in (None, whole)):
                _forget(part)
                raise DownloadError(f"{shown}: has {whole} bytes, {size} are expected", "order the product again")
            _tag(part).write_text(answer.headers.get("ETag", ""))
            with (
                open(part, "r+b" if have else "wb") as stream,
                tqdm(total=whole, initial=have, unit="B", unit_scale=True, desc=part.stem[1:], disable=None) as bar,
            ):
                stream.seek(have)
                stream.truncate()
                since, counted = time.monotonic(), 0
                limit_s = how["timeout"][1]
                while piece := answer.raw.read1(PIECE):
                    stream.write(piece)
                    bar.update(len(piece))
                    counted += len(piece)
                    if stream.tell() > (size or MAX_BYTES):
                        raise DownloadError(f"{shown}: sends more than the {size} bytes expected", "check the address")
                    if (passed := time.monotonic() - since) > limit_s:
                        if counted < SLOWEST_BYTES_S * passed:
                            raise TransientError(f"the server sends less than {SLOWEST_BYTES_S:g} bytes a second")
                        since, counted = time.monotonic(), 0
    except (requests.RequestException, HTTPError, ConnectionError, TimeoutError) as error:
        raise TransientError(f"the connection failed ({type(error).__name__})") from error
    except OSError as error:
        raise OutputError(f"{part}: cannot be written ({error.strerror})", "make room, then run again") from error
    have = part.stat().st_size
    expected = size if size is not None else whole
    if expected is not None and have != expected:
        raise TransientError(f"the connection ended after {have} of {expected} bytes")


def _refused(answer: Any, shown: str, part: Path, session: Any) -> None:
    """Raise for every answer that is not the file."""
    from sarslide.retrieve.session import origin

    status = answer.status_code
    if status in TRANSIENT_STATUS:
        raise TransientError(f"the server answers {status}", _retry_after(answer))
    if status == 202:
        raise TransientError("the server still prepares the file", _retry_after(answer))
    if status == 416:
        _forget(part)
        raise TransientError("the server no longer has the part that is missing")
    who = session.reference if session else "no credentials"
    if session and (status == 401 or origin(answer.url) in session.login_pages and status < 500):
        if session.renew():
            raise TransientError("the token had ended")
        raise CredentialsError(
            f"{shown}: the login does not accept {who}", f"correct the login or token of {session.account}"
        )
    if status == 403:
        skew_s = _skew(answer)
        if abs(skew_s) > SKEW_S:
            raise DownloadError(
                f"{shown}: the server answers 403, and this clock is {skew_s / 60:.0f} minutes from the server's",
                "set the clock of this machine",
            )
        if session:
            raise CredentialsError(
                f"{shown}: the server answers 403, {who} may not have it",
                f"log in at {session.account} once in a browser and accept the licence (EULA) of the data",
            )
    if status in (404, 410):
        error = DownloadError(f"{shown}: the server answers {status}", "check the address, or order the product again")
        error.gone = True
        raise error
    if status not in (200, 206):
        raise DownloadError(f"{shown}: the server answers {status}", "check the address, or order the product again")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise DownloadError(f"{shown}: the server sends a web page", "check the address and the login in a browser")


def _check_content(shown: str, part: Path, suffix: str, checksum: str) -> None:
    with open(part, "rb") as stream:
        head = stream.read(64)
    if suffix in BEGINNINGS and (not head.startswith(BEGINNINGS[suffix]) or head.lower().startswith(PAGES)):
        raise DownloadError(f"{shown}: is no {suffix[1:]} file", "check the address and the login in a browser")
    kind, _, expected = checksum.partition(":")
    if expected:
        with open(part, "rb") as stream:
            found = hashlib.file_digest(stream, kind).hexdigest()
        if found != expected.lower():
            raise DownloadError(f"{shown}: its {kind} is {found}, the archive states {expected}", "run again later")


def _skew(answer: Any) -> float:
    """How far this clock is ahead of the server's, s; 0 where it does not state its time."""
    try:
        return time.time() - email.utils.parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except ValueError:
        return 0.0


def _no_credentials(request: Any) -> Any:
    """In place of what ~/.netrc may hold for the host."""
    return request


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _tag(part: Path) -> Path:
    return part.with_suffix(".etag")


def _whole(answer: Any, have: int) -> int | None:
    """Size of the whole file, as the server states it."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if answer.status_code == 206 and total.isdigit():
        return int(total)
    length = answer.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() else None


def _retry_after(answer: Any) -> float | None:
    asked = answer.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else None


def probe(url: str, session: Any = None) -> int | None:
    """Request the first byte of a file and take no more.

    Parameters
    ----------
    url : str
        Address; what follows a `?` is shown in no message.
    session : Session, optional
        Without one no credentials are sent.

    Returns
    -------
    int or None
        Size of the file in bytes, where the server states it.

    Raises
    ------
    DownloadError, CredentialsError, TransientError
        What a download would raise.
    """
    import requests
    from urllib3.exceptions import HTTPError

    shown = without_secrets(url)
    how: dict[str, Any] = {"headers": {"Range": "bytes=0-0", "Accept-Encoding": "identity"}, "stream": True}
    how |= {"timeout": session.timeout_s} if session else {"timeout": TIMEOUT_S, "auth": _no_credentials}
    try:
        with (session or requests).get(url, **how) as answer:
            _refused(answer, shown, Path("probe"), session)
            return _whole(answer, 0)
    except (requests.RequestException, HTTPError, ConnectionError, TimeoutError) as error:
        raise TransientError(f"the connection failed ({type(error).__name__})") from error

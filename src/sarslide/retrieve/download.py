"""Download one file: resumed after interruptions, whole or not there, its size checked."""

import logging
import os
from pathlib import Path

from sarslide.errors import DownloadError
from sarslide.io.raster import check_writable
from sarslide.retrieve.patience import PAUSE_S, TRIES, Passing, patiently

log = logging.getLogger(__name__)

TIMEOUT_S = (20, 60)  # to connect, and between two pieces
PIECE = 1 << 16  # what an interruption may cost
PASSING = {408, 425, 429, 500, 502, 503, 504}
MAX_BYTES = 64 << 30


def download(url: str, path: str | Path, size: int | None = None, tries: int = TRIES, pause_s: float = PAUSE_S) -> Path:
    """The file of `url` under `path`, which has its name only when it is complete.

    What has arrived stays in `.<name>.part` beside it and is continued, also by a later call, as long as the server's ETag says
    that it is the same file. size: bytes that it must have. No credentials are sent. Raises DownloadError, which never shows what
    follows a `?` in the address, when the server refuses, keeps failing, or delivers another size.
    """
    path = Path(path)
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    shown = url.partition("?")[0]
    try:
        patiently(lambda: _attempt(url, shown, part, size), tries, pause_s)
    except Passing as failure:
        raise DownloadError(
            f"{shown}: {failure}, {tries} times", "run again later; what has arrived is kept"
        ) from failure
    os.replace(part, path)
    _tag(part).unlink(missing_ok=True)
    return path


def _attempt(url: str, shown: str, part: Path, size: int | None) -> None:
    """Continue `part` until it is complete."""
    import requests
    from tqdm import tqdm

    have = part.stat().st_size if part.exists() else 0
    tag = _tag(part).read_text() if _tag(part).exists() else ""
    if have and not tag:  # nothing says that the file is still the same
        have = 0
    if have and have == size:
        return
    ask = {"Range": f"bytes={have}-", "If-Range": tag} if have else {}
    try:
        with requests.get(
            url, headers=ask | {"Accept-Encoding": "identity"}, stream=True, timeout=TIMEOUT_S, auth=_no_credentials
        ) as answer:
            if answer.status_code in PASSING:
                raise Passing(f"the server answers {answer.status_code}", _retry_after(answer))
            if answer.status_code == 416:
                part.unlink(missing_ok=True)
                raise Passing("the server no longer has the part that is missing")
            if answer.status_code not in (200, 206):
                raise DownloadError(
                    f"{shown}: the server answers {answer.status_code}", "check the address, or order the product again"
                )
            if answer.status_code == 200:
                have = 0
            whole = _whole(answer, have)
            if whole is not None and (whole > MAX_BYTES or size not in (None, whole)):
                part.unlink(missing_ok=True)
                raise DownloadError(f"{shown}: has {whole} bytes, {size} are expected", "order the product again")
            _tag(part).write_text(answer.headers.get("ETag", ""))
            with (
                open(part, "r+b" if have else "wb") as stream,
                tqdm(total=whole, initial=have, unit="B", unit_scale=True, desc=part.stem[1:], disable=None) as bar,
            ):
                stream.seek(have)
                stream.truncate()
                for piece in answer.iter_content(PIECE):
                    stream.write(piece)
                    bar.update(len(piece))
                    if stream.tell() > (size or MAX_BYTES):
                        raise DownloadError(f"{shown}: sends more than the {size} bytes expected", "check the address")
    except requests.RequestException as error:
        raise Passing(f"the connection failed ({type(error).__name__})") from error
    have = part.stat().st_size
    expected = size if size is not None else whole
    if expected is not None and have != expected:
        raise Passing(f"the connection ended after {have} of {expected} bytes")


def _no_credentials(request):
    """In place of what ~/.netrc may hold for the host."""
    return request


def _tag(part: Path) -> Path:
    return part.with_suffix(".etag")


def _whole(answer, have: int) -> int | None:
    """Size of the whole file, as the server says it."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if answer.status_code == 206 and total.isdigit():
        return int(total)
    length = answer.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() else None


def _retry_after(answer) -> float | None:
    asked = answer.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else None

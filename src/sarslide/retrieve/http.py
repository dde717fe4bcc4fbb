"""Small requests to public servers: an answer that is what it should be, or one coded line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sarslide.errors import DownloadError, without_secrets
from sarslide.io import bounded
from sarslide.retrieve.retry import PAUSE_S, TRANSIENT_STATUS, TRIES, TransientError, retry_or_fail

if TYPE_CHECKING:
    import requests

MAX_ANSWER = 64 << 20


def bound(session: "requests.Session") -> None:
    """Let a session of small requests read no more of an answer than `MAX_ANSWER` bytes.

    Parameters
    ----------
    session : requests.Session
        The session, of our own or of a package.
    """
    session.hooks["response"].append(_read)


def _read(answer: "requests.Response", *_: object, **__: object) -> None:
    """Read an answer before requests does, which takes all that a server sends."""
    import requests
    from urllib3.exceptions import HTTPError

    try:
        content = answer.raw.read(MAX_ANSWER + 1, decode_content=True)
    except (HTTPError, OSError) as error:
        raise requests.ConnectionError(type(error).__name__) from error
    if len(content) > MAX_ANSWER:
        shown = without_secrets(answer.url)
        raise DownloadError(f"{shown}: the answer has more than {MAX_ANSWER >> 20} MiB", "check the address")
    vars(answer).update(_content=content, _content_consumed=True)  # where requests keeps what was read


def get_text(
    url: str,
    query: Mapping[str, str] | None = None,
    session: Any = None,
    timeout_s: float = 60.0,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> str:
    """The text at an address.

    Parameters
    ----------
    url : str
        Address; what follows a `?` is shown in no message.
    query : mapping, optional
        Further parameters of the address.
    session : requests.Session, optional
        Without one no credentials are sent.
    timeout_s : float
        How long the server may be silent, s.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.

    Returns
    -------
    str
        The text.

    Raises
    ------
    DownloadError
        Where it cannot be fetched.
    """
    import requests

    shown = without_secrets(url)
    auth = {} if session else {"auth": lambda request: request}

    def attempt() -> str:
        try:
            with (session or requests).get(url, params=query, timeout=timeout_s, stream=True, **auth) as answer:
                if answer.status_code in TRANSIENT_STATUS:
                    asked = answer.headers.get("Retry-After", "")
                    raise TransientError(
                        f"the server answers {answer.status_code}", float(asked) if asked.isdigit() else None
                    )
                if answer.status_code != 200:
                    raise DownloadError(f"{shown}: the server answers {answer.status_code}", "check the address")
                _read(answer)
                content = answer.content
                length = answer.headers.get("Content-Length", "")
                coded = answer.headers.get("Content-Encoding")
        except requests.RequestException as error:
            raise TransientError(f"the connection failed ({type(error).__name__})") from error
        if length.isdigit() and not coded and len(content) < int(length):
            raise TransientError(f"the connection ended after {len(content)} of {length} bytes")
        return content.decode("utf-8", errors="replace")

    return retry_or_fail(shown, attempt, tries, pause_s)


def get_json(url: str, query: Mapping[str, str] | None = None, **how: Any) -> Any:
    """The JSON at an address.

    Parameters
    ----------
    url : str
        Address; what follows a `?` is shown in no message.
    query : mapping, optional
        Further parameters of the address.
    **how
        As of `get_text`.

    Returns
    -------
    object
        The content.

    Raises
    ------
    DownloadError
        Where it cannot be fetched or is no JSON.
    """
    return bounded.parsed_json(get_text(url, query, **how), without_secrets(url), DownloadError, "run again later")

"""Try again what a network may spoil, with pauses that grow."""

import logging
from collections.abc import Callable
from typing import TypeVar

from sarslide.errors import DownloadError

log = logging.getLogger(__name__)

Result = TypeVar("Result")
TRIES, PAUSE_S, MAX_PAUSE_S = 7, 2.0, 120.0
TIMEOUT_S = (20.0, 60.0)  # to connect, and between two pieces
TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}  # answers of a server that may be others later


class TransientError(Exception):
    """A failure that may pass.

    Parameters
    ----------
    problem : str
        What failed.
    wait_s : float, optional
        How long the server asks to wait, s; None where it does not state it.
    """

    def __init__(self, problem: str, wait_s: float | None = None):
        super().__init__(problem)
        self.wait_s = wait_s


def retry(work: Callable[[], Result], tries: int = TRIES, pause_s: float = PAUSE_S) -> Result:
    """Result of `work`, tried again while it raises TransientError.

    Parameters
    ----------
    work : callable
        What is tried; any other error of it is fatal and passes through.
    tries : int
        How often at most, 1 or more.
    pause_s : float
        First pause, s; each further one is twice as long, or as long as the server asks, at most
        MAX_PAUSE_S.

    Returns
    -------
    object
        What `work` returned.

    Raises
    ------
    TransientError
        That of the last try.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

    def wait(state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked_s = failure.wait_s if isinstance(failure, TransientError) else None
        return min(max(pause_s * 2 ** (state.attempt_number - 1), asked_s or 0), MAX_PAUSE_S)

    def note(state: RetryCallState) -> None:
        log.info("%s; again in %g s", state.outcome.exception() if state.outcome else "", state.upcoming_sleep)

    return Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(tries),
        wait=wait,
        before_sleep=note,
        reraise=True,
    )(work)


def retry_or_fail(
    what: str,
    work: Callable[[], Result],
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
    cure: str = "run again later",
) -> Result:
    """As `retry`, but the last failure is one coded line.

    Parameters
    ----------
    what : str
        Begin of the message: the address or the archive.
    work : callable
        What is tried.
    tries : int
        How often at most, 1 or more.
    pause_s : float
        First pause, s.
    cure : str
        Cure of the message.

    Returns
    -------
    object
        What `work` returned.

    Raises
    ------
    DownloadError
        When the last try failed as the others.
    """
    try:
        return retry(work, tries, pause_s)
    except TransientError as failure:
        raise DownloadError(f"{what}: {failure}, {tries} times", cure) from failure

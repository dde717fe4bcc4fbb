"""Try again what a network may spoil, with pauses that grow."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")
TRIES, PAUSE_S, LONGEST_S = 7, 2.0, 120.0
TIMEOUT_S = (20, 60)  # to connect, and between two pieces
PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers of a server that may be others later


class Passing(Exception):
    """A failure that may pass. wait_s: how long the server asks to wait; None: it does not say."""

    def __init__(self, problem: str, wait_s: float | None = None):
        super().__init__(problem)
        self.wait_s = wait_s


def patiently(work: Callable[[], Result], tries: int = TRIES, pause_s: float = PAUSE_S) -> Result:
    """Result of `work`, tried again while it raises Passing: pauses of pause_s, twice that and so on, or as the server asks.

    After `tries` the last Passing is raised.
    """
    for attempt in range(tries):
        try:
            return work()
        except Passing as failure:
            if attempt == tries - 1:
                raise
            wait_s = min(max(pause_s * 2**attempt, failure.wait_s or 0), LONGEST_S)
            log.info("%s; again in %g s", failure, wait_s)
            time.sleep(wait_s)
    raise AssertionError("tries must be positive")

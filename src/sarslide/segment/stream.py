"""Reading ahead of the work and writing behind it.

In threads, in order, holding no more than a few pieces.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item], workers: int = 1) -> Iterator[Result]:
    """Results of work on items, in order, made in threads while the caller uses one.

    An exception of `work` is raised where its result would have come.

    Parameters
    ----------
    work : callable
        Of one item.
    items : iterable
        What it works on.
    workers : int
        Results that are made ahead at the same time.

    Yields
    ------
    Any
        Result of each item.
    """
    pool = ThreadPoolExecutor(workers, "ahead")
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def behind(work: Callable[..., Any]) -> Iterator[Callable[..., None]]:
    """A context that runs work in one thread, in order, with one call waiting at most.

    An exception of `work` is raised by the next call, or at the end of the block.

    Parameters
    ----------
    work : callable
        What runs.

    Yields
    ------
    callable
        `submit(*arguments)`, which runs `work(*arguments)`.
    """
    pool = ThreadPoolExecutor(1, "behind")
    waiting: deque[Future[Any]] = deque()

    def submit(*arguments: Any) -> None:
        if len(waiting) > 1:
            waiting.popleft().result()
        waiting.append(pool.submit(work, *arguments))

    try:
        yield submit
        while waiting:
            waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)

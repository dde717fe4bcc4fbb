"""Reading ahead of the work and writing behind it, in threads, in order, holding no more than a few pieces."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item, Result = TypeVar("Item"), TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item], workers: int = 1) -> Iterator[Result]:
    """`work(item)` of each item, in order; the next `workers` results are made in threads while the caller uses one.

    An exception of `work` is raised where its result would have come.
    """
    pool = ThreadPoolExecutor(workers, "ahead")
    pending: deque[Future] = deque()
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
    """`submit(*arguments)`, which runs `work(*arguments)` in one thread, in order, with one call waiting at most.

    An exception of `work` is raised by the next call of `submit`, or at the end of the block.
    """
    pool = ThreadPoolExecutor(1, "behind")
    waiting: deque[Future] = deque()

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

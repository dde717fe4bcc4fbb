"""Hostile and broken files of any reader of HDF5."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import h5py

from tests.hostile.damaged import damaged
from tests.hostile.support import pipe


def hdf5_cases(
    good: Path,
    copied: Callable[[str], Path],
    changes: Mapping[str, Callable[[h5py.File], None]],
    read: Callable[[Path], object],
    words: bytes,
    seed: int,
) -> Iterator[tuple[str, Callable[[], object]]]:
    """A good file with each of the changes, what is no HDF5 in its place, and 28 seeded mutations."""
    for title, change in changes.items():
        path = copied(title)
        with h5py.File(path, "r+") as file:
            change(file)
        yield title, partial(read, path)
    for title, content in {"empty": b"", "words": words, "zeros": bytes(5000)}.items():
        path = copied(title)
        path.write_bytes(content)
        yield title, partial(read, path)
    yield "a pipe", partial(read, pipe(good.with_name(f"pipe{good.suffix}")))
    yield "an address", partial(read, Path(f"https:/127.0.0.1/x{good.suffix}"))
    for k, (title, content) in enumerate(damaged(good.read_bytes(), 28, seed)):
        path = copied(f"damaged {k}")
        path.write_bytes(content)
        yield f"{title}?", partial(read, path)


def replaced(name: str, values) -> Callable[[h5py.File], None]:
    """A dataset replaced by values, or by what a function makes of the file."""

    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = values(file) if callable(values) else values

    return change


def link(name: str, link) -> Callable[[h5py.File], None]:
    """A dataset replaced by a link."""

    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = link

    return change


def claims(name: str, **how) -> Callable[[h5py.File], None]:
    """A dataset replaced by one that claims a shape and holds nothing."""

    def change(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, dtype="f4", **how)

    return change

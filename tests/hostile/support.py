"""What must become of a hostile input, and files that are none."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sarslide.errors import SarslideError

SECRET = "s3cret-w0rd"
CODED = re.compile(r"E\d{4} [^\n]+; cure: [^\n]+")


def ends_well(name: str, read: Callable[[], object]) -> None:
    """One coded line without a secret; a value only where the name ends in `?`."""
    try:
        read()
    except SarslideError as error:
        assert CODED.fullmatch(str(error)), error
        assert SECRET not in str(error)
        assert len(str(error)) < 1500, len(str(error))
    else:
        assert name.endswith("?"), f"{name}: was read"


def pipe(path: Path) -> Path:
    """A pipe that nobody writes to."""
    if not path.exists():
        os.mkfifo(path)
    return path


def checked(cases: Callable, folder: Path, count: int) -> None:
    """Every case of a reader ends well, and there are enough of them."""
    found = 0
    for name, read in cases(folder):
        found += 1
        try:
            ends_well(name, read)
        except BaseException as error:
            pytest.fail(f"{name}: {type(error).__name__}: {error}")
    assert found >= count

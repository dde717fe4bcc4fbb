"""Acquisitions of one track, small, and the servers that deliver them."""

from pathlib import Path

import numpy as np
import pytest

from sarslide.grid import RegionGrid
from sarslide.retrieve.access import Access
from tests.archive.server import Archive, serving, write_netrc
from tests.support.point_targets import simulate_point_targets

DATES = ("20190306", "20190318")
REGION = RegionGrid(32647, 518000, 3209000, 30, 60, 60)  # around the point target


@pytest.fixture(scope="session")
def acquisitions(tmp_path_factory) -> Path:
    """stack/date folders with a SAFE and its orbit file each."""
    folder = tmp_path_factory.mktemp("acquisitions")
    for date in DATES:
        at = np.array([99.19]), np.array([29.0]), np.array([3000.0])
        simulate_point_targets(folder / "A128" / date, "A128", date, *at, samples=64)
    return folder


@pytest.fixture(scope="session")
def _served(acquisitions):
    with serving() as archive:
        for date in DATES:
            archive.publish(acquisitions / "A128" / date)
        yield archive


@pytest.fixture
def archive(_served, tmp_path, monkeypatch) -> Archive:
    """The servers with both acquisitions, as new, and a netrc that opens them."""
    fresh = Archive()
    _served.released.set()  # ends requests of an earlier test that still hang
    for name in ("now", "faults", "requests", "leaks", "page", "preparing", "skew_s", "tokens_live", "items"):
        setattr(_served, name, getattr(fresh, name))
    _served.released = fresh.released
    del _served.slcs[len(DATES) :]
    for slc in _served.slcs:
        slc.withdrawn = False
    monkeypatch.setenv("NETRC", str(write_netrc(tmp_path / "netrc", _served)))
    return _served


@pytest.fixture
def access(archive) -> Access:
    return Access(**archive.access())

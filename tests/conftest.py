"""Shared fixtures: the real data folder, a small region, the repository; which folders hold slow tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).parents[1]
# Their tests start the workflow, train, simulate whole products or serve: not for `make check`.
SLOW = {"archive", "models", "regions", "remote", "sarsim", "slurm", "training", "workflow"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow folders."""
    for item in items:
        if item.path.relative_to(REPOSITORY / "tests").parts[0] in SLOW:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real Sentinel-1 data; a test that needs it is skipped, by name, where it is absent."""
    folder = os.environ.get("SARSLIDE_REAL_DATA")
    if not folder:
        pytest.skip("SARSLIDE_REAL_DATA is not set")
    return Path(folder)

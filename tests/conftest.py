"""Shared fixtures: the real data folder, a small region, the repository."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).parents[1]


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

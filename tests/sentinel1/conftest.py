"""A small simulated product, and the real ones."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.point_targets import simulate_point_targets


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> Path:
    """Folder of a date with one SAFE and its orbit file."""
    folder = tmp_path_factory.mktemp("simulated") / "20190306"
    simulate_point_targets(
        folder, "A128", "20190306", np.array([99.2]), np.array([29.0]), np.array([3000.0]), samples=300
    )
    return folder


@pytest.fixture
def product(simulated, tmp_path) -> Path:
    """A copy of that folder, to break."""
    import shutil

    return Path(shutil.copytree(simulated, tmp_path / "20190306"))


@pytest.fixture(scope="session")
def real_products(shipped_data) -> list[Path]:
    """All real SAFE folders and zips that are shipped."""
    folder = shipped_data / "sentinel1"
    return sorted([*folder.glob("*/*.SAFE"), *folder.glob("zips/*.zip")])

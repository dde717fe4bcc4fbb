"""The small region on which the native engine runs."""

import pytest

from tests.support.engine_runs import speckle_region


@pytest.fixture(scope="session")
def region(tmp_path_factory):
    """Folder with two dates of speckle and their DEM, which no test changes."""
    return speckle_region(tmp_path_factory.mktemp("region"))

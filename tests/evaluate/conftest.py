import pytest

from sarslide.grid import RegionGrid
from tests.inventory.conftest import GRID


@pytest.fixture
def grid() -> RegionGrid:
    """The grid of `cell_box`."""
    return GRID

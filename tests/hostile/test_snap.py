"""Every broken product of SNAP ends in one coded line, or is read as it was."""

import pytest

from tests.hostile.snap_cases import cases
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_snap(tmp_path):
    checked(cases, tmp_path, 65)

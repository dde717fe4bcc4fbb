"""Every broken product of ISCE2 ends in one coded line, or is read as it was."""

import pytest

from tests.hostile.isce2_cases import cases
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_isce2(tmp_path):
    checked(cases, tmp_path, 55)

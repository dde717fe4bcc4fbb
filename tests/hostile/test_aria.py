"""Every broken ARIA product ends in one coded line, or is read as it was."""

import pytest

from tests.hostile.aria_cases import cases
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_aria(tmp_path):
    checked(cases, tmp_path, 55)

"""Every broken product of HyP3 ends in one coded line, or is read as it was."""

import pytest

from tests.hostile.hyp3_cases import cases
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_hyp3(tmp_path):
    checked(cases, tmp_path, 50)

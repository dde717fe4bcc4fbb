"""Every broken optical image ends in one coded line, or in reflectance from 0 to 1."""

from tests.hostile.sentinel2_cases import cases
from tests.hostile.support import checked


def test_optical_images(tmp_path):
    checked(cases, tmp_path, 150)

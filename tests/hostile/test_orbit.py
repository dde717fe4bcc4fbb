"""Every broken orbit file ends in one coded line, or gives the orbit that it was made of."""

from tests.hostile.orbit_cases import cases
from tests.hostile.support import checked


def test_orbit_files(tmp_path):
    checked(cases, tmp_path, 70)

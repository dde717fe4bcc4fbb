"""Every changed file of real Sentinel-1 products ends in one coded line, or gives what it can be."""

from tests.hostile.real_cases import cases
from tests.hostile.support import checked


def test_changes_of_real_files(tmp_path):
    checked(cases, tmp_path, 250)

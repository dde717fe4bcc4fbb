"""Every broken SAFE folder ends in one coded line, or in a scene that can be computed with."""

from tests.hostile.safe_cases import cases
from tests.hostile.support import checked


def test_safe_folders(tmp_path):
    checked(cases, tmp_path, 150)

"""Every broken NISAR product ends in one coded line, or is read as it was."""

from tests.hostile.nisar_cases import cases
from tests.hostile.support import checked


def test_nisar(tmp_path):
    checked(cases, tmp_path, 65)

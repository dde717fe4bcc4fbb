"""Every broken place of a login ends in one coded line that shows nothing of it."""

from tests.hostile.credentials_cases import cases
from tests.hostile.support import checked


def test_credentials(tmp_path):
    checked(cases, tmp_path, 60)

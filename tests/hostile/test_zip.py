"""Every broken zip ends in one coded line, or in the samples that it was made of."""

from tests.hostile.support import checked
from tests.hostile.zip_cases import cases


def test_zips(tmp_path):
    checked(cases, tmp_path, 55)

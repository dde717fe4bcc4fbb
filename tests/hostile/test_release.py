"""Broken files of a release end in one coded line, or are made again from what is whole."""

from tests.hostile.release_cases import cases
from tests.hostile.support import checked


def test_release(tmp_path):
    checked(cases, tmp_path, 150)

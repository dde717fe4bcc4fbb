"""Every broken file of a reviewer ends in one coded line."""

from tests.hostile.review_cases import cases
from tests.hostile.support import checked


def test_review(tmp_path):
    checked(cases, tmp_path, 50)

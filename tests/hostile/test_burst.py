"""Every broken single burst ends in one coded line, or in a scene that can be computed with."""

from tests.hostile.burst_cases import cases
from tests.hostile.support import checked


def test_single_bursts(tmp_path):
    checked(cases, tmp_path, 60)

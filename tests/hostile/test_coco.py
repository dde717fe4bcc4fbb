"""Every broken COCO file ends in one coded line."""

from tests.hostile.coco_cases import cases
from tests.hostile.support import checked


def test_coco(tmp_path):
    checked(cases, tmp_path, 70)

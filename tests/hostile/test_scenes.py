"""Every broken scene table ends in one coded line."""

from tests.hostile.scenes_cases import GOOD, cases, text
from tests.hostile.support import checked


def test_scenes(tmp_path):
    checked(cases, tmp_path, 100)


def test_a_good_row_is_read(tmp_path):
    from sarslide.catalog import scenes

    (tmp_path / "scenes.csv").write_text(text([GOOD]))
    (row,) = scenes.read(tmp_path / "scenes.csv")
    assert row == dict.fromkeys(scenes.ARCHIVE_COLUMNS, "") | GOOD

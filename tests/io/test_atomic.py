"""What ends before it is complete leaves nothing under its final name, and nothing beside it."""

import pytest

from sarslide.errors import OutputError
from sarslide.io.atomic import atomic_file, atomic_folder


@pytest.mark.parametrize("suffix", ["", ".tif"])
def test_a_file_that_fails_leaves_what_was_there(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_file(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert path.read_text() == "old" and [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_folder_replaces_the_whole_of_what_was_there(tmp_path):
    folder = tmp_path / "deep" / "folder"
    for name in ("first", "second"):
        with atomic_folder(folder) as temporary:
            (temporary / name).write_text(name)
    assert [one.name for one in folder.iterdir()] == ["second"]
    with pytest.raises(RuntimeError), atomic_folder(folder) as temporary:
        raise RuntimeError
    assert [one.name for one in folder.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_a_file_in_place_of_a_folder_is_one_coded_line(tmp_path, writer):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="E1007"), writer(tmp_path / "file" / "below"):
        pass

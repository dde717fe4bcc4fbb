"""What a disk refuses is one coded line that names the path, and leaves nothing half-written."""

import errno
import os
import subprocess
import sys

import pytest

from sarslide.errors import OutputError
from sarslide.io import atomic
from sarslide.io.atomic import atomic_file, atomic_folder

CASES = {
    errno.ENOSPC: "no space left on the disk; cure: free space",
    errno.EDQUOT: "the disk quota is used up; cure: free space",
    errno.EROFS: "the file system is read-only; cure: give a writable",
    errno.EIO: "the disk reports an input/output error; cure: check the disk",
}


@pytest.mark.parametrize("number", CASES)
def test_what_the_writer_meets_is_one_coded_line(tmp_path, number):
    with pytest.raises(OutputError) as found, atomic_file(tmp_path / "a.tif") as temporary:
        temporary.write_text("half")
        raise OSError(number, os.strerror(number))
    assert str(found.value).startswith(f"E1007 {tmp_path}/a.tif: cannot be written, ") and CASES[number] in str(
        found.value
    )
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_loses_the_number_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "_probe", lambda _: OSError(errno.ENOSPC, "full"))
    with pytest.raises(OutputError, match="no space left"), atomic_file(tmp_path / "a.h5") as temporary:
        temporary.write_text("half")
        raise RuntimeError("unable to flush")


def test_an_error_of_another_kind_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "a"):
        open(tmp_path / "input that is gone")  # noqa: SIM115
    with pytest.raises(ZeroDivisionError), atomic_file(tmp_path / "a"):
        1 / 0  # noqa: B018


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_is_full_at_the_end(tmp_path, monkeypatch, call):
    (tmp_path / "a").write_text("before")

    def full(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OutputError, match="no space left"), atomic_file(tmp_path / "a") as temporary:
        temporary.write_text("after")
    monkeypatch.undo()
    assert (tmp_path / "a").read_text() == "before" and len(list(tmp_path.iterdir())) == 1


def test_a_file_that_cannot_be_read_back_gets_no_name(tmp_path):
    def refuse(_):
        raise ValueError("is no raster")

    with pytest.raises(ValueError, match="no raster"), atomic_file(tmp_path / "a", readable=refuse) as temporary:
        temporary.write_text("half")
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, sys
from sarslide.errors import OutputError
from sarslide.io.atomic import atomic_file, atomic_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
try:
    if sys.argv[3] == "folder":
        with atomic_folder(sys.argv[2]) as folder:
            (folder / "b").write_bytes(bytes(50_000))
    else:
        with atomic_file(sys.argv[2]) as temporary:
            temporary.write_bytes(bytes(50_000))
except OutputError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_limit_of_file_sizes(tmp_path, kind):
    for limit in (0, 4096, 49_999, 50_000):
        command = [sys.executable, "-c", LIMITED, str(limit), str(tmp_path / "a"), kind]
        done = subprocess.run(command, capture_output=True, text=True)
        whole = limit == 50_000
        assert (done.returncode == 0) == whole, done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["a"] * whole
        if not whole:
            assert done.stderr.startswith(f"E1007 {tmp_path}/a: cannot be written") and done.stderr.count("\n") == 1


def test_names_and_contents_are_synced(tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(os.readlink(f"/proc/self/fd/{handle}")), real(handle))
    )
    with atomic_file(tmp_path / "a") as temporary:
        temporary.write_text("x")
    assert synced == [str(temporary), str(tmp_path)]
    synced.clear()
    with atomic_folder(tmp_path / "b") as temporary:
        (temporary / "c").write_text("x")
    assert synced == [str(temporary / "c"), str(temporary), str(tmp_path)]

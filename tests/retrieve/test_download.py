"""Downloads against a server that fails: resumed, whole or not there; zips that are not what they should be."""

import hashlib
import socket
import stat
import struct
import zipfile

import pytest

from sarslide.errors import DownloadError
from sarslide.io.zip import check_archive, member_bytes
from sarslide.retrieve.download import download
from tests.retrieve.server import serving

CONTENT = b"PK\3\4" + bytes(range(256)) * 3999 + bytes(252)
SIZE = len(CONTENT)


@pytest.fixture
def server():
    with serving() as store:
        store.files["/product.zip"] = CONTENT
        yield store


def fetch(server, path, size=SIZE, tries=4, name="product.zip"):
    return download(f"{server.address}/{name}?Signature=abc", path, size, tries, 0.001)


def ranges(server):
    return [headers.get("Range") for _, _, headers in server.requests]


def test_a_file_arrives_whole_under_its_name(server, tmp_path):
    path = fetch(server, tmp_path / "new" / "a.zip")
    assert path.read_bytes() == CONTENT and [p.name for p in path.parent.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("fault", [429, 500, 502, 503, "cut"])
def test_passing_faults_pass(server, tmp_path, fault):
    server.faults = [fault, fault]
    assert fetch(server, tmp_path / "a.zip").read_bytes() == CONTENT
    if fault == "cut":  # half, then half of the rest, then the end: nothing that arrived is lost
        assert ranges(server) == [None, "bytes=512000-", "bytes=768000-"]


def test_the_configured_silence_ends_a_public_download(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/tile.tif"
        with pytest.raises(DownloadError, match=r"E2002 .*the connection failed \(ReadTimeout\), 1 times"):
            download(address, tmp_path / "tile.tif", tries=1, silence_s=0.2)


def test_a_later_call_continues(server, tmp_path):
    server.faults = ["cut"] * 2
    with pytest.raises(
        DownloadError, match=r"E2002 http://127.0.0.1:\d+/product.zip: the connection .*2 times; cure: run again"
    ):
        fetch(server, tmp_path / "a.zip", tries=2)
    assert not (tmp_path / "a.zip").exists()
    assert fetch(server, tmp_path / "a.zip").read_bytes() == CONTENT and ranges(server)[-1] == "bytes=768000-"


def test_a_file_that_changed_meanwhile_starts_anew(server, tmp_path):
    server.faults = ["cut"]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path / "a.zip", tries=1)
    other = CONTENT[:4] + CONTENT[:3:-1]
    server.files["/product.zip"] = other
    assert fetch(server, tmp_path / "a.zip").read_bytes() == other


def test_without_an_etag_nothing_is_pieced_together(server, tmp_path):
    server.forget_etag, server.faults = True, ["cut"]
    assert fetch(server, tmp_path / "a.zip").read_bytes() == CONTENT and ranges(server) == [None, None]


def test_refusals_are_one_line_without_the_signature(server, tmp_path):
    for size, name, words in (
        (1, "product.zip", "has 1024000 bytes, 1 are expected"),
        (None, "gone.zip", "answers 404"),
    ):
        with pytest.raises(DownloadError, match=rf"E2002 .*{name}: .*{words}") as caught:
            fetch(server, tmp_path / "a.zip", size, name=name)
        assert "Signature" not in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*.zip"))
    server.faults = [500] * 9
    with pytest.raises(DownloadError, match="the server answers 500, 3 times"):
        fetch(server, tmp_path / "a.zip", tries=3)


def test_a_file_with_another_checksum_is_refused(server, tmp_path):
    address, path = f"{server.address}/product.zip", tmp_path / "a.zip"
    right = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    assert download(address, path, SIZE, 2, 0.001, checksum=right).read_bytes() == CONTENT
    with pytest.raises(DownloadError, match="its md5 is .*, the archive states 00"):
        download(address, tmp_path / "b.zip", SIZE, 2, 0.001, checksum="md5:00")
    assert not (tmp_path / "b.zip").exists()


def make(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_sound_zip_lists_its_files(tmp_path):
    path = make(tmp_path / "a.zip", {"p/": "", "p/b.tif": b"12", "p/a.txt": b"3"})
    assert check_archive(path, deep=True) == ("p/a.txt", "p/b.tif") and member_bytes(path, "p/b.tif") == b"12"


@pytest.mark.parametrize("name", ["../a.tif", "/etc/a.tif", "p/../../a.tif", "..\\a.tif", "C:/a.tif"])
def test_paths_outside_are_refused(tmp_path, name):
    with pytest.raises(DownloadError, match="E2002 .*names a path outside of it"):
        check_archive(make(tmp_path / "a.zip", {name: b"1"}))


def test_bombs_links_and_broken_zips_are_refused(tmp_path):
    bomb = make(tmp_path / "bomb.zip", {"p/a.tif": b"0" * 100_000})
    blob = bytearray(bomb.read_bytes())
    at = blob.rindex(b"PK\1\2")  # the central directory promises 3 GB
    blob[at + 24 : at + 28] = struct.pack("<I", 3_000_000_000)
    bomb.write_bytes(blob)
    with pytest.raises(DownloadError, match=r"would unpack from \d+ to 3000000000 bytes"):
        check_archive(bomb)
    link = zipfile.ZipInfo("p/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DownloadError, match="holds a link, p/link"):
        check_archive(tmp_path / "link.zip")
    many = make(tmp_path / "many.zip", {f"p/{k}": b"" for k in range(1001)})
    with pytest.raises(DownloadError, match="holds 1001 files"):
        check_archive(many)
    whole = make(tmp_path / "whole.zip", {"p/a.tif": CONTENT}, zipfile.ZIP_STORED)
    (tmp_path / "cut.zip").write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(DownloadError, match="cut.zip: is no complete zip"):
        check_archive(tmp_path / "cut.zip")
    blob = bytearray(whole.read_bytes())
    blob[3000] ^= 255
    (tmp_path / "flipped.zip").write_bytes(blob)
    check_archive(tmp_path / "flipped.zip")
    with pytest.raises(DownloadError, match="flipped.zip: p/a.tif does not have its checksum"):
        check_archive(tmp_path / "flipped.zip", deep=True)
    blob = bytearray(make(tmp_path / "deflated.zip", {"p/a.txt": CONTENT.hex().encode()}).read_bytes())
    blob[1000:1100] = bytes(255 - one for one in blob[1000:1100])  # the stream itself no longer makes sense
    (tmp_path / "deflated.zip").write_bytes(blob)
    with pytest.raises(DownloadError, match="deflated.zip: (is no complete zip|p/a.txt does not have its checksum)"):
        check_archive(tmp_path / "deflated.zip", deep=True)
    with pytest.raises(DownloadError, match="deflated.zip: p/a.txt cannot be read"):
        member_bytes(tmp_path / "deflated.zip", "p/a.txt")
    assert check_archive(make(tmp_path / "dot.zip", {".": b"1"})) == (".",)
    with pytest.raises(DownloadError, match="none.zip: does not exist"):
        check_archive(tmp_path / "none.zip")

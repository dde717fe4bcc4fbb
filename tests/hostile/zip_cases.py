"""Hostile and broken zips of a SAFE."""

import random
import shutil
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sarslide.io.zip import check_archive
from sarslide.sentinel1.safe import open_scene
from sarslide.sentinel1.samples import SampleReader
from tests.hostile import seeds
from tests.hostile.safe_cases import VRT, base, whole
from tests.hostile.support import pipe

NAME = "S1A_IW_SLC__1SDV_20190306T112010_20190306T112016_026275_03351B_E08B"
DIRECTORY, LOCAL, END = b"PK\1\2", b"PK\3\4", b"PK\5\6"


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a SAFE by their names in a zip."""
    (safe,) = base(folder).glob("*.SAFE")
    return {f"{NAME}.SAFE/{path.relative_to(safe)}": path.read_bytes() for path in safe.rglob("*") if path.is_file()}


def place(folder: Path, what: str) -> Path:
    """Where a zip of its own date goes, the orbit file beside it."""
    date = folder / "".join(char if char.isalnum() else "-" for char in what) / "20190306"
    date.mkdir(parents=True)
    shutil.copy(next(base(folder).glob("*.EOF")), date)
    return date / f"{NAME}.zip"


def write(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def altered(data: bytes, header: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """The zip with a field of the header of a member replaced."""
    at = data.index(name, data.index(header)) - (46 if header == DIRECTORY else 30)
    while data[at : at + 4] != header:
        at = data.index(name, at + 100) - (46 if header == DIRECTORY else 30)
    return data[: at + offset] + value + data[at + offset + len(value) :]


def samples(path: Path) -> object:
    """All samples, as a job reads them."""
    scene = open_scene(path.parent, "A128")
    with SampleReader() as reader:
        return [reader.read(burst, slice(0, burst.lines), slice(0, burst.samples)) for burst in scene.bursts]


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Broken zips."""
    files = contents(folder)
    tiff, xml, manifest = (next(name for name in files if name.endswith(end)) for end in ("tiff", "xml", ".safe"))
    stored, deflated = (write(folder / f"{m}.zip", files, m).read_bytes() for m in (0, 8))
    within = stored.index(files[tiff]) + len(files[tiff]) // 2
    flipped = stored[:within] + bytes([stored[within] ^ 255]) + stored[within + 1 :]
    start = deflated.index(tiff.encode()) + len(tiff)
    changes = {
        "a flipped sample, stored": flipped,
        "samples of a damaged deflate": deflated[: start + 2000] + bytes(300) + deflated[start + 2300 :],
        "encrypted samples": altered(stored, DIRECTORY, tiff.encode(), 8, b"\1\0"),
        "an encrypted manifest": altered(stored, DIRECTORY, manifest.encode(), 8, b"\1\0"),
        "an unknown method": altered(stored, DIRECTORY, tiff.encode(), 10, b"\x63\0"),
        "broken LZMA": altered(stored, DIRECTORY, xml.encode(), 10, b"\x0e\0"),
        "broken bzip2": altered(stored, DIRECTORY, manifest.encode(), 10, b"\x0c\0"),
        "a promise of 4 GB": altered(stored, DIRECTORY, tiff.encode(), 24, struct.pack("<I", 0xFFFFFFF0)),
        "another checksum": altered(stored, DIRECTORY, tiff.encode(), 16, b"abcd"),
        "a place beyond the end": altered(stored, DIRECTORY, xml.encode(), 42, struct.pack("<I", 2_000_000_000)),
        "all members at one place": altered(stored, DIRECTORY, tiff.encode(), 42, bytes(4)),
        "a link": altered(stored, DIRECTORY, xml.encode(), 38, struct.pack("<I", 0o120777 << 16)),
        "cut": stored[:-5000], "without a directory": stored[: stored.index(DIRECTORY)], "nothing": b"",
        "zeros": bytes(10_000), "a directory of 2 GB": _directory(stored, 2_000_000_000),
        "the end alone": stored[stored.index(END) :],
        "a directory of zeros": bytes(3 << 20) + _directory(stored[stored.index(END) :], 3 << 20),
    }  # fmt: skip
    for what, data in changes.items():
        path = place(folder, what)
        path.write_bytes(data)
        yield what, partial(samples, path)
    more = {
        "two products": files | {f"other/{manifest}": files[manifest]},
        "no manifest": {name: content for name, content in files.items() if name != manifest},
        "a path outside": files | {"../../x": b"1"}, "an absolute path": files | {"/etc/x": b"1"},
        "a path of Windows": files | {"C:\\x": b"1"}, "2000 files": files | {f"{k}": b"" for k in range(2000)},
        "a VRT in the place of samples": files | {tiff: VRT.format(lines=3018, samples=300).encode()},
        "a zip in the place of samples": files | {tiff: stored},
        "annotation of 70 MB": files | {xml: files[xml] + b" " * (70 << 20)},
        "a bomb beside it": files | {f"{NAME}.SAFE/preview.png": bytes(200 << 20)},
    }  # fmt: skip
    for what, held in more.items():
        path = write(place(folder, what), held, zipfile.ZIP_DEFLATED)
        yield what, partial(samples, path)
    path = place(folder, "one name twice")
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, content in [*files.items(), (xml, b"<a/>")]:
            archive.writestr(zipfile.ZipInfo(name), content)
    yield "one name twice", partial(samples, path)
    yield "a pipe", partial(check_archive, pipe(folder / "pipe.zip"))
    yield "a device", partial(check_archive, "/dev/zero")
    yield "an address", partial(check_archive, "https://127.0.0.1:9/a.zip")
    for what, name in {"braces": "S1A_{a}.zip", "braces the wrong way round?": "S1A}{_.zip"}.items():
        path = write(place(folder, what).with_name(name), files)
        yield f"a name with {what}".removesuffix("?") + "?", partial(whole, path.parent)
    chance = random.Random(seeds.seed(5))
    for k in range(24):
        path = place(folder, f"flipped {k}")
        at = chance.randrange(len(deflated))
        path.write_bytes(deflated[:at] + bytes([deflated[at] ^ 1 << chance.randrange(8)]) + deflated[at + 1 :])
        yield f"flipped {k}?", partial(_the_same, path, base(folder))


def _the_same(path: Path, truth: Path) -> None:
    """What is read of a damaged zip is what was there before."""
    found = samples(path)
    scene = open_scene(truth, "A128")
    with SampleReader() as reader:
        for burst, values in zip(scene.bursts, found, strict=True):
            assert (reader.read(burst, slice(0, burst.lines), slice(0, burst.samples)) == values).all()


def _directory(data: bytes, size: int) -> bytes:
    at = data.index(END)
    return data[: at + 12] + struct.pack("<I", size) + data[at + 16 :]

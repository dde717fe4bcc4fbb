"""Hostile and broken files of releases: pointer, manifest, index, CHANGES.csv."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sarslide.inventory import records, release
from sarslide.report import summary
from sarslide.schedule import state
from tests.hostile.changed import changed
from tests.hostile.support import pipe

REAL = Path(__file__).parents[1] / "data/format1/inventory"
RELEASE = "20200222-b1db89d7"
CRS = "EPSG:32647"
BROKEN = {
    "empty": b"",
    "half": b'{"release": "20200222-b1db',
    "a list": b"[]",
    "a number": b"7",
    "no entry": b"{}",
    "UTF-16": "{}".encode("utf-16"),
    "zero bytes": b"\0" * 4096,
    "nested 100,000 deep": b"[" * 100_000,
    "20 MB": b"[" + b"[],[]," * 3_500_000 + b"[]]",
    "a number of 5,000 digits": b'{"sequence": ' + b"9" * 5000 + b"}",
}
# Entries of a manifest that has no hash of its own, as those of version 0.1.0.
ENTRIES: dict[str, tuple[str, Any]] = {
    "next_number of text": ("next_number", "x"),
    "next_number -5": ("next_number", -5),
    "next_number of a number that is taken": ("next_number", 3),
    "next_number 1e30": ("next_number", 10**30),
    "next_number true": ("next_number", True),
    "sequence 0": ("sequence", 0),
    "sequence of text": ("sequence", "1"),
    "a parent that is a path": ("parent", "../../other"),
    "a parent with a line break": ("parent", "20200222-b1db89d7\n"),
    "another release": ("release", "20200222-00000000"),
    "files that are a list": ("files", ["landslides.gpkg"]),
    "no file": ("files", {}),
    "a file elsewhere": ("files", {"../../../../secret": "0" * 64}),
    "a hash that is none": ("files", dict.fromkeys(("CHANGES.csv", "landslides.gpkg", "landslides.parquet"), "x")),
    "another hash": ("files", dict.fromkeys(("CHANGES.csv", "landslides.gpkg", "landslides.parquet"), "0" * 64)),
    "dates that are no list": ("dates", {"A128": "20190306"}),
    "dates that are words": ("dates", {"A128": ["yesterday"]}),
    "a stack that is a path": ("dates", {"../A128": []}),
    "counts below zero": ("counts", {"landslides": -1}),
    "scenes that are words": ("scenes", ["A128"]),
}
INDEXES = {
    "empty": b"",
    "the header alone": b"sequence,id,parent\n",
    "another header": b"a,b\n1,2\n",
    "a short row": b"sequence,id,parent\n1\n",
    "cut inside the parent": b"sequence,id,parent\n1,20200222-b1db89d7,202001",
    "cut to another parent": b"sequence,id,parent\n2,20200222-b1db89d7,20200101-0123abcd",
    "twice": b"sequence,id,parent\n1,20200222-b1db89d7,\n2,20200222-b1db89d7,\n",
    "a sequence of text": b"sequence,id,parent\nx,20200222-b1db89d7,\n",
    "a sequence of 0": b"sequence,id,parent\n0,20200222-b1db89d7,\n",
    "an id that is a path": b"sequence,id,parent\n1,../../other,\n",
    "Latin-1": "sequence,id,parent\n1,Größe,\n".encode("latin-1"),
    "UTF-16": "sequence,id,parent\n1,20200222-b1db89d7,\n".encode("utf-16"),
    "zero bytes": b"\0" * 40,
    "an open quote": b'sequence,id,parent\n1,"',
    "10 MB": b"sequence,id,parent\n" + b"1,20200222-b1db89d7,\n" * 500_000,
}
HEADER = ",".join(records.Change.model_fields)
TABLES = {
    "empty": "",
    "another header": "ls_id,what\nLS000001,new\n",
    "a short row": f"{HEADER}\nLS000001,new\n",
    "a kind that is none": f"{HEADER}\nLS000001,,exploded,,,,,,\n",
    "a kind of 1 MB": f"{HEADER}\nLS000001,,{'x' * 1_000_000},,,,,,\n",
    "an id that is markup": f"{HEADER}\n<script>,,new,,,,,,\n",
    "a uid that is none": f"{HEADER}\nLS000001,x,new,,,,,,\n",
    "an area that is no number": f"{HEADER}\nLS000001,,new,,,wide,,,\n",
    "an infinite area": f"{HEADER}\nLS000001,,new,,,inf,,,\n",
    "a rate of nan": f"{HEADER}\nLS000001,,new,,,,,nan,\n",
    "zero bytes": "\0" * 100,
    "10 MB": f"{HEADER}\n" + "LS000001,,new,,,,,,\n" * 560_000,
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "release"
    yield from _pointers(folder / "pointer")
    yield from _manifests(folder / "manifest")
    yield from _indexes(folder / "index")
    yield from _changes(folder / "changes")


def _copy(folder: Path, number: int) -> Path:
    """The real inventory, with a manifest that has its own hash."""
    inventory = folder / str(number) / "results/valley/inventory"
    shutil.copytree(REAL, inventory)
    path = inventory / records.RELEASES / RELEASE / records.MANIFEST
    path.write_text(json.dumps(records.sealed(json.loads(path.read_text())), indent=1))
    return inventory


def _pointers(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """A pointer that a rule reads is refused; one that a command reads is made from the releases."""
    real = (REAL / records.POINTER).read_bytes()
    content = json.loads(real)
    files = BROKEN | {
        "another path": json.dumps(content | {"path": "/etc"}).encode(),
        "a path upwards": json.dumps(content | {"path": "releases/../../other"}).encode(),
        "a release that is not there": json.dumps(content | {"release": "20200222-00000000"}).encode(),
        "another sequence": json.dumps(content | {"sequence": 7}).encode(),
        "a further entry": json.dumps(content | {"mine": 1}).encode(),
        "a release that is a path": json.dumps(content | {"release": "../../other"}).encode(),
    }
    for number, (name, data) in enumerate([*files.items(), *changed(real.decode(), 24, 11)]):
        inventory = _copy(folder, number)
        (inventory / records.POINTER).write_bytes(data)
        harmless = "?" if name not in files else ""
        yield (
            f"pointer, of a rule: {name}{harmless}",
            partial(_same_release, records.folder_of, inventory / "current.json"),
        )
        yield f"pointer, of a command: {name}?", partial(_right, inventory)
    for name, place in {"a folder": folder, "a pipe": pipe(folder / "pipe"), "/dev/zero": Path("/dev/zero")}.items():
        yield f"pointer: {name}", partial(records.named, place)


def _manifests(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    path = REAL / records.RELEASES / RELEASE / records.MANIFEST
    real = json.loads(path.read_text())
    sealed = json.dumps(records.sealed(real), indent=1)
    entries = {name: json.dumps(real | {key: value}).encode() for name, (key, value) in ENTRIES.items()}
    edited = {"edited beside its hash": sealed.replace('"next_number": 64', '"next_number": 99').encode()}
    for number, (name, data) in enumerate([*(BROKEN | entries | edited).items(), *changed(sealed, 32, 12)]):
        inventory = _copy(folder, number)
        manifest = inventory / records.RELEASES / RELEASE / records.MANIFEST
        manifest.write_bytes(data)
        harmless = "?" if number >= len(BROKEN | entries | edited) else ""
        yield f"manifest: {name}{harmless}", partial(_unchanged, manifest, sealed)
        if name in BROKEN:
            yield f"manifest, of a command: {name}", partial(_right, inventory)
    inventory = _copy(folder, number + 1)
    (inventory / records.RELEASES / RELEASE / records.MANIFEST).unlink()
    yield "manifest: none", partial(_right, inventory)


def _indexes(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Whatever the index holds, the folders tell what is right."""
    real = (REAL / records.RELEASES / records.INDEX).read_text()
    for number, (name, data) in enumerate([*INDEXES.items(), *changed(real, 24, 13)]):
        inventory = _copy(folder, number)
        (inventory / records.RELEASES / records.INDEX).write_bytes(data)
        yield f"index: {name}?", partial(_right, inventory)


def _changes(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    real = (REAL / records.RELEASES / RELEASE / records.CHANGES).read_text()
    for number, (name, data) in enumerate([*TABLES.items(), *changed(real, 24, 14)]):
        inventory = _copy(folder, number)
        release_folder = inventory / records.RELEASES / RELEASE
        (release_folder / records.CHANGES).write_bytes(data if isinstance(data, bytes) else data.encode())
        harmless = "?" if data == real.encode() else ""
        yield f"changes, edited: {name}{harmless}", partial(records.changes, release_folder)
        if name in TABLES:
            yield f"changes, released: {name}", partial(_released_changes, release_folder)


def _same_release(read: Callable[[Path], Path], path: Path) -> None:
    assert read(path).name == RELEASE


def _right(inventory: Path) -> None:
    """Scheduler and summary see the release that there is."""
    found = state.state(inventory)
    assert (found.release, found.sequence, len(found.dates)) == (RELEASE, 1, 2), found
    assert [row.id for row in records.index(inventory / records.RELEASES)][-1] == RELEASE
    assert summary.of_region("valley", inventory.parents[2]).startswith(f"release  {RELEASE}\n")


def _unchanged(path: Path, sealed: str) -> None:
    """The manifest as it was, and a predecessor that can be followed."""
    release.predecessor(path.parents[1], "20991231-00000000", CRS)
    assert records.manifest(path.parent) == records.Manifest(**json.loads(sealed))


def _released_changes(folder: Path) -> None:
    """As if a release had been made with such a table."""
    from tests.support.releases import renew

    renew(folder)
    records.changes(folder)

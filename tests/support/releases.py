"""Releases as they lie on disk, around whatever files a test has put into their folder."""

import json
from pathlib import Path
from typing import Any

from sarslide.inventory import records
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import write_json

HEADER = ",".join(records.Change.model_fields)


def change_line(ls_id: str, kind: str) -> str:
    """A line of CHANGES.csv without numbers."""
    return f"{ls_id},,{kind},,,,,,"


def renew(folder: Path) -> None:
    """Its manifest after a file was replaced."""
    content = json.loads((folder / records.MANIFEST).read_text())
    content["files"] = {name: sha256(folder / name) for name in content["files"]}
    write_json(folder / records.MANIFEST, records.sealed(content))


def write(inventory: Path, release: str, changes: tuple[str, ...] = (), **about: Any) -> records.Manifest:
    """Manifest, index and both pointers of a release; files that it lacks are written, empty ones.

    changes: lines of CHANGES.csv. about: further entries of the manifest.
    """
    folder = inventory / records.RELEASES / release
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / records.CHANGES).exists():
        (folder / records.CHANGES).write_text("\n".join([HEADER, *changes, ""]))
    for name in (records.PACKAGE, records.PARQUET):
        (folder / name).touch()
    content = {
        "release": release, "parent": "", "sequence": 1, "content_hash": "ab" * 32, "next_number": 1, "counts": {},
        "files": {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != records.MANIFEST}, **about,
    }  # fmt: skip
    write_json(folder / records.MANIFEST, records.sealed(content))
    records.write_index(inventory / records.RELEASES)
    found = records.manifest(folder)
    for name in (records.POINTER, records.MADE):
        records.write_pointer(inventory / name, found)
    return found

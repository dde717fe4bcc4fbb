"""Releases on disk: a folder written once, an append-only index, a pointer; consistent whenever the
process is killed.

The folder is complete under a temporary name before it is renamed; the index is replaced as a
whole; the pointer comes last. A rerun adopts what an interrupted run left: a folder without its
line in the index gets the line, a temporary folder is removed.
"""

import csv
import io
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sarslide import names
from sarslide.errors import OutputError, ReleaseError
from sarslide.inventory.changes import LAYERS, InventoryState
from sarslide.inventory.content import content_hash
from sarslide.inventory.styles import style_rows
from sarslide.inventory.tables import CHANGES, OBJECTS, rows_of, typed
from sarslide.io.atomic import atomic_file
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import read_json, write_json

log = logging.getLogger(__name__)

INDEX_COLUMNS = ("sequence", "id", "parent")
PACKAGE, PARQUET, CHANGES_FILE, MANIFEST = "landslides.gpkg", "landslides.parquet", "CHANGES.csv", "MANIFEST.json"
PARTIAL = ".partial-"


@dataclass(frozen=True)
class Previous:
    """The predecessor of a release.

    Attributes
    ----------
    release : str
        Its id, empty for the first release.
    inventory : InventoryState
        The inventory it left.
    """

    release: str
    inventory: InventoryState


def repair(releases: Path) -> None:
    """Remove what an interrupted run left half-written, and index complete folders that it could
    not index.

    Parameters
    ----------
    releases : Path
        Folder of the releases.

    Raises
    ------
    OutputError
        For a folder that cannot be written.
    """
    with _writable(releases):
        releases.mkdir(parents=True, exist_ok=True)
        for partial in releases.glob(".*"):
            log.warning("removing %s, left by an interrupted run", partial.name)
            if partial.is_dir():
                shutil.rmtree(partial)
            else:
                partial.unlink()
    indexed = {row["id"] for row in read_index(releases)}
    orphans = [read_json(path) for path in sorted(releases.glob(f"*/{MANIFEST}")) if path.parent.name not in indexed]
    for manifest in sorted(orphans, key=lambda manifest: (manifest["sequence"], manifest["release"])):
        log.warning("indexing %s, which an interrupted run had written", manifest["release"])
        _append(releases, manifest["release"], manifest["parent"])


def read_index(releases: Path) -> list[dict[str, str]]:
    """Rows of INDEX.csv.

    Parameters
    ----------
    releases : Path
        Folder of the releases.

    Returns
    -------
    list of dict of str to str
        sequence, id and parent, oldest first; none without the file.

    Raises
    ------
    ReleaseError
        For another header or id.
    """
    path = releases / "INDEX.csv"
    if not path.exists():
        return []
    with open(path, newline="") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
    if tuple(reader.fieldnames or ()) != INDEX_COLUMNS or not all(
        re.fullmatch(names.RELEASE, row["id"]) for row in rows
    ):
        raise ReleaseError(
            f"{path}: is not an index of releases", "restore it, or delete it: it is rebuilt from the folders"
        )
    return rows


def predecessor(releases: Path, release: str, crs) -> Previous:
    """The last indexed release that is not the given one, nor its -2, -3 ...

    Parameters
    ----------
    releases : Path
        Folder of the releases.
    release : str
        Id of the release to be made.
    crs : CRS
        That of the region.

    Returns
    -------
    Previous
        The last release; an empty one before the first.

    Raises
    ------
    ReleaseError
        When its files are not as released, or of another CRS.
    """
    others = [row["id"] for row in read_index(releases) if base_name(row["id"]) != release]
    while others and not (releases / others[-1] / MANIFEST).is_file():
        log.warning("release %s is indexed but its folder is gone; taking the one before", others.pop())
    if not others:
        return Previous("", InventoryState())
    folder = releases / others[-1]
    manifest = check(folder)
    layers = {name: _read_layer(folder / PACKAGE, name, crs) for name in LAYERS}
    return Previous(others[-1], InventoryState(layers, [], manifest["next_number"]))


def check(folder: Path) -> dict[str, Any]:
    """Check that the files of a release are all there with their hashes.

    Parameters
    ----------
    folder : Path
        Folder of the release.

    Returns
    -------
    dict of str to Any
        Its manifest.

    Raises
    ------
    ReleaseError
        Names the file that is missing or was changed.
    """
    manifest = read_json(folder / MANIFEST)
    for name, digest in manifest["files"].items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise ReleaseError(
                f"{folder / name}: is missing or was changed after its release",
                "restore the release folder; edits belong in review.csv",
            )
    return manifest


def publish(
    releases: Path, release: str, parent: str, inventory: InventoryState, about: Mapping[str, Any], crs
) -> dict[str, Any]:
    """Write a release unless its content is there already, and index it.

    Parameters
    ----------
    releases : Path
        Folder of the releases.
    release : str
        The id computed from what goes in. When that id is taken by other content the new one is
        `<id>-2`, `-3` ...
    parent : str
        Id of the predecessor, empty for the first.
    inventory : InventoryState
        What is released.
    about : mapping of str to Any
        Entries of the manifest beside files, hash, parent and sequence (parameters, scenes,
        weights, versions).
    crs : CRS
        That of the region.

    Returns
    -------
    dict of str to Any
        The manifest.

    Raises
    ------
    ReleaseError
        For a folder of that name that is no release, or was changed.
    OutputError
        For a folder that cannot be written.
    """
    digest = content_hash(inventory.layers, inventory.changes)
    name, again = release, 1
    while (releases / name / MANIFEST).is_file():
        existing = check(releases / name)
        if existing["content_hash"] == digest:
            log.info("release %s holds this content already", name)
            _append(releases, name, existing["parent"])
            return existing
        log.warning("release %s exists with other content (%s, now %s)", name, existing["content_hash"][:8], digest[:8])
        again += 1
        name = names.release_again(release, again)
    if (releases / name).exists():
        raise ReleaseError(f"{releases / name}: exists without {MANIFEST}", "move it away: it is no release")
    manifest = {
        "release": name,
        "parent": parent,
        "sequence": len(read_index(releases)) + 1,
        "content_hash": digest,
        "next_number": inventory.next_number,
        "counts": {layer: len(rows) for layer, rows in inventory.layers.items()},
        **about,
    }
    if again > 1:
        manifest["reason"] = f"{release} exists with other content"
    partial = releases / f"{PARTIAL}{name}"
    with _writable(releases):
        partial.mkdir()
    _write_files(partial, inventory, crs)
    manifest["files"] = {path.name: sha256(path) for path in sorted(partial.iterdir())}
    write_json(partial / MANIFEST, manifest)
    os.rename(partial, releases / name)
    _append(releases, name, parent)
    return manifest


def pointer(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Content of current.json.

    Parameters
    ----------
    manifest : mapping of str to Any
        Of the release.

    Returns
    -------
    dict of str to Any
        Id, parent, sequence, content hash, counts, and `path` relative to current.json.
    """
    keys = ("release", "parent", "sequence", "content_hash", "counts")
    return {key: manifest[key] for key in keys} | {"path": f"releases/{manifest['release']}"}


def base_name(release: str) -> str:
    """An id without its -2, -3 ...

    Parameters
    ----------
    release : str
        Id of a release.

    Returns
    -------
    str
        `<date>-<8 hexadecimal digits>`.
    """
    return "-".join(release.split("-")[:2])


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise OutputError(f"{folder}: cannot write ({error.strerror})", "give a writable results folder") from error


def _write_files(folder: Path, inventory: InventoryState, crs) -> None:
    from sarslide.io import vector

    tables = {name: typed(inventory.layers[name], OBJECTS, crs) for name in LAYERS}
    vector.write_layers(folder / PACKAGE, tables, style_rows())
    vector.write_parquet(folder / PARQUET, tables["landslides"])
    with open(folder / CHANGES_FILE, "w", newline="") as stream:
        stream.write(changes_csv(inventory.changes))


def changes_csv(changes: list[dict]) -> str:
    """Text of CHANGES.csv.

    Parameters
    ----------
    changes : list of dict
        Rows with the columns `tables.CHANGES`.

    Returns
    -------
    str
        Numbers with six significant digits, empty where unknown.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CHANGES)
    for row in changes:
        writer.writerow([_cell(row[name], kind) for name, kind in CHANGES.items()])
    return text.getvalue()


def _cell(value: Any, kind: type) -> str:
    if kind is float:
        return "" if value != value else f"{value:.6g}"
    return str(value)


def _read_layer(path: Path, name: str, crs) -> list[dict]:
    from sarslide.io import vector

    frame = vector.read(path, name)
    if frame.crs != crs:
        raise ReleaseError(
            f"{path}: CRS {frame.crs} is not that of the region, {crs}",
            "start another region, or remove its old releases",
        )
    return rows_of(frame, OBJECTS, f"{path} layer {name}")


def _append(releases: Path, name: str, parent: str) -> None:
    rows = read_index(releases)
    if any(row["id"] == name for row in rows):
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(INDEX_COLUMNS)
    writer.writerows([row[column] for column in INDEX_COLUMNS] for row in rows)
    writer.writerow([len(rows) + 1, name, parent])
    with atomic_file(releases / "INDEX.csv") as temporary:
        temporary.write_text(text.getvalue())

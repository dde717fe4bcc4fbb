"""Releases on disk: a folder written once, an append-only index, a pointer; consistent whenever the
process is killed.

The folder is complete under a temporary name before it is renamed, and read-only afterwards; the
index is replaced as a whole; the pointer comes last. A rerun adopts what an interrupted run left: a
folder without its line in the index gets the line, a temporary folder is removed.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sarslide import names
from sarslide.errors import ReleaseError
from sarslide.inventory import records, uids
from sarslide.inventory.changes import LAYERS, InventoryState, known_ids
from sarslide.inventory.content import content_hash
from sarslide.inventory.records import CHANGES, MANIFEST, PACKAGE, PARQUET, Manifest, check
from sarslide.inventory.styles import style_rows
from sarslide.inventory.tables import CHANGES as CHANGE_COLUMNS
from sarslide.inventory.tables import OBJECTS, rows_of, typed
from sarslide.io.atomic import atomic_folder, check_writable
from sarslide.io.fence import remove
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import write_json
from sarslide.io.spreadsheet import csv_text

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

# Unfinished files and folders of ours: as `io.fence` names them, and as version 0.1.0 did.
_UNFINISHED = re.compile(
    rf"\.(?:{names.RELEASE}|INDEX)\.[0-9a-f]{{8}}\.\d+\.part(?:\.csv)?|\.INDEX\.\d+\.part\.csv|\.partial-{names.RELEASE}"
)


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
    """Remove what an interrupted run left half-written, index complete folders that it could not
    index, and make them read-only.

    Parameters
    ----------
    releases : Path
        Folder of the releases.

    Raises
    ------
    OutputError
        For a folder that cannot be written.
    ReleaseError
        For a damaged release without a line in the index.
    """
    check_writable(releases)
    releases.mkdir(parents=True, exist_ok=True)
    for entry in releases.iterdir():
        if _UNFINISHED.fullmatch(entry.name):
            log.warning("removing %s, left by an interrupted run", entry.name)
            remove(entry)
    records.write_index(releases)
    for folder in records.folders(releases):
        records.protect(folder)


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
    newest = records.last(releases, release)
    if newest is None:
        return Previous("", InventoryState())
    folder = releases / newest.release
    check(folder)
    inventory = InventoryState(layers_of(folder, crs), [], newest.next_number)
    _check_numbers(newest, inventory, folder)
    return Previous(newest.release, inventory)


def layers_of(folder: Path, crs) -> dict[str, list[dict]]:
    """The objects of a release.

    Parameters
    ----------
    folder : Path
        Of the release.
    crs : CRS
        That of the region.

    Returns
    -------
    dict of str to list of dict
        Rows by layer: `tables.OBJECTS` and geometry.

    Raises
    ------
    ReleaseError
        When it is of another CRS.
    """
    return {name: _read_layer(folder / PACKAGE, name, crs) for name in LAYERS}


def publish(
    releases: Path,
    release: str,
    parent: str,
    inventory: InventoryState,
    about: Mapping[str, Any],
    crs,
    write_maps: Callable[[Path], object] = lambda folder: None,
    tables: "Mapping[str, pd.DataFrame] | None" = None,
    further: Mapping[str, type] | None = None,
) -> Manifest:
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
        Entries of the manifest beside files, hash, parent and sequence (region, parameters, scenes,
        weights, versions). Objects without a uid get that of the region.
    crs : CRS
        That of the region.
    write_maps : callable
        Writes the rasters of the release, and tables of series, into a folder. They have no part in
        the content hash.
    tables : mapping of str to DataFrame, optional
        Further tables of the GeoPackage by name, which have no part in it either; empty ones are
        left out.
    further : mapping of str to type, optional
        Columns that objects have beside `tables.OBJECTS`; they have a part in it.

    Returns
    -------
    Manifest
        Of the release.

    Raises
    ------
    ReleaseError
        For a folder of that name that is no release, or was changed.
    OutputError
        For a folder that cannot be written.
    LockError
        When a newer run has begun.
    """
    uids.give(inventory, about.get("region", ""), crs)
    digest = content_hash(inventory.layers, inventory.changes, further)
    name, again = release, 1
    while (releases / name).exists():
        existing = check(releases / name)
        if existing.content_hash == digest:
            log.info("release %s holds this content already", name)
            return existing
        log.warning("release %s exists with other content (%s, now %s)", name, existing.content_hash[:8], digest[:8])
        again += 1
        name = names.release_again(release, again)
    content = {
        "release": name,
        "parent": parent,
        "sequence": max((row.sequence for row in records.index(releases)), default=0) + 1,
        "content_hash": digest,
        "next_number": inventory.next_number,
        "counts": {layer: len(rows) for layer, rows in inventory.layers.items()},
        **about,
    }
    if again > 1:
        content["reason"] = f"{release} exists with other content"
    with atomic_folder(releases / name) as partial:
        _write_files(partial, inventory, crs, tables or {}, OBJECTS | dict(further or {}))
        write_maps(partial)
        content["files"] = {path.name: sha256(path) for path in sorted(partial.iterdir())}
        write_json(partial / MANIFEST, records.sealed(content))
    records.protect(releases / name)
    records.write_index(releases)
    return records.manifest(releases / name)


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
    return csv_text(changes, CHANGE_COLUMNS)


def _check_numbers(manifest: Manifest, inventory: InventoryState, folder: Path) -> None:
    numbers = [int(found[1]) for one in known_ids(inventory) if (found := re.fullmatch(r"LS(\d+)", one))]
    if max(numbers, default=0) >= manifest.next_number:
        raise ReleaseError(
            f"{folder / MANIFEST}: next_number = {manifest.next_number}, though there is number {max(numbers)}",
            f"restore the folder {folder}",
        )


def _write_files(
    folder: Path,
    inventory: InventoryState,
    crs,
    tables: "Mapping[str, pd.DataFrame]",
    columns: Mapping[str, type],
) -> None:
    from sarslide.io import vector

    layers = {name: typed(inventory.layers[name], columns, crs) for name in LAYERS}
    beside = {name: table for name, table in tables.items() if not table.empty}
    vector.write_layers(folder / PACKAGE, layers, style_rows(), beside)
    vector.write_parquet(folder / PARQUET, layers["landslides"])
    with open(folder / CHANGES, "w", newline="") as stream:
        stream.write(changes_csv(inventory.changes))


def _read_layer(path: Path, name: str, crs) -> list[dict]:
    from sarslide.io import vector

    frame = vector.read(path, name)
    if frame.crs != crs:
        raise ReleaseError(
            f"{path}: CRS {frame.crs} is not that of the region, {crs}",
            "start another region, or remove its old releases",
        )
    return rows_of(frame, OBJECTS, f"{path} layer {name}")

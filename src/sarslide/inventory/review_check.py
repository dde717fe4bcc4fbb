"""What a review must agree with: the releases that it was written from, and the region."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shapely import unary_union
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReviewError
from sarslide.grid import RegionGrid
from sarslide.inventory import records, release, review, review_package
from sarslide.inventory.changes import InventoryState
from sarslide.inventory.review import SPLIT, Decision
from sarslide.inventory.review_package import Row
from sarslide.inventory.tables import LAYERS
from sarslide.io import bounded

LOST = 0.01  # share of an object that the parts of a split may lose, and share of two parts that may overlap
AGAIN = "write the file again with `sarslide review`"


class Known:
    """Objects of the releases of a region, read once.

    Parameters
    ----------
    releases : Path
        Folder of the releases.
    crs : CRS
        That of the region.
    last : InventoryState
        The inventory of the last release.
    """

    def __init__(self, releases: Path, crs: Any, last: InventoryState) -> None:
        self.releases, self.crs = releases, crs
        self.index = {row.id for row in records.index(releases)}
        self.read = {"": by_id(last.layers)}

    def objects(self, name: str) -> Mapping[str, Mapping] | None:
        """Objects of a release.

        Parameters
        ----------
        name : str
            Its id; empty for the last one.

        Returns
        -------
        mapping of str to Mapping, or None
            Rows by ls_id; None where its folder is gone.
        """
        if name not in self.read:
            folder = self.releases / name
            if not folder.is_dir():
                return None
            records.check(folder)
            self.read[name] = by_id(release.layers_of(folder, self.crs))
        return self.read[name]


def by_id(layers: Mapping[str, Sequence[Mapping]]) -> dict[str, Mapping]:
    """Objects by ls_id, each from the first of `tables.LAYERS` that has it.

    Parameters
    ----------
    layers : mapping of str to sequence of Mapping
        Rows by layer.

    Returns
    -------
    dict of str to Mapping
        Rows.
    """
    found: dict[str, Mapping] = {}
    for layer in LAYERS:
        for row in layers[layer]:
            found.setdefault(row["ls_id"], {**row, "layer": layer})
    return found


def check(paths: Sequence[str | Path], decisions: Mapping[str, Decision], known: Known, region: RegionGrid) -> None:
    """Check decisions against the releases and the region.

    Parameters
    ----------
    paths : sequence of str or Path
        The reviewer's files.
    decisions : mapping of str to Decision
        What they say.
    known : Known
        The releases.
    region : RegionGrid
        The region.

    Raises
    ------
    ReviewError
        Names the row: of a release that is none of this region, of an object that is not in it,
        with an outline that was changed without a decision, a split that loses area, an outline
        that reaches out of the region.
    """
    releases: dict[str, str] = {}
    for path in paths:
        if Path(path).suffix.lower() == ".gpkg":
            for row in _once(review_package.rows(path, known.crs)):
                _check_row(row, known)
                releases[row.ls_id] = row.release
    extent = box(*region.bounds)
    for key, decision in decisions.items():
        for one in decision.parts or (decision,):
            if one.outline is not None and not extent.covers(one.outline) and one.action != review.NOTE:
                raise ReviewError(
                    f"{one.where}: the outline of {one.ls_id or 'the added object'} reaches out of the region",
                    "cut it at the border of the region",
                )
        if decision.action == SPLIT:
            _check_split(key, decision, known.objects(releases.get(key, "")))


def _once(rows: Sequence[Row]) -> Sequence[Row]:
    """Rows, of which each object has one, but for the parts of a split."""
    seen: dict[str, Row] = {}
    for row in rows:
        is_part = row.decision is not None and row.decision.is_part
        if row.ls_id and row.ls_id in seen and not is_part:
            raise ReviewError(
                f"{row.where}: {row.ls_id} is there again, after {seen[row.ls_id].where.rsplit(' ', 2)[-2]}"
                f" {seen[row.ls_id].where.rsplit(' ', 1)[-1]}",
                f"set the decision of both to {SPLIT}, or delete one",
            )
        seen.setdefault(row.ls_id, row)
    return rows


def _check_row(row: Row, known: Known) -> None:
    if not row.ls_id:
        if row.decision is None:
            raise ReviewError(f"{row.where}: a new outline without a decision", "set its decision to add, or delete it")
        return
    if row.release not in known.index:
        raise ReviewError(
            f"{row.where}: {bounded.shown(row.ls_id)} is of release {bounded.shown(row.release) or '(none)'},"
            " which is none of this region",
            AGAIN,
        )
    objects = known.objects(row.release)
    if objects is None:  # its folder was moved elsewhere
        return
    there = objects.get(row.ls_id)
    if there is None or there["uid"] != row.uid:
        raise ReviewError(
            f"{row.where}: no object {bounded.shown(row.ls_id)} with uid {bounded.shown(row.uid) or '(none)'}"
            f" in release {row.release}",
            AGAIN,
        )
    if row.decision is None and not _alike(row.outline, there["geometry"]):
        raise ReviewError(
            f"{row.where}: the outline of {row.ls_id} was changed without a decision",
            f"set its decision to edit or {SPLIT}, or undo the change",
        )


def _alike(one: BaseGeometry, other: BaseGeometry) -> bool:
    return one.symmetric_difference(other).area <= 1e-6 * other.area if one.is_valid else False


def _check_split(ls_id: str, decision: Decision, objects: Mapping[str, Mapping] | None) -> None:
    """A split keeps the area of what it divides."""
    parts = [(part, part.outline) for part in decision.parts if part.outline is not None]
    whole = unary_union([outline for _, outline in parts])
    ids = {ls_id, *(part.ls_id for part in decision.parts)}
    divided = unary_union([row["geometry"] for one in ids if (row := (objects or {}).get(one))])
    lost = divided.difference(whole).area / divided.area if divided.area else 0.0
    if lost > LOST:
        raise ReviewError(
            f"{decision.where}: the parts of {ls_id} lose {100 * lost:.0f} % of its area",
            "keep all parts that the split has made, and reject those that are no landslide",
        )
    for number, (part, outline) in enumerate(parts):
        for _, other in parts[:number]:
            if outline.intersection(other).area > LOST * min(outline.area, other.area):
                raise ReviewError(f"{part.where}: two parts of {ls_id} overlap", "cut them along one line")

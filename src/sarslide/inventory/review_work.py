"""The reviewer's file of a region: written from the last release, with the decisions so far."""

from dataclasses import dataclass
from pathlib import Path

from sarslide.errors import ReleaseError
from sarslide.grid import RegionGrid
from sarslide.inventory import records, release, review, review_check, review_package
from sarslide.inventory.changes import InventoryState


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    path : Path
        The file.
    release : str
        Id of the release.
    rows, decisions : int
        Its objects, and the decisions that it held already.
    """

    path: Path
    release: str
    rows: int
    decisions: int


def write(folder: Path, region: str, grid: RegionGrid) -> Written:
    """Write the last release for review, and keep the decisions of the file that is there.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.
    grid : RegionGrid
        Its grid.

    Returns
    -------
    Written
        What was written.

    Raises
    ------
    ReleaseError
        Without a release, or for one that was changed.
    ReviewError
        For a file that is open, or wrong: it stays as it is.
    """
    from pyproj import CRS

    path = folder / "resources" / region / review_package.NAME
    releases = folder / "results" / region / "inventory" / records.RELEASES
    newest, crs = records.last(releases), CRS.from_epsg(grid.epsg)
    if newest is None:
        raise ReleaseError(f"{releases}: has no release", f"sarslide run {region}")
    records.check(releases / newest.release)
    layers = release.layers_of(releases / newest.release, crs)
    review_package.refuse_open(path)
    decisions = review.gathered(review_package.decided(path)) if path.exists() else {}
    if decisions:
        known = review_check.Known(releases, crs, InventoryState(layers))
        review_check.check([path], decisions, known, grid)
        review.check_ids(decisions, known.objects("") or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = review_package.write(path, newest.release, layers, decisions, crs)
    return Written(path, newest.release, rows, len(decisions))

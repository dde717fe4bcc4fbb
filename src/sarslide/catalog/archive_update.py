"""`update_catalog` for a region whose acquisitions lie in an archive."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from sarslide.catalog import archive, coverage
from sarslide.catalog.granule import Granule
from sarslide.catalog.region import outline_wkt
from sarslide.catalog.scenes import read
from sarslide.grid import RegionGrid
from sarslide.retrieve.access import Access
from sarslide.retrieve.granules import span
from sarslide.retrieve.orbits import Sources


@dataclass(frozen=True)
class Search:
    """What is looked for.

    Attributes
    ----------
    archive : str
        asf or copernicus.
    stacks : tuple of str
        Stacks of the configuration.
    start, end : str, optional
        `YYYYMMDD`, inclusive; None: open.
    polarisations : tuple of str
        Co-polarised channels, tried in turn.
    product : str
        `bursts` or whole SLCs.
    orbits : str
        Lowest quality of orbits accepted: precise or restituted.
    """

    archive: str
    stacks: tuple[str, ...]
    start: str | None
    end: str | None
    polarisations: tuple[str, ...]
    product: str
    orbits: str


def update(
    table: Path, matrix: Path, region: RegionGrid, search: Search, access: Access, orbits: Path | None
) -> archive.TableUpdate:
    """Search, bring the scene table up to date and write the burst-by-date matrix.

    Parameters
    ----------
    table : Path
        The scene table.
    matrix : Path
        The matrix.
    region : RegionGrid
        Grid of the region.
    search : Search
        What is looked for.
    access : Access
        How archives are reached.
    orbits : Path, optional
        Folder where orbit files are kept, when the baselines of the table are needed; None: they
        are not.

    Returns
    -------
    TableUpdate
        What it brought.
    """
    sources = access.orbits()

    def found(stack: str) -> list[Granule]:
        return _granules(stack, region, search, access)

    def orbit(mission: str, start: np.datetime64, stop: np.datetime64) -> str:
        return sources.find(mission, start, stop, search.orbits)

    fill = partial(_fill, sources, orbits, region) if orbits else None
    summary = archive.update(table, search.stacks, found, orbit, fill)
    coverage.write_matrix(matrix, read(table), search.orbits)
    return summary


def _fill(sources: Sources, orbits: Path, region: RegionGrid, rows: list[dict[str, str]]) -> int:
    from sarslide.catalog.baselines import fill_from_orbits

    return fill_from_orbits(rows, lambda row: sources.fetch(row["orbit_file"], orbits, *span([row])), region)


def _granules(stack: str, region: RegionGrid, search: Search, access: Access) -> list[Granule]:
    from sarslide.catalog import asf, copernicus

    how = access.timeout_s, access.tries, access.pause_s
    what = outline_wkt(region), stack, search.start, search.end, search.polarisations
    if search.archive == "copernicus":
        return copernicus.search(access.search_copernicus, access.data_copernicus, *what, *how)
    return asf.search(access.search_asf, *what, search.product == "bursts", *how)

"""The formats of displacement products, recognised by content."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from sarslide.displacement.contract import Declared, Displacement, Reader, checked
from sarslide.errors import RateError
from sarslide.grid import RegionGrid

# Name, that of its module -> title. The first one that recognises a file has it.
FORMATS = {
    "opera": "OPERA DISP-S1",
    "licsbas": "LiCSBAS",
    "mintpy": "MintPy",
    "egms": "EGMS L2a or L2b",
    "geotiff": "GeoTIFF (dolphin, or declared)",
}


def reader(name: str) -> Reader:
    """The module of a format.

    Parameters
    ----------
    name : str
        Key of `FORMATS`.

    Returns
    -------
    Reader
        With `recognises`, `dates` and `read`.
    """
    return cast(Reader, import_module(f"sarslide.displacement.{name}"))


def listed(product: str | Path) -> list[Path]:
    """Files of a product: itself, or all below a folder.

    Parameters
    ----------
    product : str or Path
        File or folder.

    Returns
    -------
    list of Path
        Sorted, hidden ones left out.

    Raises
    ------
    RateError
        Where there is nothing.
    """
    place = Path(product)
    found = [place] if place.is_file() else sorted(path for path in place.rglob("[!.]*") if path.is_file())
    if not found:
        raise RateError(f"{place}: holds no file", "name a product, or the folder of one")
    return found


def recognised(paths: Sequence[Path]) -> str:
    """The format of the files of a track.

    Parameters
    ----------
    paths : sequence of Path
        Files.

    Returns
    -------
    str
        Key of `FORMATS`.

    Raises
    ------
    RateError
        For files of none, or of several.
    """
    found = {next((name for name in FORMATS if reader(name).recognises(path)), "") for path in paths} - {""}
    if len(found) != 1:
        what = " and ".join(sorted(found)) or "no known format"
        raise RateError(f"{paths[0].parent}: files of {what}", f"give one of {', '.join(FORMATS)} a track")
    return found.pop()


def read(product: str | Path, grid: RegionGrid, declared: Declared | None = None) -> tuple[str, Displacement]:
    """A product of any format on the region grid.

    Parameters
    ----------
    product : str or Path
        File or folder of one track.
    grid : RegionGrid
        The region.
    declared : Declared, optional
        What it does not state.

    Returns
    -------
    str
        Key of `FORMATS`.
    Displacement
        Checked.
    """
    paths = listed(product)
    name = recognised(paths)
    return name, checked(product, reader(name).read(paths, grid, declared or Declared()))

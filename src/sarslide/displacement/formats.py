"""The formats of displacement products, recognised by content."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from sarslide.displacement.contract import Declared, Displacement, Extent, Reader, checked
from sarslide.displacement.placed import as_rate_errors
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


AUTO = "auto"


@dataclass(frozen=True)
class Product:
    """What headers tell of a product.

    Attributes
    ----------
    form : str
        Key of `FORMATS`.
    paths : tuple of Path
        Its files.
    dates : tuple of str
        YYYYMMDD, in order; empty where it states none.
    has_coherence : bool
        Whether it has a coherence, or another quality, by cell.
    """

    form: str
    paths: tuple[Path, ...]
    dates: tuple[str, ...]
    has_coherence: bool


def look(product: str | Path, form: str = AUTO) -> Product:
    """A product by the headers of its files.

    Parameters
    ----------
    product : str or Path
        File or folder of one track.
    form : str
        Key of `FORMATS`; "auto": what its files are recognised as.

    Returns
    -------
    Product
        What they tell.

    Raises
    ------
    RateError
        For files of no format, of several, or that cannot be read.
    """
    wanted = tuple(FORMATS) if form == AUTO else (form,)
    by_format: dict[str, list[Path]] = {}
    for path in listed(product):
        by_format.setdefault(next((name for name in wanted if reader(name).recognises(path)), ""), []).append(path)
    by_format.pop("", None)
    if len(by_format) != 1:
        what = " and ".join(sorted(by_format)) or ("no known format" if form == AUTO else f"none of {FORMATS[form]}")
        raise RateError(
            f"{product}: files of {what}", f"name the product of one track, or its format: {', '.join(wanted)}"
        )
    ((name, paths),) = by_format.items()
    module = reader(name)
    with as_rate_errors():
        return Product(name, tuple(paths), tuple(module.dates(paths)), module.has_coherence(paths))


def extent(product: Product) -> Extent:
    """Where a product that was looked at lies.

    Parameters
    ----------
    product : Product
        Of `look`.

    Returns
    -------
    Extent
        Without its rates being read.

    Raises
    ------
    RateError
        For files that cannot be read.
    """
    with as_rate_errors():
        return reader(product.form).extent(product.paths)


def form_of(paths: Sequence[Path], form: str) -> str:
    """The format of the files of a product that was looked at.

    Parameters
    ----------
    paths : sequence of Path
        Files of one product.
    form : str
        Key of `FORMATS`, or "auto".

    Returns
    -------
    str
        Key of `FORMATS`.
    """
    return next(name for name in FORMATS if reader(name).recognises(paths[0])) if form == AUTO else form


def reader(name: str) -> Reader:
    """The module of a format.

    Parameters
    ----------
    name : str
        Key of `FORMATS`.

    Returns
    -------
    Reader
        With `recognises`, `dates`, `has_coherence` and `read`.
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
    found = look(product)
    return found.form, read_files(found.form, found.paths, grid, declared or Declared())


def read_files(form: str, paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """The files of a product on the region grid.

    Parameters
    ----------
    form : str
        Key of `FORMATS`.
    paths : sequence of Path
        Files of one track and that format.
    grid : RegionGrid
        The region.
    declared : Declared
        What they do not state.

    Returns
    -------
    Displacement
        Checked.

    Raises
    ------
    RateError
        For files that cannot be read, do not reach the region, or are not what they state.
    """
    with as_rate_errors():
        return checked(paths[0], reader(form).read(paths, grid, declared))

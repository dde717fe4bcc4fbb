"""The mountain DEMs that come with the simulator, by name."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sarslide.errors import DemError

FOLDER = Path(__file__).parents[2] / "sarsim/ranges"
NAME = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True)
class LibraryDem:
    """A DEM of the library; its heights are above the geoid.

    Attributes
    ----------
    name : str
        File name without its ending.
    mountains : str
        The range that it lies in.
    climate : str
        In words.
    epsg : int
        Its CRS.
    bounds : tuple of float
        West, south, east, north in its CRS, m.
    cell_m : float
        Posting, m.
    geoid_m : float
        Undulation of EGM96 at its middle, m above the WGS 84 ellipsoid.
    licence : str
        In words.
    """

    name: str
    mountains: str
    climate: str
    epsg: int
    bounds: tuple[float, float, float, float]
    cell_m: float
    geoid_m: float
    licence: str

    @property
    def path(self) -> Path:
        """The file."""
        return FOLDER / f"{self.name}.tif"


@cache
def library() -> dict[str, LibraryDem]:
    """All DEMs of the library by name.

    Returns
    -------
    dict of str to LibraryDem
        In the order of their table.
    """
    with open(FOLDER / "MANIFEST.csv", newline="") as file:
        return {row["name"]: _entry(row) for row in csv.DictReader(file)}


def _entry(row: dict[str, str]) -> LibraryDem:
    west, south, east, north = (float(row[side]) for side in ("west_m", "south_m", "east_m", "north_m"))
    return LibraryDem(
        row["name"], row["range"], row["climate"], int(row["epsg"]), (west, south, east, north),
        float(row["posting_m"]), float(row["geoid_m"]), row["licence"],
    )  # fmt: skip


def is_name(dem: str) -> bool:
    """Whether a DEM is meant by its name in the library: files have an ending or a folder.

    Parameters
    ----------
    dem : str
        Name or path.

    Returns
    -------
    bool
        True for a name.
    """
    return NAME.fullmatch(dem) is not None


def named(name: str) -> LibraryDem:
    """A DEM of the library.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    LibraryDem
        The DEM.

    Raises
    ------
    DemError
        An unknown name.
    """
    if name not in library():
        raise DemError(f"no DEM of the library is called '{name}'", f"give a file, or one of {', '.join(library())}")
    return library()[name]

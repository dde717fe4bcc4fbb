"""LiCSBAS's results as float32 files without a header, and the texts below the same folder.

Little endian (`LiCSBAS_io_lib.read_img`), of `width` x `nlines` cells of `EQA.dem_par`, whose
corner is the CENTRE of the first cell (LiCSBAS_flt2geotiff.py shifts by half of `post_lat`); 0 and
NaN are void. `vel`, mm/yr, and `vstd`; of several the one that went furthest: filtered (`.filt`),
masked (`.mskd`). `13used_image.txt` has the dates, `13parameters.txt` the reference
(LiCSBAS13_sb_inv.py).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rasterio.transform import Affine

from sarslide.displacement import placed
from sarslide.displacement.contract import Declared, Displacement, Extent
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.insar.external.line_of_sight import from_vector
from sarslide.io import bounded
from sarslide.names import parse_date

CRS = "EPSG:4326"
RATES = ("vel.filt.mskd", "vel.mskd", "vel.filt", "vel")  # the first that is there counts
ERROR, COHERENCE, VECTOR = "vstd", "coh_avg", ("E.geo", "N.geo", "U.geo")
PLACE, IMAGES, PARAMETERS = "EQA.dem_par", "13used_image.txt", "13parameters.txt"
NAMES = (*RATES, ERROR, COHERENCE, *VECTOR, PLACE, IMAGES, PARAMETERS)
KEYS = ("width", "nlines", "corner_lat", "corner_lon", "post_lat", "post_lon")
AGAIN = "name the folder TS_GEOC* of LiCSBAS, with results and info"


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """The first file of each name."""
    found: dict[str, Path] = {}
    for path in sorted(paths):
        found.setdefault(path.name, path)
    return found


def _rate(files: dict[str, Path], paths: Sequence[Path]) -> Path:
    name = next((name for name in RATES if name in files), None)
    if name is None or PLACE not in files:
        what = "vel" if name is None else PLACE
        raise RateError(f"{paths[0].parent}: LiCSBAS's {what} is missing", AGAIN)
    return files[name]


def _texts(path: Path) -> dict[str, str]:
    """`key: value` of a parameter file; the first word of the value."""
    lines = (line.partition(":") for line in bounded.text(path, RateError, cure=AGAIN).splitlines())
    return {key.strip(): value.split()[0] for key, separator, value in lines if separator and value.split()}


def _place(path: Path) -> tuple[Affine, tuple[int, int]]:
    """Transform, and rows and columns."""
    texts = _texts(path)
    try:
        width, length, north, west, south_step, east_step = (float(texts[key]) for key in KEYS)
    except (KeyError, ValueError) as error:
        raise RateError(f"{path}: has no {error}", AGAIN) from None
    placed.check_unit_of_place(path, "degrees", (west, north))
    transform = Affine(east_step, 0, west - east_step / 2, 0, south_step, north - south_step / 2)
    return transform, (int(length), int(width))


def _layer(path: Path, transform: Affine, shape: tuple[int, int], grid: RegionGrid) -> np.ndarray:
    """A layer on the region grid, read around the region alone."""
    if path.stat().st_size != 4 * shape[0] * shape[1]:
        raise RateError(f"{path}: has {path.stat().st_size} bytes, {shape[1]} x {shape[0]} cells have others", AGAIN)
    return placed.layer(np.memmap(path, "<f4", "r", shape=shape), (), transform, CRS, grid, path, 0)


def dates(paths: Sequence[Path]) -> list[str]:
    """First and last date of the images that the rate was made of; none where no text has them.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    list of str
        YYYYMMDD.
    """
    files = _named(paths)
    if IMAGES not in files:
        return []
    days = sorted(bounded.text(files[IMAGES], RateError, cure=AGAIN).split())
    for day in days:
        parse_date(day)
    return [days[0], days[-1]] if days else []


def has_coherence(paths: Sequence[Path]) -> bool:
    """Whether the mean coherence of the interferograms is there.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    bool
        By the names.
    """
    return COHERENCE in _named(paths)


def extent(paths: Sequence[Path]) -> Extent:
    """Where the product lies.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    Extent
        From `EQA.dem_par`.
    """
    files = _named(paths)
    _rate(files, paths)
    transform, shape = _place(files[PLACE])
    return placed.extent_of(transform, CRS, shape)


def read(paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """The rate on the region grid; flat files have no series.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.
    grid : RegionGrid
        The region.
    declared : Declared
        The period, where no text has it.

    Returns
    -------
    Displacement
        mm/yr, towards the satellite.
    """
    files = _named(paths)
    rate = _rate(files, paths)
    transform, shape = _place(files[PLACE])
    layers = {
        name: _layer(files[name], transform, shape, grid)
        for name in (rate.name, ERROR, COHERENCE, *VECTOR)
        if name in files
    }
    toward = from_vector(rate, *(layers[name] for name in VECTOR)) if set(VECTOR) <= set(layers) else {}
    about = _texts(files[PARAMETERS]) if PARAMETERS in files else {}
    return Displacement(
        layers[rate.name],
        tuple(dates(paths) or declared.period or ()),
        layers.get(ERROR),
        coherence=layers.get(COHERENCE),
        incidence_deg=toward.get("incidence_deg"),
        heading_deg=toward.get("heading_deg"),
        reference=f"ref_area {about['ref_area']}" if "ref_area" in about else "not stated",
    )

"""LiCSBAS's `cum.h5` and `cum_filt.h5`; without them its flat files (`flat`).

`cum`, mm, and `vel`, mm/yr, positive towards the satellite: -wavelength/(4 pi) of a phase that
grows away (LiCSBAS13_sb_inv.py, LiCSBAS16_filt_ts.py, `coef_r2m`). `corner_lat` and `corner_lon`
are the CENTRE of the first cell (LiCSBAS_flt2geotiff.py shifts by half of `post_lat`). `E.geo`,
`N.geo` and `U.geo` are the vector from the ground to the satellite. `refarea` is x1:x2/y1:y2 in
cells; `coh_avg` is the mean coherence of the interferograms; `mask` is 0 where LiCSBAS15_mask_ts.py
rejects a cell, whose rate stays in the file. Morishita et al. 2020, doi:10.3390/rs12030424.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import Affine

from sarslide.displacement import flat, placed
from sarslide.displacement.contract import Declared, Displacement, Extent, rate_of
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.network import years_of

COHERENCE, MASK, CRS = "coh_avg", "mask", "EPSG:4326"


def recognises(path: Path) -> bool:
    """Whether a file is a series of LiCSBAS.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        By its content.
    """
    return _is_series(path) or path.name in flat.NAMES


def _is_series(path: Path) -> bool:
    return {"imdates", "cum"} <= placed.head(path).names


def _main(paths: Sequence[Path]) -> Path | None:
    """The filtered series where there are both; None of flat files alone."""
    return max(filter(_is_series, paths), key=lambda path: len(path.name), default=None)


def dates(paths: Sequence[Path]) -> list[str]:
    """Dates of the series.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    list of str
        YYYYMMDD, in order.
    """
    if (path := _main(paths)) is None:
        return flat.dates(paths)
    with placed.opened(path) as file:
        return [str(day) for day in file["imdates"][:]]


def has_coherence(paths: Sequence[Path]) -> bool:
    """Whether the file has the mean coherence of its interferograms.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    bool
        LiCSBAS13_sb_inv.py copies `coh_avg` into `cum.h5` where it is there.
    """
    path = _main(paths)
    return flat.has_coherence(paths) if path is None else COHERENCE in placed.head(path).names


def extent(paths: Sequence[Path]) -> Extent:
    """Where the product lies.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    Extent
        From headers alone.
    """
    if (path := _main(paths)) is None:
        return flat.extent(paths)
    with placed.opened(path) as file:
        return placed.extent_of(_affine(path, file), CRS, file["cum"].shape[1:])


def _affine(path: Path, file: Any) -> Affine:
    if "corner_lat" not in file:
        raise RateError(f"{path}: is not geocoded", "run LiCSBAS on GEOCml products")
    west, north, east, south = (float(file[name][()]) for name in ("corner_lon", "corner_lat", "post_lon", "post_lat"))
    placed.check_unit_of_place(path, "degrees", (west, north))
    return Affine(east, 0, west - east / 2, 0, south, north - south / 2)


def read(paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """Rate and series on the region grid.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.
    grid : RegionGrid
        The region.
    declared : Declared
        Not asked: the file states all.

    Returns
    -------
    Displacement
        `vel` where the file has it, else a line through the series.
    """
    if (path := _main(paths)) is None:
        return flat.read(paths, grid, declared)
    with placed.opened(path) as file:
        days = [str(day) for day in file["imdates"][:]]
        place = (_affine(path, file), CRS)
        series = np.stack([placed.layer(file["cum"], (k,), *place, grid, path) for k in range(len(days))])
        layers = {
            name: placed.layer(file[name], (), *place, grid, path)
            for name in ("vel", "vstd", COHERENCE, MASK, "E.geo", "N.geo", "U.geo")
            if name in file
        }
        reference = file["refarea"][()] if "refarea" in file else b"not stated"
    series = series - series[0]
    rate, std = rate_of(series, years_of(days))
    rate = layers.get("vel", rate)
    if MASK in layers:
        series, rate = (np.where(layers[MASK] > 0.5, cells, np.nan) for cells in (series, rate))
    toward = {"E.geo", "N.geo", "U.geo"} <= set(layers)
    heading = (np.degrees(np.arctan2(layers["E.geo"], layers["N.geo"])) + 90) % 360 if toward else None
    return Displacement(
        rate,
        tuple(days),
        layers.get("vstd", std),
        series,
        layers.get(COHERENCE),
        incidence_deg=np.degrees(np.arccos(np.clip(layers["U.geo"], -1, 1))) if toward else None,
        heading_deg=heading,
        reference=f"refarea {reference.decode() if isinstance(reference, bytes) else reference}",
    )

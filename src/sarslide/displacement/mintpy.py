"""MintPy's `velocity.h5` and `timeseries*.h5`, geocoded, with `geometryGeo.h5` beside them.

Metres, and metres a year; positive is motion towards the satellite (MintPy, `utils0.enu2los`).
X_FIRST and Y_FIRST are the outer edge of the first cell. `azimuthAngle` points from the ground to
the satellite, anticlockwise from north (`utils0.azimuth2heading_angle`); heading is 90 degrees less
it. Cells that were not inverted hold 0. Yunjun et al. 2019, doi:10.1016/j.cageo.2019.104331.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import Affine

from sarslide.constants import MM_PER_M
from sarslide.displacement import placed
from sarslide.displacement.contract import Declared, Displacement, rate_of
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.network import years_of

KINDS = {"velocity", "timeseries", "geometry", "temporalCoherence"}


def _kind(path: Path) -> str:
    """FILE_TYPE of MintPy; empty for other files."""
    if not placed.is_hdf5(path):
        return ""
    with placed.opened(path) as file:
        kind = str(file.attrs.get("FILE_TYPE", ""))
        # MintPy writes the coherence as a mask file whose layer has the name.
        return "temporalCoherence" if "temporalCoherence" in file else kind


def recognises(path: Path) -> bool:
    """Whether a file is MintPy's.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        By its content.
    """
    return _kind(path) in KINDS


def _sorted(paths: Sequence[Path]) -> dict[str, Path]:
    """The last file of each kind: a series with more corrections has the longer name."""
    return {_kind(path): path for path in sorted(paths, key=lambda path: (len(path.name), path.name))}


def dates(paths: Sequence[Path]) -> list[str]:
    """Dates of the series; of a rate alone those of START_DATE and END_DATE.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    list of str
        YYYYMMDD, in order.
    """
    files = _sorted(paths)
    if "timeseries" in files:
        with placed.opened(files["timeseries"]) as file:
            return [day.decode() for day in file["date"][:]]
    with placed.opened(files["velocity"]) as file:
        return [str(file.attrs[name]) for name in ("START_DATE", "END_DATE") if name in file.attrs]


def _place(path: Path, attributes: Mapping[str, Any]) -> tuple[Affine, str]:
    """Transform and CRS of a geocoded file."""
    if "Y_FIRST" not in attributes:
        raise RateError(f"{path}: lies in radar coordinates", "run MintPy's geocode.py on it, and name its output")
    left, top, east, south = (float(attributes[name]) for name in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"))
    unit = str(attributes.get("X_UNIT", "degrees"))
    unit = "degrees" if unit.startswith("deg") else "meters"
    placed.check_unit_of_place(path, unit, (left, top))
    if unit == "meters" and "EPSG" not in attributes:
        raise RateError(f"{path}: states metres and no EPSG", "geocode it with MintPy 1.5 or later")
    return Affine(east, 0, left, 0, south, top), f"EPSG:{attributes['EPSG'] if unit == 'meters' else 4326}"


def read(paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """Rate and series on the region grid.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.
    grid : RegionGrid
        The region.
    declared : Declared
        Angles and period where MintPy's files state none.

    Returns
    -------
    Displacement
        The velocity of its file where there is one, else a line through the series.
    """
    files = _sorted(paths)
    found: dict[str, Any] = {}
    days = dates(paths) or list(declared.period or ())

    def layer(kind: str, name: str, index: tuple[int, ...] = ()) -> np.ndarray | None:
        if kind not in files:
            return None
        with placed.opened(files[kind]) as file:
            if name not in file:
                return None
            # The displacement of the reference date is 0 everywhere.
            at_zero = kind == "timeseries" and days[index[0]] == str(file.attrs.get("REF_DATE", days[0]))
            place = _place(files[kind], file.attrs)
            return placed.layer(file[name], index, *place, grid, files[kind], None if at_zero else 0.0)

    if "timeseries" in files:
        cube: list[Any] = [layer("timeseries", "timeseries", (k,)) for k in range(len(days))]
        series = np.stack(cube) * MM_PER_M
        seen = np.isfinite(series).all(0)
        found["series_mm"] = np.where(seen, series - series[0], np.nan)
        found["rate_mm_per_yr"], found["rate_std_mm_per_yr"] = rate_of(found["series_mm"], years_of(days))
    if "velocity" in files:
        for name, key in (("velocity", "rate_mm_per_yr"), ("velocityStd", "rate_std_mm_per_yr")):
            values = layer("velocity", name)
            found[key] = None if values is None else values * MM_PER_M
    azimuth = layer("geometry", "azimuthAngle")
    main = files.get("velocity") or files["timeseries"]
    with placed.opened(main) as file:
        point = [f"{name} {file.attrs[name]}" for name in ("REF_LAT", "REF_LON") if name in file.attrs]
    return Displacement(
        dates=tuple(days),
        coherence=layer("temporalCoherence", "temporalCoherence"),
        incidence_deg=layer("geometry", "incidenceAngle"),
        heading_deg=None if azimuth is None else (90 - azimuth) % 360,
        reference=", ".join(point) or "not stated",
        **found,
    )

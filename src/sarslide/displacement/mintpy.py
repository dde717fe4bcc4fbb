"""MintPy's `velocity.h5` and `timeseries*.h5`, with geometry and temporal coherence beside them.

Metres, and metres a year; positive is motion towards the satellite (MintPy, `utils0.enu2los`).
Geocoded files: X_FIRST and Y_FIRST are the outer edge of the first cell. Files in radar coordinates
have a lookup: `latitude` and `longitude` of each radar cell in `geometryRadar.h5`, or
`azimuthCoord` and `rangeCoord` of each cell of a geocoded `geometryGeo.h5`: places in the whole
raster, whose first cell has its centre at 0.5, 0 where there is none, and of which a subset begins
at SUBSET_YMIN and SUBSET_XMIN (`objects/resample.py`). `azimuthAngle` points from the ground to the
satellite, anticlockwise from north (`utils0.azimuth2heading_angle`); heading is 90 degrees less it.
Cells that were not inverted hold 0. Yunjun et al. 2019, doi:10.1016/j.cageo.2019.104331.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import Affine

from sarslide.constants import MM_PER_M
from sarslide.displacement import placed, radar
from sarslide.displacement.contract import Declared, Displacement, Extent, rate_of
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.network import years_of

KINDS = {"velocity", "timeseries", "geometry", "temporalCoherence"}
COORDINATES, LOOKUP = ("latitude", "longitude"), ("azimuthCoord", "rangeCoord")
# Data set, index, void -> layer on the region grid
Place = Callable[[Any, tuple[int, ...], float | None], np.ndarray]


def _kind(path: Path) -> str:
    """FILE_TYPE of MintPy, of geometries also whether they are geocoded; empty for other files."""
    head = placed.head(path)
    # MintPy writes the coherence as a mask file whose layer has the name.
    kind = "temporalCoherence" if "temporalCoherence" in head.names else head.attributes.get("FILE_TYPE", "")
    return f"{kind} {'map' if _is_map(head.attributes) else 'radar'}" if kind == "geometry" else kind


def _is_map(attributes: Mapping[str, Any]) -> bool:
    return "Y_FIRST" in attributes


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
    return _kind(path).partition(" ")[0] in KINDS


def _sorted(paths: Sequence[Path]) -> dict[str, Path]:
    """The last file of each kind: a series with more corrections has the longer name.

    Of a folder with the same in both kinds of coordinates the geocoded files count.
    """
    series = {path: _is_map(placed.head(path).attributes) for path in paths if not _kind(path).startswith("geometry")}
    both = len(set(series.values())) > 1
    left = [path for path in paths if not both or series.get(path, True)]
    found = {_kind(path): path for path in sorted(left, key=lambda path: (len(path.name), path.name))}
    if not {"velocity", "timeseries"} & set(found):
        raise RateError(f"{paths[0].parent}: holds neither velocity.h5 nor timeseries.h5 of MintPy", "add one of them")
    return found


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
            return _days(file)
    about = placed.head(files["velocity"]).attributes
    return [about[name] for name in ("START_DATE", "END_DATE") if name in about]


def _days(file: Any) -> list[str]:
    return [day.decode() for day in file["date"][:]]


def has_coherence(paths: Sequence[Path]) -> bool:
    """Whether `temporalCoherence.h5` is there.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    bool
        From headers alone.
    """
    return "temporalCoherence" in _sorted(paths)


def _affine(path: Path, attributes: Mapping[str, Any]) -> tuple[Affine, str]:
    """Transform and CRS of a geocoded file."""
    left, top, east, south = (float(attributes[name]) for name in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"))
    unit = str(attributes.get("X_UNIT", "degrees"))
    unit = "degrees" if unit.startswith("deg") else "meters"
    placed.check_unit_of_place(path, unit, (left, top))
    if unit == "meters" and "EPSG" not in attributes:
        raise RateError(f"{path}: states metres and no EPSG", "geocode it with MintPy 1.5 or later")
    return Affine(east, 0, left, 0, south, top), f"EPSG:{attributes['EPSG'] if unit == 'meters' else 4326}"


def extent(paths: Sequence[Path]) -> Extent:
    """Where the product lies.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    Extent
        From headers alone, or from the lookup of files in radar coordinates.
    """
    files = _sorted(paths)
    for kind in ("velocity", "timeseries", "geometry map"):
        if kind in files and _is_map(about := placed.head(files[kind]).attributes):
            transform, crs = _affine(files[kind], about)
            return placed.extent_of(transform, crs, (int(about["LENGTH"]), int(about["WIDTH"])))
    if "geometry radar" not in files:
        raise RateError(f"{paths[0].parent}: lies in radar coordinates, without a lookup", "add geometryRadar.h5")
    with placed.opened(files["geometry radar"]) as file:
        latitude, longitude = (file[name][:] for name in COORDINATES)
    known = np.isfinite(latitude) & ((latitude != 0) | (longitude != 0))
    west, east = (float(edge(longitude[known])) for edge in (np.min, np.max))
    south, north = (float(edge(latitude[known])) for edge in (np.min, np.max))
    return Extent("EPSG:4326", (west, south, east, north))


def _on_map(path: Path, file: Any, grid: RegionGrid) -> Place:
    """How layers of a geocoded file come onto the region grid."""
    transform, crs = _affine(path, file.attrs)

    def layer(data: Any, index: tuple[int, ...], void: float | None) -> np.ndarray:
        return placed.layer(data, index, transform, crs, grid, path, void)

    return layer


def _of_radar(files: Mapping[str, Path], opened: Mapping[str, Any], main: str, grid: RegionGrid) -> Place:
    """How layers in radar coordinates come onto the region grid."""
    cells, geocoded = opened.get("geometry radar", {}), opened.get("geometry map", {})
    about = opened[main].attrs
    if set(COORDINATES) <= set(cells):
        latitude, longitude = (cells[name][:] for name in COORDINATES)
        return radar.of_coordinates(latitude, longitude, grid).layer
    if set(LOOKUP) <= set(geocoded):
        place = _on_map(files["geometry map"], geocoded, grid)
        azimuth, slant_range = (place(geocoded[name], (), 0.0) for name in LOOKUP)
        first = [int(about.get(name, 0)) for name in ("SUBSET_YMIN", "SUBSET_XMIN")]
        shape = int(about["LENGTH"]), int(about["WIDTH"])
        return radar.of_radar_places(azimuth, slant_range, first, shape).layer
    raise RateError(
        f"{files[main]}: lies in radar coordinates, without a lookup beside it",
        "add geometryRadar.h5 with latitude and longitude, or name what MintPy's geocode.py makes of it",
    )


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
    main = "velocity" if "velocity" in files else "timeseries"
    with ExitStack() as stack:
        opened = {kind: stack.enter_context(placed.opened(path)) for kind, path in files.items()}
        about = opened[main].attrs
        places = {kind: _on_map(files[kind], file, grid) for kind, file in opened.items() if _is_map(file.attrs)}
        if main not in places:
            of_radar = _of_radar(files, opened, main, grid)
            places |= {kind: of_radar for kind in opened if kind not in places}

        def layer(kind: str, name: str, index: tuple[int, ...] = (), void: float | None = 0.0) -> np.ndarray | None:
            # A geometry in radar coordinates beside geocoded rates has no place.
            if kind not in places or name not in opened[kind]:
                return None
            return places[kind](opened[kind][name], index, void)

        found: dict[str, Any] = {}
        days = dates(paths) or list(declared.period or ())
        if "timeseries" in opened:
            found |= _series(opened["timeseries"], days, layer)
        if "velocity" in opened:
            for name, key in (("velocity", "rate_mm_per_yr"), ("velocityStd", "rate_std_mm_per_yr")):
                values = layer("velocity", name)
                found[key] = None if values is None else values * MM_PER_M
        geometry = next((kind for kind in ("geometry map", "geometry radar") if _has_angles(opened, kind)), "")
        azimuth, incidence = layer(geometry, "azimuthAngle"), layer(geometry, "incidenceAngle")
        point = [f"{name} {about[name]}" for name in ("REF_LAT", "REF_LON") if name in about]
        return Displacement(
            dates=tuple(days),
            coherence=layer("temporalCoherence", "temporalCoherence"),
            incidence_deg=incidence,
            heading_deg=None if azimuth is None else (90 - azimuth) % 360,
            reference=", ".join(point) or "not stated",
            **found,
        )


def _has_angles(opened: Mapping[str, Any], kind: str) -> bool:
    return kind in opened and {"incidenceAngle", "azimuthAngle"} <= set(opened[kind])


def _series(file: Any, days: Sequence[str], layer: Callable[..., Any]) -> dict[str, np.ndarray]:
    """Series since the first date, mm, and a line through it."""
    # The displacement of the reference date is 0 everywhere.
    zero = str(file.attrs.get("REF_DATE", days[0]))
    cube = np.stack([
        layer("timeseries", "timeseries", (k,), None if day == zero else 0.0).astype(np.float32) * np.float32(MM_PER_M)
        for k, day in enumerate(days)
    ])  # fmt: skip
    series = np.where(np.isfinite(cube).all(0), cube - cube[0], np.float32(np.nan))
    rate, std = rate_of(series, years_of(days))
    return {"series_mm": series, "rate_mm_per_yr": rate, "rate_std_mm_per_yr": std}

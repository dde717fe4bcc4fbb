"""Baseline columns of the scene table, so that a network is planned without opening a product.

bperp_m: perpendicular baseline against one orbit of the stack, the first that came into the table,
positive up and away from the track, seen from the centre of the region at height zero.
critical_bperp_m: where the range spectra of level ground no longer overlap. Differences of the
first column are the baselines of pairs: a centre at height h leaves an error of
(parallel baseline) h sin(incidence) / R, 0.2 m for 100 m and 3 km.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from sarslide.catalog.scenes import BPERP, CRITICAL
from sarslide.errors import CatalogError
from sarslide.grid import RegionGrid
from sarslide.network import critical_baseline_m
from sarslide.sentinel1.baseline import baseline
from sarslide.sentinel1.geometry import ellipsoid_point, zero_doppler
from sarslide.sentinel1.orbit import Arc, read_eof
from sarslide.sentinel1.safe import Scene, open_scene

log = logging.getLogger(__name__)

WAVELENGTH_M = 0.05546576  # Sentinel-1 (B29)
# Slant range, m, to which IW1, IW2 and IW3 see, and their processed range bandwidth, Hz: annotation
# of S1A_IW_SLC__1SDV_20250406T022008.
BANDWIDTH_TO = ((850e3, 5.65e7), (905e3, 4.83e7), (math.inf, 4.28e7))


@dataclass(frozen=True)
class CentreView:
    """An acquisition as the centre of the region sees it.

    Attributes
    ----------
    arc : Arc
        Its orbit.
    critical_m : float
        Critical baseline, m.
    """

    arc: Arc
    critical_m: float


def fill(rows: list[dict[str, str]], folder: Path, region: RegionGrid) -> int:
    """Set the columns of the rows that lack them, from products.

    A stack is measured against the first of its rows whose product is still there, which keeps the
    value it has. A row whose product is gone, or does not see the centre of the region, stays
    empty, with a warning.

    Parameters
    ----------
    rows : list of dict
        Of the scene table; changed in place.
    folder : Path
        Holds the products in {stack}/{date}/.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    int
        How many were set.

    Raises
    ------
    CatalogError
        When the table has baselines and no product of theirs is left to measure new ones against.
    """
    point, normal = _centre(region)

    @cache
    def seen(stack: str, date: str) -> CentreView | None:
        place = folder / stack / date
        scene = open_scene(place, stack, orbits="annotation") if place.is_dir() else None
        found = _view(scene, point, normal) if scene else None
        if found is None:
            log.warning("%s: no product that sees the centre of the region, its baseline stays unknown", place)
        return found

    return _fill(rows, seen, point, str(folder))


def fill_from_orbits(
    rows: list[dict[str, str]], orbit_file: Callable[[dict[str, str]], Path], region: RegionGrid
) -> int:
    """The same for rows of an archive, from their orbit files alone.

    The bandwidth is that of the swath which sees the centre. Rows that wait for an orbit stay
    empty.

    Parameters
    ----------
    rows : list of dict
        Of the scene table; changed in place.
    orbit_file : callable
        Path of the orbit file of a row.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    int
        How many were set.

    Raises
    ------
    CatalogError
        When the table has baselines and no orbit of theirs is left to measure new ones against.
    """
    point, normal = _centre(region)
    first: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        if row["orbit_file"]:
            first.setdefault((row["stack"], row["date"]), row)

    @cache
    def seen(stack: str, date: str) -> CentreView | None:
        row = first.get((stack, date))
        if row is None:
            return None
        start, stop = np.datetime64(row["start_utc"]), np.datetime64(row["stop_utc"])
        length_s = float((stop - start) / np.timedelta64(1, "s"))
        arc = read_eof(orbit_file(row), row["platform"], start, 0.0, length_s).arc(0.0, length_s)
        (_,), (distance,) = zero_doppler(arc, point[None])
        if not np.isfinite(distance):
            log.warning("%s %s: does not see the centre of the region, its baseline stays unknown", stack, date)
            return None
        bandwidth = next(width for far_m, width in BANDWIDTH_TO if distance <= far_m)
        return _seen_at(arc, point, normal, bandwidth)

    return _fill(rows, seen, point, "the orbit files of the scene table")


def _fill(
    rows: list[dict[str, str]], seen: Callable[[str, str], CentreView | None], point: np.ndarray, where: str
) -> int:
    filled = 0
    for stack in sorted({row["stack"] for row in rows if not row.get(BPERP)}):
        mine = [row for row in rows if row["stack"] == stack]
        known = [row for row in mine if row.get(BPERP)]
        views = ((row, view) for row in known or mine if (view := seen(stack, row["date"])))
        anchor, first = next(views, (None, None))
        if known and anchor is None:
            raise CatalogError(
                f"{where}/{stack}: none of the products that the table knows is there to measure baselines against",
                "put one of them back, with its orbit file",
            )
        if anchor is None or first is None:
            continue
        for row in mine:
            view = None if row.get(BPERP) else seen(stack, row["date"])
            if view:
                bperp = float(anchor.get(BPERP) or 0) + _against(first, view, point)
                row.update({BPERP: f"{bperp:.2f}", CRITICAL: f"{view.critical_m:.0f}"})
                filled += 1
    return filled


def _against(first: CentreView, other: CentreView, point: np.ndarray) -> float:
    return 0.0 if first is other else baseline(first.arc, other.arc, point).perpendicular_m


def _view(scene: Scene, point: np.ndarray, normal: np.ndarray) -> CentreView | None:
    """The acquisition as `point` sees it; None where it does not."""
    (_,), (distance,) = zero_doppler(scene.arc, point[None])
    if not np.isfinite(distance):
        return None
    # The swath whose middle is nearest in range.
    burst = min(scene.bursts, key=lambda one: abs(float(one.sample(distance)) / one.samples - 0.5))
    return _seen_at(scene.arc, point, normal, burst.range_band.bandwidth_hz, scene.wavelength_m)


def _seen_at(
    arc: Arc, point: np.ndarray, normal: np.ndarray, bandwidth_hz: float, wavelength_m: float = WAVELENGTH_M
) -> CentreView:
    (time,), (distance,) = zero_doppler(arc, point[None])
    incidence = np.degrees(np.arccos(normal @ (arc.position(time) - point) / distance))
    return CentreView(arc, critical_baseline_m(wavelength_m, bandwidth_hz, distance, float(incidence)))


def _centre(region: RegionGrid) -> tuple[np.ndarray, np.ndarray]:
    """Earth-fixed centre of the region (3,), m, on the ellipsoid, and the normal there."""
    from pyproj import Transformer

    west, south, east, north = region.bounds
    lon, lat = Transformer.from_crs(region.epsg, 4326, always_xy=True).transform((west + east) / 2, (south + north) / 2)
    return ellipsoid_point(np.array(lat), np.array(lon))

"""The geometry layers of the engine contract from what other processors deliver.

Angles, or a unit vector. Vectors point from the ground to the satellite; incidence is taken from
the ellipsoid normal; heading is the flight direction, clockwise from north. The radar looks to the
right, unless it is said to look to the left. Earth and orbit are spheres where only the slant range
is missing. `layers` are dicts of (rows, cols) arrays by layer.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external.values import INCIDENCE_DEG
from sarslide.io import raster
from sarslide.terrain.dem import check_heights, region_part

EARTH_RADIUS_M = 6371e3
ORBIT_RADIUS_M = 7071e3  # Sentinel-1: 693 km, and what the ellipsoid adds at middle latitudes
UNKNOWN = 255  # layover_shadow where nothing was acquired
UNIT = 0.1  # a vector that was resampled may be so much off unit length
MARGIN_CELLS = 1  # around the region, from which the slopes at its edge are taken
Side = Literal["right", "left"]
# From the flight direction to that from the ground to the satellite, degree clockwise.
TO_SATELLITE_DEG: dict[Side, float] = {"right": -90.0, "left": 90.0}


def look_angle_deg(incidence_deg: float | np.ndarray) -> np.ndarray:
    """Angle at the satellite between nadir and the ground, over a spherical Earth.

    Parameters
    ----------
    incidence_deg : float or array of float
        Incidence angle, degree.

    Returns
    -------
    array of float
        Look angle, degree.
    """
    return np.degrees(np.arcsin(np.sin(np.radians(incidence_deg)) * EARTH_RADIUS_M / ORBIT_RADIUS_M))


def from_angles(incidence_deg: np.ndarray, heading_deg: np.ndarray, *, looks: Side = "right") -> dict[str, np.ndarray]:
    """Six layers from incidence and heading: all but layover and shadow.

    Parameters
    ----------
    incidence_deg : (rows, cols) array of float
        Incidence angle, degree; NaN stays NaN.
    heading_deg : (rows, cols) array of float
        Flight direction, degree clockwise from north.
    looks : str
        Side of the track that the radar looks to.

    Returns
    -------
    dict of array
        incidence_deg, heading_deg, slant_range_m, los_east, los_north, los_up.
    """
    incidence, to_satellite = np.radians(incidence_deg), np.radians(np.asarray(heading_deg) + TO_SATELLITE_DEG[looks])
    look = np.radians(look_angle_deg(incidence_deg))
    return {
        "incidence_deg": np.asarray(incidence_deg, float),
        "heading_deg": np.asarray(heading_deg, float) % 360,
        "slant_range_m": EARTH_RADIUS_M * np.sin(incidence - look) / np.sin(look),
        "los_east": np.sin(incidence) * np.sin(to_satellite),
        "los_north": np.sin(incidence) * np.cos(to_satellite),
        "los_up": np.cos(incidence),
    }


def from_vector(
    path: str | Path, east: np.ndarray, north: np.ndarray, up: np.ndarray, *, looks: Side = "right"
) -> dict[str, np.ndarray]:
    """The same six layers from a vector; heading is that of a track at right angles to it.

    Parameters
    ----------
    path : str or Path
        The product, for messages.
    east, north, up : (rows, cols) array of float
        Components from the ground to the satellite, of about unit length.
    looks : str
        Side of the track that the radar looks to.

    Returns
    -------
    dict of array
        As of `from_angles`.

    Raises
    ------
    InterferogramError
        For vectors of another length.
    """
    length = np.sqrt(east**2 + north**2 + up**2)
    if (np.abs(length[np.isfinite(length)] - 1) > UNIT).any():
        raise InterferogramError(f"{path}: its line of sight is no unit vector", "download the product again")
    incidence = np.degrees(np.arccos(up / length))
    return from_angles(incidence, np.degrees(np.arctan2(east, north)) - TO_SATELLITE_DEG[looks], looks=looks)


def read_heights(dem: str | Path, grid: RegionGrid) -> np.ndarray:
    """Heights of the region and one cell more on each side.

    Parameters
    ----------
    dem : str or Path
        DEM of the region, m.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows + 2, cols + 2) array of float
        Heights, m.

    Raises
    ------
    DemError
        For a DEM that is not on the region's lattice, does not hold it, or has holes.
    """
    heights = raster.read_block(dem, *region_part(str(dem), raster.grid_of(dem), grid, MARGIN_CELLS))
    check_heights(str(dem), heights)
    return heights


def layover_shadow(height_m: np.ndarray, grid: RegionGrid, layers: dict[str, np.ndarray]) -> np.ndarray:
    """Layover and shadow of the slopes themselves.

    Layover is where the slope towards the radar exceeds the incidence angle, shadow where the slope
    away from it exceeds its complement; what such slopes hide farther away is not found.

    Parameters
    ----------
    height_m : (rows + 2, cols + 2) array of float
        Heights, m, one cell more on each side.
    grid : RegionGrid
        Grid of the region.
    layers : dict of array
        Incidence and line of sight, as of `from_angles`.

    Returns
    -------
    (rows, cols) array of uint8
        0 good, 1 layover, 2 shadow, 255 where there is no line of sight.
    """
    incidence = np.radians(layers["incidence_deg"])
    to_satellite = np.arctan2(layers["los_east"], layers["los_north"])
    down_rows, along_cols = np.gradient(height_m, grid.cell_m)
    # Height per metre towards the satellite.
    rise = along_cols[1:-1, 1:-1] * np.sin(to_satellite) - down_rows[1:-1, 1:-1] * np.cos(to_satellite)
    flags = (-rise > np.tan(incidence)) + 2 * (rise > 1 / np.tan(incidence))
    return np.where(np.isfinite(incidence), flags, UNKNOWN).astype(np.uint8)


def with_layover(
    layers: dict[str, np.ndarray], height_m: np.ndarray, grid: RegionGrid, path: str | Path
) -> dict[str, np.ndarray]:
    """All seven layers from the six of a product.

    Parameters
    ----------
    layers : dict of array
        As of `from_angles`.
    height_m : (rows + 2, cols + 2) array of float
        Heights, m, one cell more on each side.
    grid : RegionGrid
        Grid of the region.
    path : str or Path
        The product, for messages.

    Returns
    -------
    dict of array
        The six layers and layover_shadow.

    Raises
    ------
    InterferogramError
        For a line of sight that does not reach the region, or that no radar has.
    """
    if not np.isfinite(layers["los_up"]).any():
        raise InterferogramError(f"{path}: its line of sight does not reach the region", "correct grid.bounds")
    low, high = np.nanmin(layers["incidence_deg"]), np.nanmax(layers["incidence_deg"])
    if low < INCIDENCE_DEG[0] or high > INCIDENCE_DEG[1]:
        raise InterferogramError(f"{path}: incidence from {low:g} to {high:g} degrees", "download the product again")
    return layers | {"layover_shadow": layover_shadow(height_m, grid, layers)}


def where_acquired(layers: dict[str, np.ndarray], acquired: np.ndarray) -> dict[str, np.ndarray]:
    """The layers with layover_shadow where something was acquired only.

    Parameters
    ----------
    layers : dict of array
        All seven layers.
    acquired : (rows, cols) array of bool
        Cells of which some pair has data.

    Returns
    -------
    dict of array
        The same; good cells without data are 255.
    """
    flags = layers["layover_shadow"]
    return layers | {"layover_shadow": np.where(~acquired & (flags == 0), UNKNOWN, flags).astype(np.uint8)}

"""The geometry layers of the engine contract (DESIGN 2) from what other processors deliver: angles, or a unit vector.

The radar looks to the right. Vectors point from the ground to the satellite; incidence is taken from the ellipsoid normal;
heading is the flight direction, clockwise from north. Earth and orbit are spheres where only the slant range is missing.
"""

import numpy as np

from sarslide.grid import RegionGrid

EARTH_RADIUS_M = 6371e3
ORBIT_RADIUS_M = 7071e3  # Sentinel-1: 693 km, and what the ellipsoid adds at middle latitudes
UNKNOWN = 255  # layover_shadow without a line of sight


def look_angle_deg(incidence_deg: float | np.ndarray) -> float | np.ndarray:
    """Angle at the satellite between nadir and the ground, over a spherical Earth."""
    return np.degrees(np.arcsin(np.sin(np.radians(incidence_deg)) * EARTH_RADIUS_M / ORBIT_RADIUS_M))


def from_angles(incidence_deg: np.ndarray, heading_deg: np.ndarray) -> dict[str, np.ndarray]:
    """Six layers from incidence and heading, of one shape: all but layover and shadow. NaN stays NaN."""
    incidence, to_satellite = np.radians(incidence_deg), np.radians(np.asarray(heading_deg) - 90)
    look = np.radians(look_angle_deg(incidence_deg))
    return {
        "incidence_deg": np.asarray(incidence_deg, float),
        "heading_deg": np.asarray(heading_deg, float) % 360,
        "slant_range_m": EARTH_RADIUS_M * np.sin(incidence - look) / np.sin(look),
        "los_east": np.sin(incidence) * np.sin(to_satellite),
        "los_north": np.sin(incidence) * np.cos(to_satellite),
        "los_up": np.cos(incidence),
    }


def from_vector(east: np.ndarray, north: np.ndarray, up: np.ndarray) -> dict[str, np.ndarray]:
    """The same six layers from a vector of about unit length; heading is that of a track at right angles to it."""
    length = np.sqrt(east**2 + north**2 + up**2)
    incidence = np.degrees(np.arccos(up / length))
    return from_angles(incidence, np.degrees(np.arctan2(east, north)) + 90)


def layover_shadow(height_m: np.ndarray, grid: RegionGrid, layers: dict[str, np.ndarray]) -> np.ndarray:
    """0 good, 1 layover, 2 shadow, 255 where there is no line of sight; uint8 on `grid`.

    height_m: (rows + 2, cols + 2), one cell more on each side. Where the slope towards the radar exceeds the incidence angle,
    or the slope away from it its complement; what such slopes hide further away is not found.
    """
    incidence = np.radians(layers["incidence_deg"])
    to_satellite = np.radians(layers["heading_deg"] - 90)
    down_rows, along_cols = np.gradient(height_m, grid.cell_m)
    rise = along_cols[1:-1, 1:-1] * np.sin(to_satellite) - down_rows[1:-1, 1:-1] * np.cos(to_satellite)
    flags = (-rise > np.tan(incidence)) + 2 * (
        rise > 1 / np.tan(incidence)
    )  # rise: height per metre towards the satellite
    return np.where(np.isfinite(incidence), flags, UNKNOWN).astype(np.uint8)

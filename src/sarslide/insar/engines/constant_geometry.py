"""Geometry rasters of a small region from one incidence angle and one heading, for engines that deliver no more (DESIGN 2)."""

from pathlib import Path

import numpy as np

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid

EARTH_RADIUS_M = 6371e3
ORBIT_RADIUS_M = 7071e3  # Sentinel-1: 693 km, and what the ellipsoid adds at middle latitudes


def look_angle_deg(incidence_deg: float) -> float:
    """Angle at the satellite between nadir and the ground, over a spherical Earth."""
    return float(np.degrees(np.arcsin(np.sin(np.radians(incidence_deg)) * EARTH_RADIUS_M / ORBIT_RADIUS_M)))


def geometry(height_m: np.ndarray, grid: RegionGrid, incidence_deg: float, heading_deg: float) -> dict[str, np.ndarray]:
    """The seven geometry layers of the engine contract, each on `grid`.

    height_m: (rows + 2, cols + 2), one cell more on each side. incidence_deg: from the ellipsoid normal. heading_deg: flight
    direction clockwise from north; the radar looks to the right. LOS components point from the ground to the satellite.
    Layover and shadow are where the slope towards the radar exceeds the incidence angle, or the slope away from it its
    complement; what they hide further away is not found.
    """
    incidence, look = np.radians(incidence_deg), np.radians(look_angle_deg(incidence_deg))
    to_satellite = np.radians(heading_deg - 90)
    east, north = np.sin(to_satellite), np.cos(to_satellite)
    down_rows, along_cols = np.gradient(height_m, grid.cell_m)
    rise = (along_cols * east - down_rows * north)[1:-1, 1:-1]  # height gained per metre towards the satellite
    constant = {
        "incidence_deg": incidence_deg,
        "heading_deg": heading_deg % 360,
        "slant_range_m": EARTH_RADIUS_M * np.sin(incidence - look) / np.sin(look),
        "los_east": np.sin(incidence) * east,
        "los_north": np.sin(incidence) * north,
        "los_up": np.cos(incidence),
    }
    layers = {name: np.full(grid.shape, value) for name, value in constant.items()}
    layover, shadow = -rise > np.tan(incidence), rise > 1 / np.tan(incidence)
    return layers | {"layover_shadow": (layover + 2 * shadow).astype(np.uint8)}


def perpendicular_baseline_m(path: str | Path, incidence_deg: float) -> float:
    """bperp_m (DESIGN 2) from a table of GAMMA's base_perp (`*_bperp.par`), for the look angle of the region.

    GAMMA gives the baseline (later - earlier orbit) across the track, c, and down, n, by line and range; perpendicular to the
    look vector, up and away from the track, it is c cos(look) - n sin(look). The mean over the scene's lines is taken.
    Raises InterferogramError for a file without that table.
    """
    rows = []
    try:
        for line in Path(path).read_text().splitlines():
            fields = line.split()
            if len(fields) == 9 and fields[0].isdigit():
                rows.append([float(field) for field in fields])
    except (OSError, ValueError) as error:
        raise InterferogramError(f"{path}: cannot be read ({error})", "export the baselines again") from error
    if not rows:
        raise InterferogramError(f"{path}: holds no table of baselines", "give the output of GAMMA's base_perp")
    across, down = np.array(rows)[:, 3:5].mean(axis=0)
    look = np.radians(look_angle_deg(incidence_deg))
    return float(across * np.cos(look) - down * np.sin(look))

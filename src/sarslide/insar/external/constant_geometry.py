"""Geometry rasters of a small region from one incidence angle and one heading, for engines that deliver no more (DESIGN 2)."""

from pathlib import Path

import numpy as np

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external.line_of_sight import from_angles, layover_shadow, look_angle_deg


def geometry(height_m: np.ndarray, grid: RegionGrid, incidence_deg: float, heading_deg: float) -> dict[str, np.ndarray]:
    """The seven geometry layers of the engine contract, each on `grid`.

    height_m: (rows + 2, cols + 2), one cell more on each side. incidence_deg: from the ellipsoid normal. heading_deg: flight
    direction clockwise from north; the radar looks to the right. LOS components point from the ground to the satellite.
    """
    layers = from_angles(np.full(grid.shape, incidence_deg), np.full(grid.shape, heading_deg))
    return layers | {"layover_shadow": layover_shadow(height_m, grid, layers)}


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

"""Geometry layers of a small region from one incidence angle and one heading.

For products that hold no more.
"""

from pathlib import Path

import numpy as np

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external import values
from sarslide.insar.external.line_of_sight import from_angles, layover_shadow, look_angle_deg
from sarslide.io.bounded import text

MAX_BYTES = 4 << 20  # of a table: one line for each hundred of the scene


def geometry(height_m: np.ndarray, grid: RegionGrid, incidence_deg: float, heading_deg: float) -> dict[str, np.ndarray]:
    """The seven geometry layers of the engine contract.

    Parameters
    ----------
    height_m : (rows + 2, cols + 2) array of float
        Heights, m, one cell more on each side.
    grid : RegionGrid
        Grid of the region.
    incidence_deg : float
        Incidence angle from the ellipsoid normal, degree.
    heading_deg : float
        Flight direction, degree clockwise from north; the radar looks to the right.

    Returns
    -------
    dict of array
        Layers by name, each (rows, cols); the line of sight points from the ground to the
        satellite.
    """
    layers = from_angles(np.full(grid.shape, incidence_deg), np.full(grid.shape, heading_deg))
    return layers | {"layover_shadow": layover_shadow(height_m, grid, layers)}


def perpendicular_baseline_m(path: str | Path, incidence_deg: float) -> float:
    """Perpendicular baseline from GAMMA: a table of base_perp, or a baseline file (TCN).

    GAMMA gives the baseline (later - earlier orbit) across the track, c, and down, n, by line and
    range; perpendicular to the look vector, up and away from the track, it is
    c cos(look) - n sin(look). The mean over the scene's lines is taken, of a baseline file
    (`precision_baseline(TCN)`, else `initial_baseline(TCN)`) the value at the scene's centre.

    Parameters
    ----------
    path : str or Path
        The table, or the baseline file.
    incidence_deg : float
        Incidence angle of the region, degree, which gives the look angle.

    Returns
    -------
    float
        bperp_m of `PairRecord`, m.

    Raises
    ------
    InterferogramError
        For a file that cannot be read, without that table, or with baselines that no orbits have.
    """
    cure = "export the baselines again"
    lines = [line.split() for line in text(path, InterferogramError, MAX_BYTES, "latin-1", cure).splitlines()]
    rows = [
        [values.number(path, f"baseline in line {line[0]}", field, values.BASELINE_M, cure) for field in line[3:5]]
        for line in lines
        if len(line) == 9 and line[0].isdigit()
    ]
    if rows:
        across, down = np.array(rows).mean(axis=0)
        return _perpendicular(across, down, incidence_deg)
    centre = {line[0]: line[2:4] for line in lines if len(line) >= 4}
    for name in ("precision_baseline(TCN):", "initial_baseline(TCN):"):
        found = [values.number(path, name, field, values.BASELINE_M, cure) for field in centre.get(name, ())]
        if any(found):  # GAMMA writes zeros for a precision baseline that it has not estimated
            across, down = found
            return _perpendicular(across, down, incidence_deg)
    raise InterferogramError(
        f"{path}: holds no table of baselines", "give GAMMA's baseline file, or the output of its base_perp"
    )


def _perpendicular(across: float, down: float, incidence_deg: float) -> float:
    look = np.radians(look_angle_deg(incidence_deg))
    return float(across * np.cos(look) - down * np.sin(look))

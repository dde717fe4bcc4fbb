"""The single curvature of ArcGIS, of the two curvatures of `terrain.derivatives` (C03)."""

import numpy as np


def total_curvature(profile_per_m: np.ndarray, plan_per_m: np.ndarray) -> np.ndarray:
    """Curvature as ArcGIS has it, which P0 and P3 used: the negative Laplacian of the height.

    Profile minus plan curvature is -(r + t) whatever the direction of the slope; on level ground,
    which has no direction, both are 0. ArcGIS prints a hundred times these numbers.

    Parameters
    ----------
    profile_per_m, plan_per_m : array
        Curvatures of `derivatives`, 1/m.

    Returns
    -------
    array
        1/m, positive where the ground is convex.
    """
    return profile_per_m - plan_per_m

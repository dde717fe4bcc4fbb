"""Terrain derivatives with named definitions (C01-C04).

xdem computes, this module pins method, sign and unit. Slope, aspect and hillshade: Horn (1981), doi
10.1109/PROC.1981.11918, the default of gdaldem. Curvatures: the quadric and the definitions of
Zevenbergen and Thorne (1987), doi 10.1002/esp.3290120107. With p, q the first derivatives of height
to east and north and r, s, t the second ones (xx, xy, yy),

    profile curvature = -(p^2 r + 2 p q s + q^2 t) / (p^2 + q^2)    positive where the slope
                                                                    steepens downhill (convex)
    plan curvature    = +(q^2 r - 2 p q s + p^2 t) / (p^2 + q^2)    positive in hollows, where
                                                                    contours bend uphill

in 1/m. They are directional derivatives, not curvatures of normal sections; the "planform"
curvature of other tools is another quantity.
"""

import numpy as np

EDGE_CELLS = 1  # every derivative looks at 3 x 3 cells
XDEM_CURVATURE_SCALE = 100  # xdem multiplies its curvatures by 100


def derivatives(height_m: np.ndarray, cell_m: float) -> dict[str, np.ndarray]:
    """Slope, aspect, curvatures and shaded relief of a north-up DEM.

    Parameters
    ----------
    height_m : (rows, cols) array of float
        Height, m, NaN where unknown.
    cell_m : float
        Side of the square cells, m.

    Returns
    -------
    dict of str to (rows, cols) array
        Layers slope_deg, aspect_deg, curvature_profile_per_m, curvature_plan_per_m, float32, and
        hillshade, uint8. The outermost cells, and those beside an unknown height, are NaN (0 in
        hillshade). Aspect is the downslope direction, degrees clockwise from north, NaN where the
        ground is level.
    """
    import xdem

    # About their mean, float32 heights keep tenths of a millimetre.
    height = (height_m - np.nanmean(height_m)).astype(np.float32)
    attribute = {"dem": height, "resolution": (cell_m, cell_m)}
    slope, aspect, shade = xdem.terrain.get_terrain_attribute(
        attribute=["slope", "aspect", "hillshade"], surface_fit="Horn", **attribute
    )
    profile, tangential = xdem.terrain.get_terrain_attribute(
        attribute=["profile_curvature", "tangential_curvature"],
        surface_fit="ZevenbergThorne",
        curv_method="directional",
        **attribute,
    )
    return {
        "slope_deg": slope,
        "aspect_deg": np.where(slope > 0, aspect, np.float32(np.nan)),
        "curvature_profile_per_m": profile / XDEM_CURVATURE_SCALE,
        "curvature_plan_per_m": -tangential / XDEM_CURVATURE_SCALE,
        "hillshade": np.where(np.isnan(shade), 0, np.clip(np.rint(shade), 1, 255)).astype(np.uint8),
    }

"""Land cover of a simulated valley, and what each class does to the radar: backscatter and temporal
decorrelation.
"""

from dataclasses import dataclass

import numpy as np

from sarsim.terrain import Terrain, noise
from sarslide.grid import RegionGrid

ROCK, GRASS, FOREST, FARMLAND, WATER, SNOW, SETTLEMENT = range(1, 8)


@dataclass(frozen=True)
class CoverClass:
    """One class of land cover.

    The coherence of two dates is `rho_inf + (rho_0 - rho_inf) exp(-days / tau_days)`: a part that
    persists, a part that fades, and a part lost at once (Rocca 2007, doi:10.1109/TGRS.2007.902286;
    long-term part as in Kelevitz et al. 2022, doi:10.1109/TGRS.2022.3170991).

    Attributes
    ----------
    name : str
        Its name.
    gamma0_db : float
        Gamma nought in C band VV, dB.
    rho_inf, rho_0, tau_days : float
        Of the coherence.
    """

    name: str
    gamma0_db: float
    rho_inf: float
    rho_0: float
    tau_days: float

    def coherence(self, days: float) -> float:
        """Temporal coherence of two acquisitions.

        Parameters
        ----------
        days : float
            Days between them; the same acquisition is not part of the model.

        Returns
        -------
        float
            0 to 1.
        """
        return self.rho_inf + (self.rho_0 - self.rho_inf) * float(np.exp(-days / self.tau_days))


CLASSES: dict[int, CoverClass] = {
    ROCK: CoverClass("rock", -9.0, 0.70, 0.92, 30.0),
    GRASS: CoverClass("grass", -12.0, 0.45, 0.85, 30.0),
    FOREST: CoverClass("forest", -10.0, 0.25, 0.60, 20.0),
    FARMLAND: CoverClass("farmland", -11.0, 0.30, 0.72, 24.0),
    WATER: CoverClass("water", -21.0, 0.0, 0.0, 1.0),
    SNOW: CoverClass("snow", -14.0, 0.20, 0.55, 14.0),
    SETTLEMENT: CoverClass("settlement", -4.0, 0.80, 0.92, 60.0),
}


def table(field: str) -> np.ndarray:
    """One number of every class.

    Parameters
    ----------
    field : str
        `gamma0_db`, `rho_inf`, `rho_0` or `tau_days`.

    Returns
    -------
    array of float32
        Indexed by the code of the class.
    """
    values = np.zeros(max(CLASSES) + 1, np.float32)
    for code, cover in CLASSES.items():
        values[code] = getattr(cover, field)
    return values


def map_land_cover(
    grid: RegionGrid, terrain: Terrain, snowline_m: float, forest_share: float, seed: np.random.SeedSequence
) -> np.ndarray:
    """Land cover of a terrain.

    Forest stands on shady lower slopes, farmland and hamlets on the valley floors, snow above the
    snowline where the ground is not too steep to hold it, rock where it is; the rest is grass.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    terrain : Terrain
        The terrain on `grid`.
    snowline_m : float
        Ellipsoidal height of the snowline, m.
    forest_share : float
        Share of the slopes below the tree line under forest.
    seed : SeedSequence
        Seed.

    Returns
    -------
    (rows, cols) array of uint8
        Codes of the layer `land_cover`.
    """
    rng = np.random.default_rng(seed)
    height = terrain.elevation_m
    north_gradient, east_gradient = np.gradient(height, -grid.cell_m, grid.cell_m)
    slope = np.degrees(np.arctan(np.hypot(north_gradient, east_gradient)))
    patchy, broad, fine = (noise(grid.shape, wavelength / grid.cell_m, rng) for wavelength in (1200, 4000, 400))

    cover = np.full(grid.shape, GRASS, np.uint8)
    # Shade: slopes that fall towards the north are moist, which is where forest grows in dry
    # valleys.
    tree_line = snowline_m - 350 + 60 * broad
    slopes = ~terrain.floor & (height < tree_line)
    wet = 0.8 * np.clip(-north_gradient, -1, 1) / 0.5 + 0.7 * patchy + 0.4 * broad
    if slopes.any() and forest_share > 0:
        cover[slopes & (wet > np.quantile(wet[slopes], 1 - forest_share))] = FOREST
    cover[(slope > 43 + 3 * fine) | ((height > snowline_m - 120 + 90 * patchy) & (height <= snowline_m))] = ROCK
    cover[(height > snowline_m) & (slope < 42 + 4 * fine)] = SNOW
    cover[(height > snowline_m) & (slope >= 42 + 4 * fine)] = ROCK
    cover[terrain.floor & (patchy + 0.5 * fine > -0.6)] = FARMLAND
    cover[terrain.floor & (broad + fine > 2.1) & (terrain.river_distance_m > 90)] = SETTLEMENT
    cover[terrain.river_distance_m < 28 + 6 * fine] = WATER
    return cover

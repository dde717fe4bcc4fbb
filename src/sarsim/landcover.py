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


# As real pairs show them (tests/data/real/interferograms; studies/ground/scattering.py). FOREST
# and FARMLAND: the cells of Houston's window `mixed` without lasting coherence, 63 % the one and
# 37 % the other, at 12, 24 and 48 days; tested on its windows `town_a` and `town_b`. ROCK and
# GRASS: the upper and the lower half of El Haouz (dry, 12 days) outside the shipped window, tested
# inside it; one span says nothing of the rest: tau and the ratio of rho_inf to rho_0 are near those
# above. SETTLEMENT: gardens and streets between the points of `TOWN`. WATER: darker than the noise,
# as Terceira's sea. No real pair here shows snow.
MEASURED: dict[int, CoverClass] = CLASSES | {
    ROCK: CoverClass("rock", -9.0, 0.74, 0.97, 30.0),
    GRASS: CoverClass("grass", -12.0, 0.43, 0.81, 30.0),
    FOREST: CoverClass("forest", -10.0, 0.0, 0.36, 31.0),
    FARMLAND: CoverClass("farmland", -11.0, 0.0, 0.64, 50.0),
    WATER: CoverClass("water", -35.0, 0.0, 0.0, 1.0),
    SETTLEMENT: CoverClass("settlement", -4.0, 0.20, 0.60, 40.0),
}


@dataclass(frozen=True)
class Town:
    """Point scatterers of settlements: walls and roofs that last.

    Attributes
    ----------
    share : float
        Of the scatterers that are points.
    power : float
        Share of the class's backscatter that they return.
    lasting : float
        Their coherence, at all times.
    height_m : float
        Highest building, m; heights are uniform from 0, one in each cell.
    """

    share: float
    power: float
    lasting: float
    height_m: float


# Cells of Houston's window `mixed` that keep 0.6 and more beyond 200 days have 0.86, 0.86 and 0.82
# at 12, 24 and 48 days. In its most settled 50 x 50 cells phases scatter 2.7 times more than
# coherence above 0.6 says; simulated, under baselines of 70 m, 2.4 times with heights to 25 m and
# 3.3 with 40 m. These stand for all that sets a building's phase apart, its error in the DEM too.
TOWN = Town(share=0.04, power=0.8, lasting=0.98, height_m=30.0)


def table(field: str, classes: dict[int, CoverClass] = CLASSES) -> np.ndarray:
    """One number of every class.

    Parameters
    ----------
    field : str
        `gamma0_db`, `rho_inf`, `rho_0` or `tau_days`.
    classes : dict of int to CoverClass
        By code.

    Returns
    -------
    array of float32
        Indexed by the code of the class.
    """
    values = np.zeros(max(classes) + 1, np.float32)
    for code, cover in classes.items():
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

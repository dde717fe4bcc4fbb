"""What else a survey knows of a simulated region: Sentinel-2 reflectances and a geological map (P3
2.2, Fig. 2e and 2g).

Both are plausible, not measured. Reflectances lie within the ranges of the spectral libraries of
the USGS (Kokaly et al. 2017, doi:10.3133/ds1035) and ECOSTRESS (Meerdink et al. 2019,
doi:10.1016/j.rse.2019.05.015), at 490, 560, 665 and 842 nm, for a day of the growing season without
clouds. An active landslide need not be visible: SCARRED is how many are, BARE_PATCHES how much
bare ground there is that does not move. Landslides know nothing of the rock under them.
"""

import numpy as np
from scipy import ndimage

from sarsim import landcover
from sarsim.slopes import cells_inside
from sarsim.terrain import noise
from sarsim.world import World

BANDS = ("reflectance_b02", "reflectance_b03", "reflectance_b04", "reflectance_b08")
OPTICAL, LITHOLOGY_KEY = 5, 6  # keys of these parts of the simulation among those that share the seed

BARE = (0.10, 0.14, 0.18, 0.25)  # debris and soil
SPECTRA: dict[int, tuple[float, float, float, float]] = {
    landcover.ROCK: (0.11, 0.14, 0.17, 0.21),
    landcover.GRASS: (0.04, 0.08, 0.07, 0.28),
    landcover.FOREST: (0.02, 0.04, 0.03, 0.22),
    landcover.FARMLAND: (0.06, 0.09, 0.10, 0.27),
    landcover.WATER: (0.07, 0.09, 0.08, 0.04),
    landcover.SNOW: (0.85, 0.85, 0.84, 0.76),
    landcover.SETTLEMENT: (0.13, 0.15, 0.17, 0.22),
}
VEGETATED = (landcover.GRASS, landcover.FOREST, landcover.FARMLAND)
# Part of a class's brightness that varies from place to place, and part of the ground under
# vegetation that shows (standard deviations): two fields of one valley, seen in any Sentinel-2
# image.
BRIGHTNESS, SPARSENESS = 0.12, 0.10
HUE = 0.05  # the same, for each band by itself: minerals, moisture, plants
# Direct light follows the cosine of its angle with the slope; the sky's part comes from everywhere,
# more in the blue.
SKY = (0.26, 0.20, 0.15, 0.10)
SUN_ZENITH_DEG, SUN_AZIMUTH_DEG = (
    (20.0, 50.0),
    (110.0, 165.0),
)  # 10:30 local time, spring to autumn, 20 to 45 degrees north
SENSOR = (0.01, 0.002)  # noise: part of the signal, and absolute

SCARRED = 0.4  # of the active landslides show bare ground
SCAR_COVER = (0.15, 0.6)  # share of bare ground inside a scar
BARE_PATCHES = 0.02  # of the slopes are as bare and do not move
BARE_DECOYS = ("mining",)  # kinds of decoys that are bare ground

# Classes of the Global Lithological Map (codes of sarslide.layers.LITHOLOGY): sandstone and slate,
# mixed beds, limestone, phyllite and schist, metabasalt; granite; fill of the valleys.
STRATA, GRANITE, FILL = (2, 3, 4, 7, 13), 8, 1
THICKNESS_M = (150.0, 700.0)  # of a unit


def reflectance(world: World, seed: int) -> dict[str, np.ndarray]:
    """Surface reflectance of Sentinel-2's bands 2, 3, 4 and 8 (C08).

    Cells mix the classes around their edges; the light falls as on a slope that no terrain
    correction has evened out. Deterministic: same world and seed, same values.

    Parameters
    ----------
    world : World
        The simulated region.
    seed : int
        Seed of the image.

    Returns
    -------
    dict of str to ndarray
        `reflectance_b02` ... `reflectance_b08`: float32 (rows, cols) on the region, 0 to 1.
    """
    # Scars draw from a stream of their own, so that the rest of the picture does not depend on the
    # landslides.
    for_ground, for_scars, for_noise = map(np.random.default_rng, np.random.SeedSequence([seed, OPTICAL]).spawn(3))
    region, shape = world.region, world.region.shape
    cover = world.land_cover[world.window]
    direct = _direct_light(world, for_ground)
    bright, sparse, patchy = (noise(shape, wavelength / region.cell_m, for_ground) for wavelength in (900, 1500, 500))
    bare = _bare_share(world, cover, sparse, patchy, for_scars)

    bands = {}
    for index, name in enumerate(BANDS):
        table = np.full(256, SPECTRA[landcover.ROCK][index], np.float32)
        for code, spectrum in SPECTRA.items():
            table[code] = spectrum[index]
        ground = ndimage.gaussian_filter(table[cover], 0.5, mode="nearest")
        ground = ground + bare * (BARE[index] - ground)
        ground *= np.clip(1 + BRIGHTNESS * bright + HUE * noise(shape, 600 / region.cell_m, for_ground), 0.4, 1.6)
        seen = ground * (SKY[index] + (1 - SKY[index]) * direct)
        seen += (SENSOR[0] * seen + SENSOR[1]) * for_noise.standard_normal(shape)
        bands[name] = np.clip(seen, 0, 1).astype(np.float32)
    return bands


def lithology(world: World, seed: int) -> np.ndarray:
    """Rock classes (C07).

    A folded, gently plunging sequence cut by the ground, so that boundaries follow the strata and
    bend in the valleys; one fault and a few bodies of granite cut it, and flat floors are filled
    with loose sediments. No landslide depends on its rock; only the floors, on which there are
    none, tie the two together. Deterministic: same world and seed, same map.

    Parameters
    ----------
    world : World
        The simulated region.
    seed : int
        Seed of the map.

    Returns
    -------
    (rows, cols) array of uint8
        Codes of `layers.LITHOLOGY` on the region, never 0.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, LITHOLOGY_KEY]))
    region = world.region
    height = world.elevation_m[world.window].astype(float)
    # Fold axes run as mountain ranges do: across the folds is `u`, along the axes `v`.
    azimuth = rng.uniform(0, np.pi)
    east, north = region.x()[None, :] - region.x().mean(), region.y()[:, None] - region.y().mean()
    u, v = east * np.cos(azimuth) - north * np.sin(azimuth), east * np.sin(azimuth) + north * np.cos(azimuth)
    position = height - rng.uniform(-0.25, 0.25) * u - rng.uniform(-0.08, 0.08) * v
    for wavelength, amplitude in ((rng.uniform(5000, 9000), 900.0), (rng.uniform(1500, 3000), 180.0)):
        position -= amplitude * np.sin(2 * np.pi * u / wavelength + rng.uniform(0, 2 * np.pi))
    position += 60 * noise(region.shape, 2500 / region.cell_m, rng, 3)
    throw = rng.uniform(200, 600) * rng.choice([-1, 1])
    strike, offset = rng.uniform(0, np.pi), rng.uniform(-0.25, 0.25) * (region.bounds[2] - region.bounds[0])
    position += throw * (east * np.cos(strike) - north * np.sin(strike) > offset)

    units = np.empty(region.shape, np.uint8)
    base, last = position.min() - 1, 0
    while base < position.max():
        # A unit never lies on itself.
        last = int(rng.choice([code for code in STRATA if code != last]))
        units[position >= base] = last
        base += rng.uniform(*THICKNESS_M)
    body = noise(region.shape, 6000 / region.cell_m, rng, 3)
    units[body > 1.7] = GRANITE
    units[(_slope(world)[0] < np.tan(np.radians(6))) & (world.land_cover[world.window] != landcover.SNOW)] = FILL
    return ndimage.median_filter(units, 3, mode="nearest")


def _slope(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steepness (tangent) of the region, and the ground's rise to the east and to the north."""
    north, east = np.gradient(world.elevation_m.astype(float), -world.grid.cell_m, world.grid.cell_m)
    north, east = north[world.window], east[world.window]
    return np.hypot(east, north), east, north


def _direct_light(world: World, rng: np.random.Generator) -> np.ndarray:
    """Direct light on the slope over that on level ground: cosine of the angle of incidence over
    that of the sun's zenith.
    """
    zenith, azimuth = np.radians(rng.uniform(*SUN_ZENITH_DEG)), np.radians(rng.uniform(*SUN_AZIMUTH_DEG))
    steepness, east, north = _slope(world)
    towards_sun = np.cos(zenith) - np.sin(zenith) * (east * np.sin(azimuth) + north * np.cos(azimuth))
    return np.clip(towards_sun / np.sqrt(1 + steepness**2) / np.cos(zenith), 0, 2)


def _bare_share(
    world: World, cover: np.ndarray, sparse: np.ndarray, patchy: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Share of each cell that is debris or soil: thin vegetation, bare patches that lie still,
    scars, mines.
    """
    region = world.region
    vegetated = np.isin(cover, VEGETATED)
    share = np.where(vegetated, np.clip(0.08 + SPARSENESS * sparse, 0, 0.5), 0.0)
    slopes = vegetated & (_slope(world)[0] > np.tan(np.radians(15)))
    if slopes.any():
        patches = slopes & (patchy > np.quantile(patchy[slopes], 1 - BARE_PATCHES))
        share[patches] = np.maximum(share[patches], rng.uniform(*SCAR_COVER))
    for outline in world.landslides.geometry:
        scarred, amount = rng.random() < SCARRED, rng.uniform(*SCAR_COVER)
        # A scar is patchy: half of the landslide's ground, where the noise is above its own median.
        cells = cells_inside(region, outline) & (cover != landcover.WATER)
        if scarred and cells.any():
            cells &= patchy >= np.median(patchy[cells])
            share[cells] = np.maximum(share[cells], amount)
    for outline in world.decoys.geometry[world.decoys["kind"].isin(BARE_DECOYS)]:
        share[cells_inside(region, outline)] = 0.9
    return ndimage.gaussian_filter(share, 0.5, mode="nearest")

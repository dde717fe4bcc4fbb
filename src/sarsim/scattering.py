"""How ground scatters as it was measured: texture, towns of point scatterers, the noise of dark
water, decorrelation by days, seasonal snow, and a fading part that shifts the phase.

`ScatteringSettings` says what of it a simulation has; by default nothing. All of it is a function
of the seed, the place, the date and the class of land cover alone, so that any date can be made
alone, as SAFE products and as layers.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from pyproj import Transformer

from sarsim import landcover
from sarsim.acquisition import WAVELENGTH
from sarslide.constants import DAYS_PER_YEAR
from sarslide.grid import RegionGrid
from sarslide.names import parse_date

TEXTURE = 15  # key of the texture among the random numbers that share the seed
# Correlation of the logarithm of Terceira's texture (tests/data/real/sentinel1/slc_terceira) at 17,
# 34 and 70 m on the ground: 0.43, 0.28, 0.20; squares of 30 m, each of one texture, have 0.43, 0, 0
# and leave the rest to land cover and slope.
TEXTURE_M = 30.0
QUANTILES = 4096  # tabulated values of the texture
# Of the squares' texture, mean 1. Tuned on samples 0 to 699 of Terceira's land, tested on the rest
# (studies/ground/scattering.py): variance 2.5 of single-look intensity in windows of 25 samples.
TERCEIRA_VARIANCE = 1.5
SNOW_LOWEST_DAY = 50  # of the year, north of the equator, when the seasonal snow lies lowest
WARMEST_DAY = 200  # the same: when the air is moistest
SEASONAL_SNOW = max(landcover.CLASSES) + 1  # ground under seasonal snow, within the simulation only
SEASONS = ("snow_drop_m", "fading_mm_per_yr", "season_mm_per_km")  # with the keys of the configuration
VEGETATED = (landcover.GRASS, landcover.FOREST, landcover.FARMLAND)


@dataclass(frozen=True)
class ScatteringSettings:
    """What of the measured scattering a simulation has; by default nothing.

    Attributes
    ----------
    texture_variance : float
        Variance of the texture of land, mean 1: gamma-distributed, so that the intensity is
        K-distributed (Jakeman and Pusey 1976, doi:10.1109/TAP.1976.1141451); 0: bare speckle.
    towns : bool
        Settlements hold point scatterers with heights of their own (`landcover.Town`).
    measured_cover : bool
        Backscatter and coherence of `landcover.MEASURED` in the place of `landcover.CLASSES`.
    measured_noise : bool
        Thermal noise of the power and the Doppler spectrum over Terceira's sea.
    snow_drop_m : float
        By how much the seasonal snow line lies below the snow line of the world when it is lowest,
        m; 0: no seasonal snow. There is no one figure: it is a property of a range (Girona-Mata et
        al. 2019, doi:10.1029/2019WR024935, for a Himalayan catchment).
    fading_mm_per_yr : float
        Line-of-sight rate, positive towards the satellite, at which the fading part of vegetated
        ground seems to move while it lasts: pairs are biased, the shorter the more, and triplets do
        not close (De Zan et al. 2015, doi:10.1109/TGRS.2015.2444431; Ansari et al. 2021,
        doi:10.1109/TGRS.2020.3003421; Zheng et al. 2022, doi:10.1109/TGRS.2022.3167648).
    season_mm_per_km : float
        Amplitude of the annual cosine in the coefficient of height of the delay, mm/km, as in
        `atmosphere.path_delay_mm`.
    """

    texture_variance: float = 0.0
    towns: bool = False
    measured_cover: bool = False
    measured_noise: bool = False
    snow_drop_m: float = 0.0
    fading_mm_per_yr: float = 0.0
    season_mm_per_km: float = 0.0

    @property
    def classes(self) -> dict[int, landcover.CoverClass]:
        """Of the land cover, `SEASONAL_SNOW` among them."""
        classes = landcover.MEASURED if self.measured_cover else landcover.CLASSES
        return classes | {SEASONAL_SNOW: classes[landcover.SNOW]}

    def table(self, field: str) -> np.ndarray:
        """One number of every class, as `landcover.table`; indexed by code, to `SEASONAL_SNOW`."""
        return landcover.table(field, self.classes)

    @cached_property
    def fading_rad_per_day(self) -> np.ndarray:
        """Phase by which the fading part of each class turns while it lasts, positive towards the
        satellite; float32, indexed by code.
        """
        turned = np.zeros(SEASONAL_SNOW + 1, np.float32)
        turned[list(VEGETATED)] = 4 * math.pi / WAVELENGTH * self.fading_mm_per_yr / 1e3 / DAYS_PER_YEAR
        return turned

    def pair_coherence(self, code: int, days: float) -> complex:
        """Expected coherence of a pair of one class, temporal part.

        Parameters
        ----------
        code : int
            Of the land cover.
        days : float
            From the earlier to the later date.

        Returns
        -------
        complex
            Its phase is the bias of the pair, rad, positive away from the satellite.
        """
        cover = self.classes[code]
        fades = (cover.rho_0 - cover.rho_inf) * math.exp(-days / cover.tau_days)
        return cover.rho_inf + fades * np.exp(-1j * float(self.fading_rad_per_day[code]) * days)

    def pair_bias_mm(self, code: int, days: float) -> float:
        """What a multilooked pair of a class shows beside the motion of the ground.

        Parameters
        ----------
        code : int
            Of the land cover.
        days : float
            From the earlier to the later date.

        Returns
        -------
        float
            mm, positive towards the satellite.
        """
        return -float(np.angle(self.pair_coherence(code, days))) * WAVELENGTH * 1e3 / (4 * math.pi)


# What was measured; seasons and biases are to be added by `dataclasses.replace`.
MEASURED = ScatteringSettings(TERCEIRA_VARIANCE, towns=True, measured_cover=True, measured_noise=True)


def scattering_of(keys: Any) -> ScatteringSettings:
    """The settings that keys of the configuration name.

    Parameters
    ----------
    keys : object
        With `scattering` (`classes` or `measured`) and the seasons and biases as attributes, as the
        section `simulation` has them.

    Returns
    -------
    ScatteringSettings
        What a simulation has.
    """
    measured = MEASURED if keys.scattering == "measured" else ScatteringSettings()
    return replace(measured, **{name: getattr(keys, name) for name in SEASONS})


def texture(seed: int, cell_m: float, rows: slice, cols: slice, variance: float) -> np.ndarray:
    """Texture of cells: what multiplies their backscatter, the same on all dates and tracks.

    A function of the number of the cell alone, by the generator of `scatterers`.

    Parameters
    ----------
    seed : int
        Of the world.
    cell_m : float
        Side of a cell, m.
    rows, cols : slice
        Of the world's grid, with start and stop.
    variance : float
        Of the texture; 0: none.

    Returns
    -------
    (rows, cols) array of float32
        Gamma-distributed of mean 1; one value in squares of `TEXTURE_M`.
    """
    down, across = (np.arange(part.start, part.stop) for part in (rows, cols))
    if variance <= 0:
        return np.ones((down.size, across.size), np.float32)
    squares = [np.floor(one * (cell_m / TEXTURE_M)).astype(np.uint64) for one in (down, across)]
    key = np.random.SeedSequence((seed, TEXTURE)).generate_state(1, np.uint64)[0]
    number = (squares[0] << np.uint64(32))[:, None] | squares[1][None, :]
    return _gamma_quantiles(variance)[_mixed(key, number) % np.uint64(QUANTILES)]


@lru_cache(maxsize=8)
def _gamma_quantiles(variance: float) -> np.ndarray:
    """The middles of equal parts of a gamma distribution of mean 1, float32."""
    from scipy.special import gammaincinv

    values = gammaincinv(1 / variance, (np.arange(QUANTILES) + 0.5) / QUANTILES)
    return (values / values.mean()).astype(np.float32)


def _mixed(key: np.uint64, counter: np.ndarray) -> np.ndarray:
    """SplitMix64 of counters, as in `scatterers`."""
    with np.errstate(over="ignore"):
        z = key + np.uint64(0x9E3779B97F4A7C15) * (counter + np.uint64(1))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def latitude_deg(grid: RegionGrid) -> float:
    """Latitude of the middle of a grid.

    Parameters
    ----------
    grid : RegionGrid
        The grid.

    Returns
    -------
    float
        Degrees, negative in the south.
    """
    west, south, east, north = grid.bounds
    to_geographic = Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    return float(to_geographic.transform((west + east) / 2, (south + north) / 2)[1])


def annual(date: str, peak_day: int, latitude: float) -> float:
    """Cosine of the time of the year.

    Parameters
    ----------
    date : str
        YYYYMMDD.
    peak_day : int
        Day of the year when it is 1 north of the equator; half a year later in the south.
    latitude : float
        Degrees.

    Returns
    -------
    float
        -1 to 1.
    """
    day = parse_date(date).timetuple().tm_yday - peak_day + (DAYS_PER_YEAR / 2 if latitude < 0 else 0)
    return math.cos(2 * math.pi * day / DAYS_PER_YEAR)


def snow_line_m(date: str, latitude: float, snowline_m: float, drop_m: float) -> float:
    """Height above which snow lies on a date.

    Parameters
    ----------
    date : str
        YYYYMMDD.
    latitude : float
        Degrees.
    snowline_m : float
        The highest of the year, ellipsoidal, m: the world's.
    drop_m : float
        How much lower the lowest of the year lies, m.

    Returns
    -------
    float
        Ellipsoidal, m.
    """
    return snowline_m - drop_m * (1 + annual(date, SNOW_LOWEST_DAY, latitude)) / 2


def cover_on(cover: np.ndarray, elevation_m: np.ndarray, line_m: float) -> np.ndarray:
    """Land cover of a date: ground above the snow line is `SEASONAL_SNOW`.

    C band sees snow that is wet or fresh and not the ground below it; its coherence with dates
    without snow is lost (Strozzi et al. 1999, doi:10.1080/014311699212083). Between dates with snow
    it is that of the class `SNOW`, with scatterers of its own.

    Parameters
    ----------
    cover : (rows, cols) array of uint8
        Without seasonal snow.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights, m.
    line_m : float
        Of the date, as from `snow_line_m`.

    Returns
    -------
    (rows, cols) array of uint8
        Water and the class `SNOW` stay as they are.
    """
    snowed = (elevation_m > line_m) & (cover != landcover.WATER) & (cover != landcover.SNOW)
    return np.where(snowed, np.uint8(SEASONAL_SNOW), cover)

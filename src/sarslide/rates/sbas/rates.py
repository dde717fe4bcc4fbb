"""From the unwrapped pairs of one stack to its time series and rate layers by SBAS, block by block.

Passes over the pairs find ground, reference and corrections (`preparation`), a last one inverts
blocks of cells (`inversion`). Memory: some layers of the whole region, and of the pairs only a
block.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.device import choose_device
from sarslide.errors import RateError
from sarslide.network import date_indexes, dates_of, years_of
from sarslide.rates import los
from sarslide.rates.held_errors import held_to_stable_ground
from sarslide.rates.noise_parts import NoiseParts, mean_around
from sarslide.rates.phase_variance import pair_weights
from sarslide.rates.preparation import Preparation, ReadBlock, inversion_blocks, prepare, quality
from sarslide.rates.records import baselines_m
from sarslide.rates.sbas.error import noise_parts
from sarslide.rates.sbas.network import check_baselines, date_baselines_m
from sarslide.rates.settings import RateSettings

log = logging.getLogger(__name__)

# rows, cols, displacement (dates, rows, cols) in mm since the first date, positive towards the
# satellite
PutSeries = Callable[[slice, slice, np.ndarray], None]


@dataclass(frozen=True)
class SbasSettings:
    """Choices of the inversion.

    Attributes
    ----------
    weighting : str
        See `phase_variance.pair_weights`.
    looks : float, optional
        Independent looks of the phase, None where the engine does not state them.
    min_temporal_coherence : float
        Cells below it have no rate.
    device : str
        `auto`, `cpu` or `cuda`.
    """

    weighting: str = "var"
    looks: float | None = None
    min_temporal_coherence: float = 0.0
    device: str = "auto"


@dataclass(frozen=True)
class DemGeometry:
    """What a DEM error is estimated from.

    Attributes
    ----------
    bperp_m : mapping of str to float, optional
        Perpendicular baseline by pair, m, positive up and away from the track.
    slant_range_m : (rows, cols) array of float
        Slant range, m.
    incidence_deg : (rows, cols) array of float
        Incidence angle, degree.
    """

    bperp_m: Mapping[str, float | None]
    slant_range_m: np.ndarray
    incidence_deg: np.ndarray


@dataclass(frozen=True)
class SbasRates:
    """Layers of one stack.

    Attributes
    ----------
    layers : dict of str to (rows, cols) array
        By registered name.
    preparation : Preparation
        Ground, reference, corrections.
    unconnected : int
        Cells with some valid pairs that do not connect all dates, which have no series.
    incoherent : int
        Cells below the smallest temporal coherence.
    error_factors : list of dict
        What standard errors were multiplied with, by coherence: see `held_errors`.
    """

    layers: dict[str, np.ndarray]
    preparation: Preparation
    unconnected: int
    incoherent: int
    error_factors: list[dict[str, float]]


def sbas_rates(
    read_block: ReadBlock,
    put_series: PutSeries,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    wavelength_m: float,
    rate_settings: RateSettings | None = None,
    settings: SbasSettings | None = None,
    exclude: np.ndarray | None = None,
    dem: DemGeometry | None = None,
) -> SbasRates:
    """Rates by least squares inversion of the prepared pairs.

    Parameters
    ----------
    read_block : callable
        Pair, rows, cols -> unwrapped phase (rad), coherence, components or None of the block;
        called with the whole region in the passes of the preparation.
    put_series : callable
        Takes rows, cols and displacement (dates, rows, cols), mm, of each block.
    pairs : sequence of str
        Names of the pairs.
    elevation_m : (rows, cols) array of float
        Height, m.
    wavelength_m : float
        Radar wavelength, m.
    rate_settings : RateSettings, optional
        What is masked and removed.
    settings : SbasSettings, optional
        Of the inversion.
    exclude : (rows, cols) array of bool, optional
        True where a cell must not enter a fit or the reference (layover, shadow).
    dem : DemGeometry, optional
        Given, the DEM error is estimated and removed.

    Returns
    -------
    SbasRates
        The layers of stacking, temporal_coherence, residual_rms_rad and, with `dem`, dem_error_m.

    Raises
    ------
    NetworkError
        For islands of dates, or baselines that do not resolve a DEM error.
    RateError
        Without usable ground.
    """
    settings = settings or SbasSettings()
    if dem:
        check_baselines(pairs, baselines_m(pairs, dem.bperp_m))
    everything = (slice(0, elevation_m.shape[0]), slice(0, elevation_m.shape[1]))
    prepared = prepare(
        lambda pair: read_block(pair, *everything), pairs, elevation_m, rate_settings or RateSettings(), exclude
    )
    return invert_blocks(prepared, read_block, put_series, wavelength_m, settings, dem)


def invert_blocks(
    prepared: Preparation,
    read_block: ReadBlock,
    put_series: PutSeries,
    wavelength_m: float,
    settings: SbasSettings,
    dem: DemGeometry | None = None,
) -> SbasRates:
    """The last pass: read, correct, invert and write one block after the other.

    Parameters
    ----------
    prepared : Preparation
        Pairs and what to take off them.
    read_block, put_series, wavelength_m, settings, dem
        As in `sbas_rates`.

    Returns
    -------
    SbasRates
        The layers.

    Raises
    ------
    RateError
        Too few dates, or no cell has a rate.
    """
    from sarslide.rates.sbas.inversion import (
        dem_error_m,
        invert,
        rate_of,
        remove_dem_error,
        slope_of,
        slope_without_dem_error,
    )

    pairs, shape = prepared.pairs, prepared.ground.shape
    dates = dates_of(pairs)
    years = years_of(dates)
    bperp = date_baselines_m(pairs, baselines_m(pairs, dem.bperp_m)) if dem else np.zeros(len(dates))
    if len(dates) < 3:
        problem = f"a series of {len(dates)} dates has no rate with an error"
        raise RateError(problem, "add acquisitions", of_ground=True)
    value = slope_without_dem_error(years, bperp) if dem else slope_of(years)
    device = choose_device(settings.device, "sbas.device")
    names = ["los_rate_mm_per_yr", "mean_coherence", "temporal_coherence", "residual_rms_rad"]
    layers = {name: np.full(shape, np.nan, np.float32) for name in names + ["dem_error_m"] * bool(dem)}
    layers["pair_count"] = np.zeros(shape, np.uint16)
    noise = NoiseParts.unknown(shape)
    unconnected = incoherent = 0
    for rows, cols in inversion_blocks(shape, pairs):
        block = rows, cols
        phase, coherence, _ = prepared.phases(read_block, rows, cols)
        series = invert(phase, pair_weights(coherence, settings.weighting, settings.looks), pairs, device, value)
        displacement = series.phase_rad * los.mm_per_rad(wavelength_m)
        if dem:
            displacement, per_metre = remove_dem_error(displacement, years, bperp)
            layers["dem_error_m"][block] = dem_error_m(per_metre, dem.slant_range_m[block], dem.incidence_deg[block])
        layers["mean_coherence"][block], layers["pair_count"][block] = quality(phase, coherence)
        known = np.isfinite(series.temporal_coherence)
        low = known & (series.temporal_coherence < settings.min_temporal_coherence)
        rate = rate_of(displacement, years)
        motion = np.multiply.outer(years, rate) + (np.multiply.outer(bperp, per_metre) if dem else 0.0)
        noise.put(block, _noise_parts(phase * los.mm_per_rad(wavelength_m), motion, series.response, pairs, years))
        layers["los_rate_mm_per_yr"][block] = np.where(low, np.nan, rate)
        layers["temporal_coherence"][block] = series.temporal_coherence
        layers["residual_rms_rad"][block] = series.residual_rms_rad
        unconnected += int(((layers["pair_count"][block] > 0) & ~known).sum())
        incoherent += int(low.sum())
        put_series(rows, cols, displacement)
    log.info("%d cells without a chain of pairs, %d below the least temporal coherence", unconnected, incoherent)
    if not np.isfinite(layers["los_rate_mm_per_yr"]).any():
        raise RateError(
            f"no cell has a rate: {unconnected} cells lack a chain of valid pairs through all dates, {incoherent} are below"
            " sbas.min_temporal_coherence",
            "lower rates.pair_coherence or sbas.min_temporal_coherence, or add pairs",
            of_ground=True,
        )
    rate = layers["los_rate_mm_per_yr"]
    std = np.where(np.isfinite(rate), np.sqrt(noise.variance(mean_around)), np.nan).astype(np.float32)
    layers["los_rate_std_mm_per_yr"], factors = held_to_stable_ground(
        rate, std, layers["mean_coherence"], prepared.ground.stable
    )
    return SbasRates(layers | los.phase_layers(layers, wavelength_m), prepared, unconnected, incoherent, factors)


def _noise_parts(
    mm: np.ndarray, motion: np.ndarray, response: np.ndarray, pairs: Sequence[str], years: np.ndarray
) -> NoiseParts:
    """What the standard error of a block is made of, one value a cell in a row.

    From pairs (pairs, rows, cols) and the fitted motion of the dates, both in mm.
    """
    ends = date_indexes(pairs)
    residual = mm - (motion[ends[:, 1]] - motion[ends[:, 0]])
    residual, response = (values.reshape(len(pairs), -1) for values in (residual, response))
    return noise_parts(residual, response, years[ends[:, 1]] - years[ends[:, 0]], ends)

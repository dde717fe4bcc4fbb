"""From the unwrapped pairs of one track to its time series and rate layers by SBAS, block by block.

Two passes over the pairs find ground, reference and corrections (`preparation`), a third one inverts blocks of cells (`sbas`).
Memory: some layers of the whole region, and of the pairs only a block.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.errors import NetworkError, RateError
from sarslide.rates import los
from sarslide.rates.passes import RateSettings
from sarslide.rates.phase_variance import pair_weights
from sarslide.rates.preparation import Preparation, prepare
from sarslide.rates.sbas_network import date_baselines_m, dates_of, velocity_design, years_of

log = logging.getLogger(__name__)

TILE = 256  # side of a raster's tiles: a block of one tile is decompressed once
BLOCK_BYTES = 400e6

# pair, rows, cols -> unwrapped phase (rad), coherence, components of that block
ReadBlock = Callable[[str, slice, slice], tuple[np.ndarray, np.ndarray, np.ndarray | None]]
# rows, cols, displacement (dates, rows, cols) in mm since the first date, positive towards the satellite
PutSeries = Callable[[slice, slice, np.ndarray], None]


@dataclass(frozen=True)
class SbasSettings:
    """weighting: see `phase_variance.pair_weights`. looks: independent looks of the phase, None where the engine does not know.
    min_temporal_coherence: cells below have no rate. device: `auto`, `cpu` or `cuda`."""

    weighting: str = "var"
    looks: float | None = None
    min_temporal_coherence: float = 0.0
    device: str = "auto"


@dataclass(frozen=True)
class DemGeometry:
    """What a DEM error is estimated from. bperp_m: of each pair, sign of DESIGN 2. slant_range_m, incidence_deg: (rows, cols)."""

    bperp_m: Mapping[str, float | None]
    slant_range_m: np.ndarray
    incidence_deg: np.ndarray


@dataclass(frozen=True)
class SbasRates:
    """layers: registered name -> (rows, cols). preparation: ground, reference, corrections. unconnected: cells with some valid
    pairs that do not connect all dates, which have no series. incoherent: cells below the least temporal coherence."""

    layers: dict[str, np.ndarray]
    preparation: Preparation
    unconnected: int
    incoherent: int


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
    """Rates of `preparation.prepare`d pairs by least squares inversion; with `dem` the DEM error is estimated and removed.

    read_block: called with the whole region in the passes of the preparation. elevation_m: (rows, cols). exclude: True where a
    cell must not enter a fit or the reference. Layers: those of stacking, temporal_coherence, residual_rms_rad and, with `dem`,
    dem_error_m. Raises NetworkError for islands of dates or baselines that tell nothing, RateError without usable ground.
    """
    settings = settings or SbasSettings()
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
    """The third pass: read, correct, invert and write one block after the other."""
    from sarslide.rates.sbas import dem_error_m, invert, rate_of, remove_dem_error

    pairs, shape = prepared.pairs, prepared.stable.shape
    dates = dates_of(pairs)
    years, bperp = years_of(dates), dem and date_baselines_m(pairs, _baselines(pairs, dem.bperp_m))
    if len(dates) < 3:
        raise RateError(f"a series of {len(dates)} dates has no rate with an error", "add acquisitions")
    device = _device(settings.device)
    names = ["los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence", "temporal_coherence", "residual_rms_rad"]
    layers = {name: np.full(shape, np.nan, np.float32) for name in names + ["dem_error_m"] * bool(dem)}
    layers["pair_count"] = np.zeros(shape, np.uint16)
    unconnected = incoherent = 0
    for rows, cols in blocks(shape, pairs):
        block = rows, cols
        phase, coherence = prepared.phases(lambda pair, block=block: read_block(pair, *block), rows, cols)
        series = invert(phase, pair_weights(coherence, settings.weighting, settings.looks), pairs, device)
        displacement = series.phase_rad * los.mm_per_rad(wavelength_m)
        if dem:
            displacement, per_metre = remove_dem_error(displacement, years, bperp)
            layers["dem_error_m"][block] = dem_error_m(per_metre, dem.slant_range_m[block], dem.incidence_deg[block])
        valid = np.isfinite(phase)
        some = valid.any(axis=0)
        known = np.isfinite(series.temporal_coherence)
        low = known & (series.temporal_coherence < settings.min_temporal_coherence)
        rate, std = rate_of(displacement, years)
        layers["los_rate_mm_per_yr"][block] = np.where(low, np.nan, rate)
        layers["los_rate_std_mm_per_yr"][block] = np.where(low, np.nan, std)
        layers["mean_coherence"][block][some] = (np.where(valid, coherence, 0).sum(axis=0) / valid.sum(axis=0).clip(1))[
            some
        ]
        layers["temporal_coherence"][block] = series.temporal_coherence
        layers["residual_rms_rad"][block] = series.residual_rms_rad
        layers["pair_count"][block] = valid.sum(axis=0)
        unconnected += int((some & ~known).sum())
        incoherent += int(low.sum())
        put_series(rows, cols, displacement)
    log.info("%d cells without a chain of pairs, %d below the least temporal coherence", unconnected, incoherent)
    if not np.isfinite(layers["los_rate_mm_per_yr"]).any():
        raise RateError(
            f"no cell has a rate: {unconnected} cells lack a chain of valid pairs through all dates, {incoherent} are below"
            " sbas.min_temporal_coherence",
            "lower rates.pair_coherence or sbas.min_temporal_coherence, or add pairs",
        )
    return SbasRates(layers | phase_layers(layers, wavelength_m), prepared, unconnected, incoherent)


def phase_layers(layers: Mapping[str, np.ndarray], wavelength_m: float) -> dict[str, np.ndarray]:
    """The phase rate, its standard error, and the paper's sign, from a LOS rate."""
    rate, std = layers["los_rate_mm_per_yr"], layers["los_rate_std_mm_per_yr"]
    mm_per_rad = los.mm_per_rad(wavelength_m)
    return {
        "phase_rate_rad_per_yr": rate / mm_per_rad,
        "phase_rate_std_rad_per_yr": std / abs(mm_per_rad),
        "los_rate_paper_sign_mm_per_yr": -rate,
    }


def blocks(shape: tuple[int, int], pairs: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    """Windows of one tile, or of a part of it where many pairs would take more than about 400 MB."""
    bandwidth = int((velocity_design(pairs) > 0).sum(axis=1).max())
    per_cell = 8 * (6 * len(pairs) + (bandwidth + 5) * len(dates_of(pairs)))
    height = int(np.clip(2 ** np.floor(np.log2(BLOCK_BYTES / per_cell / TILE)), 1, TILE))
    for row in range(0, shape[0], height):
        for col in range(0, shape[1], TILE):
            yield slice(row, min(row + height, shape[0])), slice(col, min(col + TILE, shape[1]))


def _baselines(pairs: Sequence[str], bperp_m: Mapping[str, float | None]) -> list[float]:
    unknown = [pair for pair in pairs if bperp_m[pair] is None]
    if unknown:
        raise NetworkError(
            f"pair {unknown[0]}: no perpendicular baseline for the DEM error",
            "set sbas.dem_error to false, or give baselines",
        )
    return [bperp_m[pair] for pair in pairs]


def _device(name: str) -> str:
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise RateError("device 'cuda', but torch sees no GPU", "set sbas.device to auto or cpu")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def common_wavelength_m(records: Iterable[Mapping]) -> float:
    """Wavelength of the pairs' records; RateError for several."""
    wavelengths = {record["wavelength_m"] for record in records}
    if len(wavelengths) != 1:
        raise RateError(f"pairs of several wavelengths: {sorted(wavelengths)} m", "invert one sensor at a time")
    return wavelengths.pop()


def median_looks(records: Iterable[Mapping]) -> float | None:
    """Independent looks of the phase; None where no record knows them."""
    known = [record["looks"] for record in records if record["looks"]]
    return float(np.median(known)) if known else None

"""SBAS: time series and rates by batched weighted least squares (P3, B13 to B16).

The unknowns of a cell are the velocities of the intervals between neighbouring dates (Berardino et
al. 2002, doi 10.1109/TGRS.2002.803792); a pair's phase is the sum of the velocities that it spans
times their durations. Pairs weigh by coherence (Yunjun et al. 2019, doi
10.1016/j.cageo.2019.104331). Ordered in time, the normal matrix of a cell is a band as wide as the
longest pair spans intervals, so all cells of a block are solved together by one banded elimination,
in float64: weights differ by a factor of 10,000, whose squares eat the seven digits of float32.

Everything here works on one block of cells at a time, on the CPU or a GPU. A cell whose valid pairs
do not connect all dates has no series: the minimum-norm solution would call it stationary where
nothing is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sarslide.network import dates_of, years_of
from sarslide.rates.sbas.network import connected_cells, free_of_motion, velocity_design


@dataclass(frozen=True)
class BlockSeries:
    """Result of the inversion of a block; the last axes are those of its phases, (rows, cols).

    Attributes
    ----------
    phase_rad : (dates, ...) array of float
        Series, rad, zero at the first date; NaN without a series.
    temporal_coherence : (...) array of float
        0 to 1; NaN without a series.
    residual_rms_rad : (...) array of float
        Of the pairs against the series, rad; NaN without a series.
    pair_count : (...) array of int
        Valid pairs; 0 without a series.
    response : (pairs, ...) array of float
        Weight of each pair's phase in the requested value; NaN without a series.
    """

    phase_rad: np.ndarray
    temporal_coherence: np.ndarray
    residual_rms_rad: np.ndarray
    pair_count: np.ndarray
    response: np.ndarray


def invert(
    phase_rad: np.ndarray,
    weight: np.ndarray,
    pairs: Sequence[str],
    device: str = "cpu",
    value: np.ndarray | None = None,
) -> BlockSeries:
    """Time series of a block of cells.

    Parameters
    ----------
    phase_rad : (pairs, ...) array of float
        Phase, rad, NaN where not valid.
    weight : (pairs, ...) array of float
        Positive.
    pairs : sequence of str
        Names, their order that of the first axis.
    device : str
        Of torch, `cpu` or `cuda`.
    value : (dates,) array of float, optional
        A value as a sum over the series whose response is returned; by default the slope of
        `rate_of`.

    Returns
    -------
    BlockSeries
        The series.
    """
    shape = phase_rad.shape[1:]
    phase_rad, weight = phase_rad.reshape(len(pairs), -1), weight.reshape(len(pairs), -1)
    valid = np.isfinite(phase_rad)
    connected = connected_cells(valid, pairs)
    y = torch.from_numpy(np.where(valid, phase_rad, 0).astype(np.float64)).to(device)
    w = torch.from_numpy(np.where(valid, weight, 0).astype(np.float64)).to(device)
    good = torch.from_numpy(valid).to(device)
    design = torch.from_numpy(velocity_design(pairs)).to(device)
    years = years_of(dates_of(pairs))
    steps = torch.from_numpy(np.diff(years)).to(device)
    # The value as a sum over velocities: the velocity of an interval moves all later dates.
    of_series = torch.from_numpy(slope_of(years) if value is None else value).to(device)
    of_velocity = steps * torch.flip(torch.cumsum(torch.flip(of_series[1:], [0]), 0), [0])
    right = torch.stack([design.T @ (w * y), of_velocity[:, None].expand(-1, y.shape[1])], 1)
    velocity, influence = _solve_banded(_normal_bands(design, w), right).unbind(1)
    series = torch.cumsum(velocity * steps[:, None], 0)
    residual = torch.where(good, y - design @ velocity, 0)
    count = good.sum(0)
    real = torch.where(good, torch.cos(residual), 0).sum(0)
    imaginary = torch.sin(residual).sum(0)
    temporal_coherence = torch.hypot(real, imaginary) / count
    rms = torch.sqrt((residual**2).sum(0) / count)

    def result(values: torch.Tensor) -> np.ndarray:
        return np.where(connected, values.cpu().numpy(), np.nan).reshape(*values.shape[:-1], *shape)

    whole = torch.cat([torch.zeros_like(series[:1]), series])
    pair_count = np.where(connected, count.cpu().numpy(), 0).reshape(shape)
    response = result(w * (design @ influence))
    return BlockSeries(result(whole), result(temporal_coherence), result(rms), pair_count, response)


def _normal_bands(design: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Upper bands of design' W design of each cell: (unknowns, bandwidth + 1, cells).

    Element [i, d] is that of row i, column i + d.
    """
    unknowns = design.shape[1]
    width = int((design > 0).sum(1).max())
    shifted = torch.zeros(len(design), unknowns, width, dtype=design.dtype, device=design.device)
    for d in range(width):
        shifted[:, : unknowns - d, d] = design[:, : unknowns - d] * design[:, d:]
    return (shifted.flatten(1).T @ weight).reshape(unknowns, width, -1)


def _solve_banded(bands: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Solve symmetric banded systems, one a cell, by elimination (L D L').

    Both arguments are overwritten. bands: (n, bandwidth + 1, cells). right: (n, sides, cells). A
    cell with a pivot of zero gets numbers without meaning.
    """
    n, width = bands.shape[:2]
    for k in range(n):
        pivot = bands[k, 0].clamp_min(torch.finfo(bands.dtype).tiny)
        for d in range(1, min(width, n - k)):
            factor = bands[k, d] / pivot
            bands[k + d, : width - d] -= factor * bands[k, d:]
            right[k + d] -= factor * right[k]
    for k in reversed(range(n)):
        for d in range(1, min(width, n - k)):
            right[k] -= bands[k, d] * right[k + d]
        right[k] /= bands[k, 0].clamp_min(torch.finfo(bands.dtype).tiny)
    return right


def slope_of(years: np.ndarray) -> np.ndarray:
    """The slope of a straight line through a series by least squares, as a sum over the series.

    Parameters
    ----------
    years : (dates,) array of float
        Times, years.

    Returns
    -------
    (dates,) array of float
        Factors, per year.
    """
    centred = years - years.mean()
    return centred / np.sum(centred**2)


def rate_of(series: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Slope of a straight line through a series by least squares.

    Parameters
    ----------
    series : (dates, ...) array of float
        Values.
    years : (dates,) array of float
        Times, years.

    Returns
    -------
    (...) array of float
        In the unit of the series per year.
    """
    return np.tensordot(slope_of(years), series, 1)


def remove_dem_error(series: np.ndarray, years: np.ndarray, bperp_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The series without the part that follows the baselines.

    Fitted together with a parabola of motion.

    Parameters
    ----------
    series : (dates, ...) array of float
        Displacement, mm, positive towards the satellite.
    years : (dates,) array of float
        Times, years.
    bperp_m : (dates,) array of float
        Perpendicular baselines, m, first one zero, positive up and away from the track.

    Returns
    -------
    series : (dates, ...) array of float
        Displacement without that part, mm.
    per_metre : (...) array of float
        That part per metre of baseline, mm/m.

    References
    ----------
    Fattahi and Amelung 2013, doi 10.1109/TGRS.2012.2227761.
    """
    free = free_of_motion(bperp_m, years)
    per_metre = np.tensordot(free / np.sum(free**2), series, 1)
    return series - np.multiply.outer(bperp_m, per_metre), per_metre


def slope_without_dem_error(years: np.ndarray, bperp_m: np.ndarray) -> np.ndarray:
    """`slope_of` the series that `remove_dem_error` leaves, as a sum over the series before.

    Parameters
    ----------
    years : (dates,) array of float
        Times, years.
    bperp_m : (dates,) array of float
        Perpendicular baselines, m.

    Returns
    -------
    (dates,) array of float
        Factors, per year.
    """
    free, slope = free_of_motion(bperp_m, years), slope_of(years)
    return slope - free * (slope @ bperp_m) / np.sum(free**2)


def dem_error_m(per_metre: np.ndarray, slant_range_m: np.ndarray, incidence_deg: np.ndarray) -> np.ndarray:
    """Height that the DEM lacks: LOS displacement, towards, is + bperp dh / (R sin incidence).

    Parameters
    ----------
    per_metre : array of float
        From `remove_dem_error`, mm/m.
    slant_range_m : array of float
        Slant range R, m.
    incidence_deg : array of float
        Incidence angle, degree.

    Returns
    -------
    array of float
        dh, m, positive where the ground is higher than the DEM.
    """
    return per_metre / 1e3 * slant_range_m * np.sin(np.radians(incidence_deg))

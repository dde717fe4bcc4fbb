"""The smallest speed down the slope that can be seen, place by place, for landslides of some sizes.

What can be seen is what a detector sees that is told the outline and looks at the rates of one
track: the mean rate of the landslide, less the median of the ring of 60 to 360 m around it, above
four standard deviations of the noise of that difference. No method that finds the outline itself
sees less speed than that.

The noise is measured in the product, without any truth: the same difference at thousands of places
of stable ground. Its variance grows with that which coherence and number of pairs of the cells give
independent cells, and does not begin at zero, as air differs between a place and its ring:

    variance = factor x that of independent cells + air

Factor and air are those of a track and a size in one frame; the factor holds looks, time span, and
how cells are correlated. Coherence tells places apart better than the stated errors of rates do:
these hold the noise of whole dates, too, which a place and its ring have in common. The speed is
the noise over the sensitivity of the line of sight to motion down the slope, mean over the
landslide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sarslide.io.blocks import strips
from sarslide.rates.corrections.double_difference import ring_sum
from sarslide.rates.level_samples import spread
from sarslide.rates.phase_variance import pair_weights

SIGMAS = 4.0  # of the noise, from which a landslide is seen
RING_M = (60.0, 360.0)  # from the outline
MIN_BODY, MIN_RING = 0.5, 0.25  # of the cells of a landslide, of a ring, that must be known
MIN_STABLE = 0.9  # of the known cells of a place where noise is measured
PLACES, MIN_PLACES = 4000, 100  # drawn at most, needed at least
CLASSES = 8  # of predicted variance, of as many places each
MIN_STD_MM = 1e-3  # mm/yr; no rate is known better
MEDIAN = np.pi / 2  # variance of the median over that of the mean, of many normal values
ROUNDS = 10  # of the fit of the noise, which has converged long before
GATHERED = 4_000_000  # values of places that are held at a time


@dataclass(frozen=True)
class Body:
    """A round landslide and its ring, in cells.

    Attributes
    ----------
    radius : float
        Of the landslide.
    inner, outer : float
        Radii of the ring.
    """

    radius: float
    inner: float
    outer: float

    @classmethod
    def of(cls, area_ha: float, cell_m: float) -> "Body":
        """The landslide whose number of cells is nearest to an area.

        Parameters
        ----------
        area_ha : float
            Area, 10,000 m2.
        cell_m : float
            Side of the cells, m.

        Returns
        -------
        Body
            Its ring lies 60 to 360 m from the rim of a disc of the area.
        """
        rim = np.sqrt(area_ha * 1e4 / np.pi) / cell_m
        squares = np.add.outer(*2 * (np.arange(-int(rim) - 2, int(rim) + 3) ** 2,)).ravel()
        radii, counts = np.unique(squares, return_counts=True)
        nearest = np.argmin(np.abs(np.cumsum(counts) - np.pi * rim**2))
        inner, outer = (rim + away / cell_m for away in RING_M)
        return cls(float(np.sqrt(radii[nearest]) + 1e-6), float(inner), float(outer))

    @property
    def cells(self) -> int:
        """Cells of the landslide."""
        return len(_offsets(-1.0, self.radius)[0])

    @property
    def ring_cells(self) -> int:
        """Cells of the ring."""
        return len(_offsets(self.inner, self.outer)[0])


@dataclass(frozen=True)
class Rates:
    """What a track knows of a frame; all arrays (rows, cols).

    Attributes
    ----------
    rate : array of float
        LOS rate, mm/yr; NaN where unknown.
    variance : array of float
        Of the noise of a cell, up to a factor (`cell_variance`).
    observed : array of bool
        Cells without layover, shadow and decorrelation.
    stable : array of bool
        Ground that does not move.
    sensitivity : array of float
        LOS rate per unit of motion down the steepest slope, -1 to 1; NaN on flat ground.
    """

    rate: np.ndarray
    variance: np.ndarray
    observed: np.ndarray
    stable: np.ndarray
    sensitivity: np.ndarray


def cell_variance(coherence: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Variance of the rate of single cells by speckle, up to a factor.

    Parameters
    ----------
    coherence : array of float
        Mean coherence of the pairs.
    pairs : array of int
        Their number.

    Returns
    -------
    array of float
        (1 - g^2) / (2 g^2) over the number of pairs, for coherence g: the least variance of phase
        (Rodriguez and Martin 1992, doi 10.1049/ip-f-2.1992.0018) of pairs that are independent; NaN
        without a pair.
    """
    return 1 / (pair_weights(coherence, "fim", 1) * np.where(pairs > 0, pairs, np.nan))


def smallest_speed(track: Rates, body: Body, min_sensitivity: float) -> tuple[np.ndarray, dict[str, Any]]:
    """The smallest speed down the slope at which a track sees a landslide, by its middle.

    Parameters
    ----------
    track : Rates
        The track.
    body : Body
        Size of the landslide.
    min_sensitivity : float
        Smallest sensitivity either way, mean over the landslide.

    Returns
    -------
    speed : (rows, cols) array of float
        mm/yr; NaN in cells that are not observed, where less than half of the landslide or a
        quarter of its ring is known, and where the line of sight is too insensitive to its motion.
    record : dict
        How the noise was found (`noise`).
    """
    std, record = noise(track, body)
    sloping = track.observed & np.isfinite(track.sensitivity)
    count = ring_sum(sloping.astype(float), -1.0, body.radius)
    mean = ring_sum(np.where(sloping, track.sensitivity, 0.0), -1.0, body.radius) / np.maximum(count, 1.0)
    seen = sloping & (np.abs(mean) >= min_sensitivity)
    return np.where(seen, SIGMAS * std / np.where(seen, np.abs(mean), 1.0), np.nan), record


def best_of(speeds: Sequence[np.ndarray]) -> np.ndarray:
    """The smallest speed that any track sees.

    Parameters
    ----------
    speeds : sequence of (rows, cols) array of float
        Of each track, NaN where it sees none.

    Returns
    -------
    (rows, cols) array of float
        NaN where no track sees any.
    """
    return np.fmin.reduce(list(speeds))


def rounded(speed: np.ndarray) -> np.ndarray:
    """Speeds to one part in 512: no noise is known better, and files of them are half as large.

    Parameters
    ----------
    speed : array of float
        NaN where unknown.

    Returns
    -------
    array of float
        Nine binary digits of each.
    """
    mantissa, exponent = np.frexp(speed)
    return np.ldexp(np.round(mantissa * 512) / 512, exponent)


def noise(track: Rates, body: Body) -> tuple[np.ndarray, dict[str, Any]]:
    """Standard deviation of the mean over a landslide less the median of its ring, on still ground.

    Parameters
    ----------
    track : Rates
        The track.
    body : Body
        Size of the landslide.

    Returns
    -------
    std : (rows, cols) array of float
        mm/yr; NaN where too little is known around a cell, and everywhere without 100 places of
        stable ground.
    record : dict
        places; factor and air_mm_per_yr (a standard deviation); z, the robust standard deviation of
        difference over noise by class of predicted variance, from the least on; reason, of a track
        without noise.
    """
    known = track.observed & np.isfinite(track.rate) & np.isfinite(track.variance)
    predicted = predicted_variance(known, track.variance, body)
    places = stable_places(known, track.stable, np.isfinite(predicted), body)
    if len(places[0]) < MIN_PLACES:
        reason = f"fewer than {MIN_PLACES} places of stable ground"
        return np.full(known.shape, np.nan), {"places": len(places[0]), "reason": reason}
    found = differences(np.where(known, track.rate, np.nan), body, places)
    factor, air = noise_model(found, predicted[places])
    classes = _classes(predicted[places])
    z = found / np.sqrt(factor * predicted[places] + air)
    return np.sqrt(factor * predicted + air), {
        "places": len(found),
        "factor": float(factor),
        "air_mm_per_yr": float(np.sqrt(air)),
        "z": [spread(z[one]) for one in classes],
    }


def predicted_variance(known: np.ndarray, variance: np.ndarray, body: Body) -> np.ndarray:
    """Variance of the difference, were the noise of cells independent and normal.

    Parameters
    ----------
    known : (rows, cols) array of bool
        Cells that enter.
    variance : (rows, cols) array of float
        That of their noise.
    body : Body
        Size of the landslide.

    Returns
    -------
    (rows, cols) array of float
        In the unit of `variance`; NaN where too little is known around a cell, and at unknown
        cells.
    """
    variance = np.where(known, variance, 0.0).astype(float)
    of_body, of_ring = (-1.0, body.radius), (body.inner, body.outer)
    in_body, in_ring = (np.rint(ring_sum(known.astype(float), *radii)) for radii in (of_body, of_ring))
    enough = known & (in_body >= MIN_BODY * body.cells) & (in_ring >= MIN_RING * body.ring_cells)
    sums = (ring_sum(variance, *radii).clip(0) for radii in (of_body, of_ring))
    mean, median = (total / np.maximum(count, 1.0) ** 2 for total, count in zip(sums, (in_body, in_ring), strict=True))
    return np.where(enough, mean + MEDIAN * median, np.nan)


def stable_places(known: np.ndarray, stable: np.ndarray, usable: np.ndarray, body: Body) -> tuple[np.ndarray, ...]:
    """Places where noise is measured: landslides of this size that lie on stable ground.

    Parameters
    ----------
    known, stable, usable : (rows, cols) array of bool
        Cells with a rate; ground that does not move; cells that may be the middle of a place.
    body : Body
        Size of the landslide.

    Returns
    -------
    (array, array)
        Rows and columns of at most 4,000 places, the same for the same ground.
    """
    share = ring_sum((known & stable).astype(float), -1.0, body.radius)
    count = ring_sum(known.astype(float), -1.0, body.radius)
    rows, cols = np.nonzero(usable & (share >= MIN_STABLE * count))
    drawn = np.random.default_rng(len(rows)).permutation(len(rows))[:PLACES]
    return rows[drawn], cols[drawn]


def differences(rate: np.ndarray, body: Body, places: tuple[np.ndarray, ...]) -> np.ndarray:
    """Mean over a landslide less the median of its ring.

    Parameters
    ----------
    rate : (rows, cols) array of float
        NaN where unknown.
    body : Body
        Size of the landslide.
    places : (array, array)
        Rows and columns of its middle; there must be a known cell in landslide and ring.

    Returns
    -------
    array of float
        One a place.
    """
    reach = int(body.outer) + 1
    padded = np.pad(rate.astype(float), reach, constant_values=np.nan)
    means, medians = (
        np.concatenate([reduce(values) for values in _gathered(padded, places, reach, *radii)])
        for reduce, radii in ((_means, (-1.0, body.radius)), (_medians, (body.inner, body.outer)))
    )
    return means - medians


def noise_model(found: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Factor on the predicted variance, and variance of the air.

    The least relative squares of robust variances in classes of predicted variance; neither is
    negative.

    Parameters
    ----------
    found : array of float
        Differences on still ground.
    predicted : array of float
        Their predicted variance.

    Returns
    -------
    factor : float
        Without unit.
    air : float
        In the squared unit of `found`.
    """
    from scipy.optimize import nnls

    classes = _classes(predicted)
    measured = np.array([max(spread(found[one]), MIN_STD_MM) ** 2 for one in classes])
    design = np.column_stack([[np.mean(predicted[one]) for one in classes], np.ones(len(classes))])
    model = measured.copy()
    for _ in range(ROUNDS):  # relative to the model: relative to what was measured, low values would count more
        terms, _ = nnls(design / model[:, None], measured / model)
        model = design @ terms
    return float(terms[0]), float(terms[1])


def _classes(predicted: np.ndarray) -> list[np.ndarray]:
    """Places in classes of like predicted variance, none of fewer than `MIN_PLACES` places."""
    return np.array_split(np.argsort(predicted, kind="stable"), min(CLASSES, len(predicted) // MIN_PLACES))


def _offsets(inner: float, outer: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, from the middle, of the cells between two radii."""
    reach = int(outer)
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    away = np.hypot(down, across)
    inside = (away > inner) & (away <= outer)
    return down[inside], across[inside]


def _gathered(
    padded: np.ndarray, places: tuple[np.ndarray, ...], reach: int, inner: float, outer: float
) -> Iterator[np.ndarray]:
    """(places, cells) of the cells between two radii, some places at a time."""
    down, across = _offsets(inner, outer)
    rows, cols = (at + reach for at in places)
    for some in strips(len(rows), max(1, GATHERED // len(down))):
        yield padded[rows[some, None] + down, cols[some, None] + across]


def _means(values: np.ndarray) -> np.ndarray:
    return np.nanmean(values, axis=1)


def _medians(values: np.ndarray) -> np.ndarray:
    """Medians of the finite values of each row; NaN is sorted to the end."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(values).sum(axis=1)
    row = np.arange(len(values))
    return (ordered[row, (count - 1) // 2] + ordered[row, count // 2]) / 2

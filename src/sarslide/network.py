"""The network of a stack: its pairs, whether they connect all dates, the critical baseline.

Every preset looks at two dates only, or at a date and its nearest earlier ones: a new acquisition
adds pairs and changes none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Protocol

import numpy as np

from sarslide import names
from sarslide.constants import DAYS_PER_YEAR, SPEED_OF_LIGHT
from sarslide.errors import CatalogError, NetworkError, StackError


@dataclass(frozen=True)
class Limits:
    """Limits of the pairs of a preset. None: no limit.

    Attributes
    ----------
    days : tuple of int, optional
        Temporal baselines, days: exactly these.
    max_days : int, optional
        Longest temporal baseline, days.
    max_bperp_m : float, optional
        Largest perpendicular baseline, m.
    max_critical_percent : float, optional
        The same in percent of the critical baseline, the smaller one of the two dates.
    """

    days: tuple[int, ...] | None = None
    max_days: int | None = None
    max_bperp_m: float | None = None
    max_critical_percent: float | None = None

    @property
    def needs_baselines(self) -> bool:
        """Whether perpendicular baselines decide about a pair."""
        return self.max_bperp_m is not None or self.max_critical_percent is not None


PRESETS = {
    "p0": Limits(days=(12, 24)),  # B03
    "p4": Limits(max_days=40, max_bperp_m=120.0),  # B18
    "p3": Limits(max_days=60, max_critical_percent=2.0),  # B13
    # P2 writes "short temporal and spatial baseline" without numbers (B08): these are assumed here.
    "p2": Limits(max_days=36, max_bperp_m=150.0),
}
NEAREST = "nearest"
MIN_LINKED = 3  # dates of a stack: two have one interferogram, and nothing to link
MIN_PAIRS = 3  # of a rate with its error: one for the rate, two for the noise of dates and of pairs


@dataclass(frozen=True)
class DateBaseline:
    """Baselines of one date.

    Attributes
    ----------
    bperp_m : float
        Perpendicular baseline against one orbit of the stack, m, positive up and away from the
        track.
    critical_m : float
        Critical baseline, m.
    """

    bperp_m: float
    critical_m: float


def needs_baselines(preset: str) -> bool:
    """Whether a preset needs perpendicular baselines.

    Parameters
    ----------
    preset : str
        `nearest` or a name of PRESETS.

    Returns
    -------
    bool
        True where the preset limits the perpendicular baseline.
    """
    return preset in PRESETS and PRESETS[preset].needs_baselines


def choose_pairs(
    dates: Sequence[str],
    preset: str = NEAREST,
    max_days: int = 24,
    neighbours: int = 2,
    baselines: Mapping[str, DateBaseline] | None = None,
) -> list[str]:
    """Pairs of a stack, ordered by later, then earlier date.

    Parameters
    ----------
    dates : sequence of str
        Dates of the stack, YYYYMMDD.
    preset : str
        `nearest` (each date with at most `neighbours` earlier ones within `max_days`), or a name of
        PRESETS: all pairs within its limits.
    max_days : int
        Longest temporal baseline of `nearest`, days.
    neighbours : int
        Earlier dates of each date in `nearest`.
    baselines : mapping of str to DateBaseline, optional
        Baselines by date, for presets that need them.

    Returns
    -------
    list of str
        Names of the pairs.

    Raises
    ------
    CatalogError
        A date has no baseline and the preset needs it.
    """
    if preset == NEAREST:
        return names.nearest_pairs(list(dates), max_days, neighbours)
    limits, ordered = PRESETS[preset], sorted(set(dates))
    if limits.needs_baselines and (missing := [date for date in ordered if date not in (baselines or {})]):
        raise CatalogError(
            f"no perpendicular baseline of {', '.join(missing[:3])} in the scene table, preset {preset} needs it",
            "`sarslide update` fills it in, or set network.preset to nearest or p0",
        )
    both = ((earlier, later) for later in ordered for earlier in ordered if earlier < later)
    return [names.pair_name(*pair) for pair in both if _within(*pair, limits, baselines or {})]


class PairPlan(Protocol):
    """The section `network` of a configuration: explicit pairs, or a preset with its parameters."""

    @property
    def pairs(self) -> Sequence[str]:
        """Explicit pairs; empty: those of the preset."""

    @property
    def preset(self) -> str:
        """As in `choose_pairs`."""

    @property
    def max_days(self) -> int:
        """As in `choose_pairs`."""

    @property
    def neighbours(self) -> int:
        """As in `choose_pairs`."""


def planned_pairs(
    plan: PairPlan, dates: Sequence[str], baselines: Mapping[str, DateBaseline] | None = None
) -> list[str]:
    """Pairs of a stack by a configuration.

    Parameters
    ----------
    plan : PairPlan
        The section `network` of the configuration.
    dates : sequence of str
        Dates of the stack, YYYYMMDD.
    baselines : mapping of str to DateBaseline, optional
        Baselines by date, for presets that need them.

    Returns
    -------
    list of str
        The explicit pairs, or those of the preset as `choose_pairs` gives them.

    Raises
    ------
    CatalogError
        A date has no baseline and the preset needs it.
    """
    if plan.pairs:
        return list(plan.pairs)
    return choose_pairs(dates, plan.preset, plan.max_days, plan.neighbours, baselines)


def _within(earlier: str, later: str, limits: Limits, baselines: Mapping[str, DateBaseline]) -> bool:
    days = names.days_between(earlier, later)
    if (limits.days and days not in limits.days) or (limits.max_days and days > limits.max_days):
        return False
    if not limits.needs_baselines:
        return True
    first, second = baselines[earlier], baselines[later]
    longest = [limits.max_bperp_m] if limits.max_bperp_m is not None else []
    if limits.max_critical_percent is not None:
        longest.append(limits.max_critical_percent / 100 * min(first.critical_m, second.critical_m))
    return abs(second.bperp_m - first.bperp_m) <= min(longest)


def critical_baseline_m(wavelength_m: float, bandwidth_hz: float, range_m: float, incidence_deg: float) -> float:
    """Perpendicular baseline at which the range spectra of level ground no longer overlap.

    It is wavelength B R tan(incidence) / c, about 6 km for IW2 of Sentinel-1.

    Parameters
    ----------
    wavelength_m : float
        Radar wavelength, m.
    bandwidth_hz : float
        Processed range bandwidth B, Hz.
    range_m : float
        Slant range R, m.
    incidence_deg : float
        Incidence angle, degree.

    Returns
    -------
    float
        Critical baseline, m.

    References
    ----------
    F. Gatelli et al., 1994, IEEE TGRS 32(4), doi:10.1109/36.298013.
    """
    return wavelength_m * bandwidth_hz * range_m * float(np.tan(np.radians(incidence_deg))) / SPEED_OF_LIGHT


def dates_of(pairs: Iterable[str]) -> list[str]:
    """Dates of pairs.

    Parameters
    ----------
    pairs : iterable of str
        Names of the pairs.

    Returns
    -------
    list of str
        Each date once, in order.
    """
    return sorted({date for pair in pairs for date in names.split_pair(pair)})


def years_of(dates: Sequence[str]) -> np.ndarray:
    """Times of dates since the first one.

    Parameters
    ----------
    dates : sequence of str
        Dates in order, YYYYMMDD.

    Returns
    -------
    (dates,) array of float
        Julian years of 365.25 days since the first date.
    """
    return np.array([names.days_between(dates[0], date) for date in dates]) / DAYS_PER_YEAR


def interval_years(pair: str) -> float:
    """Length of a pair.

    Parameters
    ----------
    pair : str
        Name of the pair.

    Returns
    -------
    float
        Temporal baseline in Julian years of 365.25 days.
    """
    return names.pair_days(pair) / DAYS_PER_YEAR


def date_indexes(pairs: Sequence[str]) -> np.ndarray:
    """Positions of the dates of each pair among `dates_of` the pairs.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    (pairs, 2) array of int
        Positions of the earlier and of the later date.
    """
    position = {date: k for k, date in enumerate(dates_of(pairs))}
    return np.array([[position[date] for date in names.split_pair(pair)] for pair in pairs])


def pair_matrix(pairs: Sequence[str]) -> np.ndarray:
    """Incidence matrix of a network: times the phases of the dates it gives those of the pairs.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    (pairs, dates) array of float
        +1 at the later date, -1 at the earlier one, 0 elsewhere.
    """
    matrix = np.zeros((len(pairs), len(dates_of(pairs))))
    for column, sign in zip(date_indexes(pairs).T, (-1, 1), strict=True):
        matrix[np.arange(len(pairs)), column] = sign
    return matrix


def islands(pairs: Iterable[str]) -> list[list[str]]:
    """Connected parts of a network.

    Parameters
    ----------
    pairs : iterable of str
        Names of the pairs.

    Returns
    -------
    list of list of str
        Dates of each connected part in order; the parts in order of their first dates.
    """
    root: dict[str, str] = {}

    def find(date: str) -> str:
        while root.setdefault(date, date) != date:
            date = root[date]
        return date

    for pair in pairs:
        first, second = sorted(map(find, names.split_pair(pair)))
        root[second] = first
    parts: dict[str, list[str]] = {}
    for date in sorted(root):
        parts.setdefault(find(date), []).append(date)
    return sorted(parts.values())


def gap_text(parts: Sequence[Sequence[str]]) -> str:
    """The gaps between islands in words.

    Parameters
    ----------
    parts : sequence of sequence of str
        Islands as `islands` returns them.

    Returns
    -------
    str
        Last date of each island and first date of the next, separated by commas.
    """
    return ", ".join(f"{before[-1]}-{after[0]}" for before, after in pairwise(parts))


class RateMethod(Protocol):
    """What `check` reads of a row of `rates.methods`."""

    @property
    def name(self) -> str:
        """As in `rates.method`."""

    @property
    def needs_connected(self) -> bool:
        """Whether all dates must be connected by pairs."""


def check(
    stack: str, dates: Sequence[str], pairs: Sequence[str], method: RateMethod, preset: str, max_days: int
) -> list[str]:
    """Warnings about the network of a stack.

    Parameters
    ----------
    stack : str
        Name of the stack, for the messages.
    dates : sequence of str
        Dates of the stack.
    pairs : sequence of str
        Pairs that are formed of them.
    method : RateMethod
        Rate method: whether it needs a connected network. Stacking adds up rates of pairs, for
        which islands do no harm.
    preset : str
        Preset of the network, for the messages.
    max_days : int
        Longest temporal baseline of `nearest`, days, for the messages.

    Returns
    -------
    list of str
        One sentence for each warning.

    Raises
    ------
    StackError
        There are fewer than MIN_PAIRS pairs.
    NetworkError
        The pairs form several islands and `method` needs a connected network.
    """
    if not pairs:
        problem = f"no two dates within {max_days} days" if preset == NEAREST else f"no pair within preset {preset}"
        cure = "raise network.max_days, or add acquisitions"
        raise StackError(f"stack {stack} has {problem}", cure if preset == NEAREST else "choose another network.preset")
    if len(pairs) < MIN_PAIRS:
        raise StackError(
            f"stack {stack} has {len(pairs)} pairs, a rate with its error needs {MIN_PAIRS}",
            "add acquisitions, or request the D-InSAR maps of single pairs by their names",
        )
    warnings = []
    parts = islands(pairs)
    if len(parts) > 1:
        found = f"stack {stack}: the pairs form {len(parts)} islands, gap {gap_text(parts)}"
        if method.needs_connected:
            raise NetworkError(
                f"{found}; {method.name} cannot join them",
                "add acquisitions in the gap, widen the network section, or set rates.method to stacking",
            )
        warnings.append(f"{found}; each island is stacked on its own dates")
    if alone := sorted(set(dates) - {date for part in parts for date in part}):
        warnings.append(f"stack {stack}: {len(alone)} dates are in no pair: {', '.join(alone[:5])}")
    return warnings


def triplets(pairs: Iterable[str]) -> list[tuple[str, str, str]]:
    """Triplets of dates whose three pairs are in the network.

    Parameters
    ----------
    pairs : iterable of str
        Names of the pairs.

    Returns
    -------
    list of tuple of str
        Pairs (earlier-middle, middle-later, earlier-later), by latest, then middle date.
    """
    known = set(pairs)
    before: dict[str, list[str]] = {}
    for pair in sorted(known):
        earlier, later = names.split_pair(pair)
        before.setdefault(later, []).append(earlier)
    return [
        (names.pair_name(first, middle), names.pair_name(middle, later), names.pair_name(first, later))
        for later in sorted(before)
        for first, middle in combinations(before[later], 2)
        if f"{first}_{middle}" in known
    ]

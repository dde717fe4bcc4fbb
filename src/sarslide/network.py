"""The network of a stack: which pairs are formed, whether they hang together, and the critical baseline.

Every preset looks at two dates only, or at a date and its nearest earlier ones: a new acquisition adds pairs and changes none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from sarslide import names
from sarslide.errors import CatalogError, NetworkError, StackError

SPEED_OF_LIGHT = 299792458.0  # m/s


@dataclass(frozen=True)
class Limits:
    """What a pair of a preset may be. None: no limit.

    days: temporal baselines, exactly these. max_days: longest one. max_bperp_m: largest perpendicular baseline, m.
    max_critical_percent: the same in percent of the critical baseline, the smaller one of the two dates.
    """

    days: tuple[int, ...] | None = None
    max_days: int | None = None
    max_bperp_m: float | None = None
    max_critical_percent: float | None = None

    @property
    def needs_baselines(self) -> bool:
        return self.max_bperp_m is not None or self.max_critical_percent is not None


PRESETS = {
    "p0": Limits(days=(12, 24)),  # B03
    "p4": Limits(max_days=40, max_bperp_m=120.0),  # B18
    "p3": Limits(max_days=60, max_critical_percent=2.0),  # B13
    # P2 says "short temporal and spatial baseline" and gives no numbers (B08); these are an assumption of sarslide.
    "p2": Limits(max_days=36, max_bperp_m=150.0),
}
NEAREST = "nearest"
LEAST_PAIRS = 3  # of a stack: `rates.stacking` has no error of a rate from fewer


@dataclass(frozen=True)
class Orbit:
    """Where a date flew: bperp_m against one orbit of its stack (up and away from the track), and its critical baseline, m."""

    bperp_m: float
    critical_m: float


def needs_baselines(preset: str) -> bool:
    """Whether a preset asks for perpendicular baselines."""
    return preset in PRESETS and PRESETS[preset].needs_baselines


def choose_pairs(
    dates: Sequence[str],
    preset: str = NEAREST,
    max_days: int = 24,
    neighbours: int = 2,
    orbits: Mapping[str, Orbit] | None = None,
) -> list[str]:
    """Pairs of a stack, ordered by later, then earlier date.

    preset: `nearest` (each date with at most `neighbours` earlier ones within `max_days`), or a name of PRESETS: all pairs within
    its limits. orbits: by date, for presets that need baselines; CatalogError names a date without one.
    """
    if preset == NEAREST:
        return names.nearest_pairs(list(dates), max_days, neighbours)
    limits, ordered = PRESETS[preset], sorted(set(dates))
    if limits.needs_baselines and (missing := [date for date in ordered if date not in (orbits or {})]):
        raise CatalogError(
            f"no perpendicular baseline of {', '.join(missing[:3])} in the scene table, preset {preset} needs it",
            "`snakemake update_catalog` fills it in, or set network.preset to nearest or p0",
        )
    both = ((earlier, later) for later in ordered for earlier in ordered if earlier < later)
    return [names.pair_name(*pair) for pair in both if _allowed(*pair, limits, orbits or {})]


def _allowed(earlier: str, later: str, limits: Limits, orbits: Mapping[str, Orbit]) -> bool:
    days = names.days_between(earlier, later)
    if (limits.days and days not in limits.days) or (limits.max_days and days > limits.max_days):
        return False
    if not limits.needs_baselines:
        return True
    first, second = orbits[earlier], orbits[later]
    allowed = [limits.max_bperp_m] if limits.max_bperp_m is not None else []
    if limits.max_critical_percent is not None:
        allowed.append(limits.max_critical_percent / 100 * min(first.critical_m, second.critical_m))
    return abs(second.bperp_m - first.bperp_m) <= min(allowed)


def critical_baseline_m(wavelength_m: float, bandwidth_hz: float, range_m: float, incidence_deg: float) -> float:
    """Perpendicular baseline, m, at which the range spectra of level ground no longer overlap: wavelength B R tan(incidence) / c.

    Source: F. Gatelli et al., 1994, IEEE TGRS 32(4), doi:10.1109/36.298013. About 6 km for IW2 of Sentinel-1.
    """
    return wavelength_m * bandwidth_hz * range_m * float(np.tan(np.radians(incidence_deg))) / SPEED_OF_LIGHT


def islands(pairs: Iterable[str]) -> list[list[str]]:
    """Dates that pairs connect, one ordered list for each connected part of the network, in order of their first dates."""
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
    """The gaps between islands in words: last date of one, first of the next."""
    return ", ".join(f"{before[-1]}-{after[0]}" for before, after in pairwise(parts))


def check(stack: str, dates: Sequence[str], pairs: Sequence[str], method: str, preset: str, max_days: int) -> list[str]:
    """Warnings about the network of a stack, in words.

    Raises StackError when there are fewer than LEAST_PAIRS pairs, and NetworkError when the pairs form several islands and
    `method` (sbas, mintpy) needs a connected network. Stacking adds up rates of pairs, for which islands do no harm.
    """
    if not pairs:
        problem = f"no two dates within {max_days} days" if preset == NEAREST else f"no pair within preset {preset}"
        cure = "raise network.max_days, or add acquisitions"
        raise StackError(f"stack {stack} has {problem}", cure if preset == NEAREST else "choose another network.preset")
    if len(pairs) < LEAST_PAIRS:
        raise StackError(
            f"stack {stack} has {len(pairs)} pairs, a rate with its error needs {LEAST_PAIRS}",
            "add acquisitions, or ask for the D-InSAR maps of single pairs by their names",
        )
    warnings = []
    parts = islands(pairs)
    if len(parts) > 1:
        found = f"stack {stack}: the pairs form {len(parts)} islands, gap {gap_text(parts)}"
        if method != "stacking":
            raise NetworkError(
                f"{found}; {method} cannot join them",
                "add acquisitions in the gap, widen the network section, or set rates.method to stacking",
            )
        warnings.append(f"{found}; each island is stacked on its own dates")
    if alone := sorted(set(dates) - {date for part in parts for date in part}):
        warnings.append(f"stack {stack}: {len(alone)} dates are in no pair: {', '.join(alone[:5])}")
    return warnings


def triplets(pairs: Iterable[str]) -> list[tuple[str, str, str]]:
    """All (earlier-middle, middle-later, earlier-later) whose three pairs are in the network, by latest, then middle date."""
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

"""What the rates read of the records of the pairs (`insar.contract.PairRecord` as JSON)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np

from sarslide.errors import NetworkError, RateError

ROUNDING = 1e-6  # to which processors write a wavelength


def common_wavelength_m(records: Iterable[Mapping]) -> float:
    """Wavelength of the pairs.

    Parameters
    ----------
    records : iterable of mapping
        Records of the pairs.

    Returns
    -------
    float
        Radar wavelength, m.

    Raises
    ------
    RateError
        For several wavelengths.
    """
    wavelengths = sorted({record["wavelength_m"] for record in records})
    if not wavelengths or wavelengths[-1] > wavelengths[0] * (1 + ROUNDING):
        raise RateError(f"pairs of several wavelengths: {wavelengths} m", "invert one sensor at a time")
    return wavelengths[0]


def median_looks(records: Iterable[Mapping]) -> float | None:
    """Independent looks of the phase.

    Parameters
    ----------
    records : iterable of mapping
        Records of the pairs.

    Returns
    -------
    float, optional
        Median of the records; None where no record has them.
    """
    known = [record["looks"] for record in records if record["looks"]]
    return float(np.median(known)) if known else None


def utc_seconds(records: Iterable[Mapping]) -> float:
    """Time of day of the acquisitions.

    Parameters
    ----------
    records : iterable of mapping
        Records of the pairs.

    Returns
    -------
    float
        Of the first acquisition whose time is known, s; 0 without any.
    """
    times = [time for record in records for time in record["utc"] if time]
    if not times:
        return 0.0
    clock = datetime.fromisoformat(times[0])
    return clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6


def baselines_m(pairs: Sequence[str], bperp_m: Mapping[str, float | None]) -> list[float]:
    """Perpendicular baselines of the pairs.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.
    bperp_m : mapping of str to float, optional
        Perpendicular baseline by pair, m; None where unknown.

    Returns
    -------
    list of float
        In the order of the pairs, m.

    Raises
    ------
    NetworkError
        A baseline is unknown.
    """
    unknown = [pair for pair in pairs if bperp_m[pair] is None]
    if unknown:
        raise NetworkError(
            f"pair {unknown[0]}: no perpendicular baseline for the DEM error",
            "set sbas.dem_error: false, or give baselines",
        )
    return [baseline for pair in pairs if (baseline := bperp_m[pair]) is not None]

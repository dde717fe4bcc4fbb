"""Numbers and dates in the files of other processors, each in its range or refused by name."""

from datetime import datetime

from sarslide.errors import InterferogramError, SarslideError
from sarslide.io.bounded import shown

FORMAT_AGAIN = "export the product again, or download it again"
BASELINE_M = (-50e3, 50e3)  # perpendicular: ten times the critical one of the longest waves
WAVELENGTH_M = (0.02, 0.3)  # X to L band
INCIDENCE_DEG = (10.0, 75.0)
HEADING_DEG = (-360.0, 360.0)


def number(
    path: object,
    name: str,
    value: object,
    within: tuple[float, float],
    cure: str = FORMAT_AGAIN,
    error: type[SarslideError] = InterferogramError,
) -> float:
    """A number from a file.

    Parameters
    ----------
    path : object
        The file, for messages.
    name : str
        What the number is.
    value : object
        As read: text, a number, or None where there is none.
    within : tuple of float
        The least and the largest that it can be.
    cure : str
        Cure of the error.
    error : type
        Class of the error.

    Returns
    -------
    float
        The number.

    Raises
    ------
    SarslideError
        Of class `error`, for what is missing, no number, or outside.
    """
    if value is None:
        raise error(f"{path}: has no {name}", cure)
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        found = float("nan")
    if not within[0] <= found <= within[1]:
        raise error(f"{path}: {name} is {shown(value)}, not from {within[0]:g} to {within[1]:g}", cure)
    return found


def whole(
    path: object, name: str, value: object, within: tuple[int, int], cure: str, error: type[SarslideError]
) -> int:
    """An integer from a file, as `number`.

    Parameters
    ----------
    path, name, value, within, cure, error
        As of `number`.

    Returns
    -------
    int
        The integer.

    Raises
    ------
    SarslideError
        Of class `error`, as `number`, and for a fraction.
    """
    found = number(path, name, value, within, cure, error)
    if found != int(found):
        raise error(f"{path}: {name} is {shown(value)}, not a whole number", cure)
    return int(found)


def iso_utc(path: object, name: str, date: str, time: str | None) -> str | None:
    """ISO time of a date and a time of day.

    Parameters
    ----------
    path : object
        The file, for messages.
    name : str
        What the time is.
    date : str
        YYYYMMDD or YYYY-MM-DD.
    time : str or None
        HH:MM:SS, with fractions or without.

    Returns
    -------
    str or None
        YYYY-MM-DDTHH:MM:SSZ, as precise as `time`; None without `time`.

    Raises
    ------
    InterferogramError
        For what is no time.
    """
    if not time:
        return None
    day = date.replace("-", "")
    text = f"{day[:4]}-{day[4:6]}-{day[6:]}T{time}"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise InterferogramError(f"{path}: {name} is {shown(time)}, not HH:MM:SS", FORMAT_AGAIN) from None
    return f"{text}Z"

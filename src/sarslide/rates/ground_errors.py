"""Errors that lie in the ground of a frame, not in the pairs of its stack.

In a region of several frames the others go on (`unrated`).
"""

from sarslide.errors import NetworkError, RateError


def ground_error(problem: str, cure: str) -> RateError:
    """The error of ground without a rate: too few valid pairs, no stable cell, no reference area.

    Parameters
    ----------
    problem, cure : str
        As of every error.

    Returns
    -------
    RateError
        Marked as one of the ground.
    """
    error = RateError(problem, cure)
    error.of_ground = True
    return error


def islands_error(problem: str, cure: str) -> NetworkError:
    """The error of pairs that can be used on some ground and fall into islands.

    Parameters
    ----------
    problem, cure : str
        As of every error.

    Returns
    -------
    NetworkError
        Marked as one of the ground.
    """
    error = NetworkError(problem, cure)
    error.of_ground = True
    return error

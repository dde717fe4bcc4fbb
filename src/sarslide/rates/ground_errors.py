"""What keeps ground from having a rate.

In a region of several frames the others go on (`unrated`).
"""

from sarslide.errors import NetworkError, RateError


class GroundError(RateError):
    """Ground without a rate: too few valid pairs, no stable cell, no reference area."""


class IslandsError(NetworkError):
    """Pairs that can be used on some ground and fall into islands."""

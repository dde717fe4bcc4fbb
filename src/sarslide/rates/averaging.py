"""Averaged phase of short pairs (P0 3.1, B04): the mean of wrapped phases, no unwrapping (B05).

P0 does not name the kind of mean. The complex one (direction of the mean phasor) is the default: it
has no bias where the phase wraps.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.errors import RateError
from sarslide.phase import wrapped
from sarslide.rates.stacking import Stack, Stacked

MEANS = ("complex", "arithmetic")


class AveragePhase:
    """Mean phase over pairs, added one at a time.

    The standard error is that of `Stack` with regressor 1: noise of dates telescopes here too.

    Parameters
    ----------
    pairs : sequence of str
        Names of all pairs that will be added.
    shape : tuple of int
        Rows and columns.
    about : (rows, cols) array of float
        Phase, rad, about which deviations are taken for the standard error, so that they do not
        wrap: the mean of an earlier pass.
    mean : str
        "complex" or "arithmetic".

    Raises
    ------
    RateError
        For another mean.
    """

    def __init__(self, pairs: Sequence[str], shape: tuple[int, int], about: np.ndarray, mean: str = "complex"):
        if mean not in MEANS:
            raise RateError(f"'{mean}' is no mean of phases", f"use one of {', '.join(MEANS)}")
        self.pairs, self.mean, self.about = list(pairs), mean, np.nan_to_num(about)
        self._cosines, self._sines = np.zeros(shape), np.zeros(shape)
        self._deviations = Stack(pairs, shape, regressor=[1.0] * len(pairs))
        self._values = Stack(pairs, shape, regressor=[1.0] * len(pairs))

    def add(
        self, pair: str, phase_rad: np.ndarray, coherence: np.ndarray | float = np.nan, weight: np.ndarray | float = 1.0
    ) -> None:
        """Add one pair.

        Parameters
        ----------
        pair : str
            Name of the pair.
        phase_rad : (rows, cols) array of float
            Wrapped phase, rad, NaN where not valid.
        coherence : (rows, cols) array of float, or float
            Coherence, 0 to 1.
        weight : (rows, cols) array of float, or float
            Weight; zero or NaN where not valid.
        """
        self._deviations.add(pair, wrapped(phase_rad - self.about), coherence, weight)
        if self.mean == "arithmetic":
            self._values.add(pair, phase_rad, coherence, weight)
        valid = np.isfinite(phase_rad) & (weight > 0)
        phase, used = np.where(valid, phase_rad, 0), np.where(valid, weight, 0)
        self._cosines += used * np.cos(phase)
        self._sines += used * np.sin(phase)

    def result(self, min_pairs: int = 3) -> Stacked:
        """The mean so far.

        Parameters
        ----------
        min_pairs : int
            Valid pairs that a cell needs.

        Returns
        -------
        Stacked
            Averaged phase, (-pi, pi], and its standard error, rad.
        """
        spread = self._deviations.result(min_pairs)
        if self.mean == "arithmetic":
            estimate = self._values.result(min_pairs).estimate
        else:
            estimate = np.where(np.isfinite(spread.estimate), np.arctan2(self._sines, self._cosines), np.nan)
        return Stacked(estimate, spread.std, spread.pair_count, spread.mean_coherence)

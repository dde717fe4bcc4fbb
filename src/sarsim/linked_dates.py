"""Linked dates at product level: the estimator of the real chain on the sub-looks of cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sarsim.product_settings import LinkSettings
from sarslide.linking.estimate import link_strips, program
from sarslide.linking.looks import cell_covariance
from sarslide.linking.plan import MiniStacks
from sarslide.names import split_pair
from sarslide.network import years_of
from sarslide.phase import wrapped


@dataclass
class LinkedDates:
    """Linked phases of a stack, mini-stack by mini-stack in the order of time.

    Attributes
    ----------
    plan : MiniStacks
        Which dates are linked together.
    settings : LinkSettings
        How.
    looks : float
        Independent looks of a cell, as the chain states them.
    hidden : (rows, cols) array of bool
        Cells in layover or shadow.
    compressed : list of (sublooks, rows, cols) array of complex64
        What sums up the mini-stacks so far: means of their samples without their linked phases.
    phase_rad : dict
        Mini-stack -> date -> (rows, cols) array of float32, phase of the date, rad; earlier minus
        later is that of their pair.
    """

    plan: MiniStacks
    settings: LinkSettings
    looks: float
    hidden: np.ndarray
    compressed: list[np.ndarray] = field(default_factory=list)
    phase_rad: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def link(self, ministack: str, samples: Mapping[str, np.ndarray]) -> None:
        """Link the dates of the next mini-stack.

        Parameters
        ----------
        ministack : str
            Its name.
        samples : mapping of str to (sublooks, rows, cols) array of complex64
            `DateSamples.samples` by date: of its dates, and of those that are linked once more.
        """
        again, own = self.plan.again(ministack), self.plan.parts[ministack]
        dates = [*again, *own]
        sources = [*self.compressed, *(samples[date] for date in dates)]
        # Cells beyond the region have no samples: a margin of one cell, as around the blocks of a
        # geocoded SLC.
        sublooks, rows, cols = sources[0].shape
        held = np.zeros((len(sources), rows + 2, sublooks, cols + 2), np.complex64)
        for each, source in zip(held, sources, strict=True):
            each[1:-1, :, 1:-1] = source.swapaxes(0, 1)

        def covariance(lines: slice) -> np.ndarray:
            return cell_covariance(held[:, lines].reshape(len(held), -1, cols + 2), sublooks, 1)

        phase, _, _ = link_strips(
            covariance,
            np.pad(self.hidden, 1, mode="edge"),
            self.looks,
            np.array(years_of(dates)),
            np.zeros(len(sources), bool),
            self.settings.method,
            program(),
        )
        of_dates = phase[len(self.compressed) :]
        self.phase_rad[ministack] = dict(zip(dates, of_dates, strict=True))
        back = np.exp(-1j * of_dates[len(again) :]).astype(np.complex64) / len(own)
        self.compressed.append(sum(samples[date] * turn for date, turn in zip(own, back, strict=True)))

    def of_pair(self, pair: str) -> np.ndarray:
        """Linked phase of a pair.

        Parameters
        ----------
        pair : str
            Its name.

        Returns
        -------
        (rows, cols) array of float32
            rad, -pi to pi, positive away from the satellite.
        """
        earlier, later = (
            self.phase_rad[ministack][date]
            for ministack, date in zip(self.plan.of_pair(pair), split_pair(pair), strict=True)
        )
        return wrapped(earlier.astype(float) - later).astype(np.float32)

"""Settings of the rate rules, with lengths in cells of the grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
from typing import Any

import numpy as np

from sarslide.grid import RegionGrid
from sarslide.network import MIN_PAIRS
from sarslide.rates.reference import MAX_RADIUS_M, disc_in_cells

PHASE_LOOKS = 5.5  # of a filtered phase beside delays of dates: those of a cell of 30 m on still ground


@dataclass(frozen=True)
class RateSettings:
    """Choices of the rate rules.

    Attributes
    ----------
    height_correlated, plane : bool
        Terms removed per pair.
    moving_sigma : float
        Robust sigmas above which the first pass calls a cell moving.
    dilate_cells : int
        Cells by which moving ground is dilated.
    min_coherence : float
        Mean coherence that stable ground needs.
    pair_coherence : float
        Cells of a pair below it are not used; low, because a gap in a cell's chain of pairs lets
        atmosphere in that would telescope.
    min_share : float
        Cells with a smaller part of the pairs valid, or fewer than three, have no rate.
    weighting : str
        "none" (P4 eq. 1), "coherence" (weight g^2 / (1 - g^2), the inverse variance of
        multilooked phase), or "noise" (the same in 1/rad2, beside delays of the dates:
        `date_stack`).
    reference : tuple of float, optional
        Row, column and radius in cells of the reference area; None to choose one.
    reference_radius_cells : float
        Largest radius of an area that is chosen, cells.
    one_component : bool
        Whether only the connected component that holds the reference area is used.
    atmosphere : str
        Estimate of the dates' delays that is taken off unwrapped pairs: a method of
        `corrections.date_delays` or "none".
    atmosphere_cells, atmosphere_days : float
        Standard deviations of its Gaussians in space and in time.
    ring : tuple of float, optional
        Inner and outer radius in cells of the surroundings to which each cell is referenced
        (`corrections.double_difference`); None for one reference area.
    paper_wavelength_m : float, optional
        Wavelength that the paper prints, for the rate with its sign alone; None: the radar's.
    """

    height_correlated: bool = True
    plane: bool = True
    moving_sigma: float = 3.0
    dilate_cells: int = 3
    min_coherence: float = 0.3
    pair_coherence: float = 0.1
    min_share: float = 0.25
    weighting: str = "none"
    reference: tuple[float, float, float] | None = None
    reference_radius_cells: float = np.inf
    one_component: bool = True
    atmosphere: str = "none"
    atmosphere_cells: float = 17.0
    atmosphere_days: float = 100.0
    ring: tuple[float, float] | None = None
    paper_wavelength_m: float | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any], grid: RegionGrid) -> "RateSettings":
        """Settings from the keys of the configuration's `rates`.

        Parameters
        ----------
        params : mapping
            Keys of `rates`, those that are there; others are ignored.
        grid : RegionGrid
            Grid whose cells lengths in metres or km become.

        Returns
        -------
        RateSettings
            Defaults where a key is absent.
        """
        values = {field.name: params[field.name] for field in fields(cls) if field.name in params}
        values["reference"] = disc_in_cells(grid, params.get("reference"))
        values["reference_radius_cells"] = MAX_RADIUS_M / grid.cell_m
        if "atmosphere_km" in params:
            values["atmosphere_cells"] = params["atmosphere_km"] * 1e3 / grid.cell_m
        if params.get("reference_mode") == "double_difference":
            values["ring"] = ring_in_cells(params["double_difference_km"], grid)
        return cls(**values)

    def first_pass(self) -> "RateSettings":
        """Settings of the pass that finds what moves: neither delays of dates nor surroundings."""
        return replace(self, atmosphere="none", ring=None)

    def min_pairs(self, pairs: int) -> int:
        """Valid pairs that a cell needs.

        Parameters
        ----------
        pairs : int
            Pairs of the stack.

        Returns
        -------
        int
            At least three.
        """
        return max(MIN_PAIRS, ceil(self.min_share * pairs))

    def pair_weight(self, coherence: np.ndarray) -> np.ndarray | float:
        """Weight of a pair in the stack.

        Parameters
        ----------
        coherence : (rows, cols) array of float
            Coherence of the pair, 0 to 1.

        Returns
        -------
        (rows, cols) array of float, or float
            One weight for all cells, or one a cell.
        """
        if self.weighting == "none":
            return 1.0
        squared = np.clip(coherence, 0, 0.99) ** 2
        return (2 * PHASE_LOOKS if self.weighting == "noise" else 1) * squared / (1 - squared)


def ring_in_cells(radii_km: Sequence[float], grid: RegionGrid) -> tuple[float, float]:
    """A ring of the configuration in cells.

    Parameters
    ----------
    radii_km : sequence of float
        Inner and outer radius, km.
    grid : RegionGrid
        The grid.

    Returns
    -------
    tuple of float
        Inner and outer radius, cells.
    """
    inner, outer = (km * 1e3 / grid.cell_m for km in radii_km)
    return inner, outer

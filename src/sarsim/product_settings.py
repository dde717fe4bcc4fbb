"""Settings of stacks at product level."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sarsim.cell_samples import CellSettings
from sarsim.scattering import ScatteringSettings
from sarslide.catalog.repeat_orbit import BASELINE_SIGMA


@dataclass(frozen=True)
class UnwrapSettings:
    """Pairs unwrapped as the rule `unwrap` does it; defaults are those of the configuration.

    Attributes
    ----------
    method : str
        Key `interferogram.unwrapper`.
    window : int
        Key `interferogram.unwrap_window`, cells.
    """

    method: str = "whirlwind"
    window: int = 32


@dataclass(frozen=True)
class LinkSettings:
    """Filtered pairs made of linked dates, as the rules `link_dates` and `interferogram` do it.

    Attributes
    ----------
    method : str
        Key `interferogram.linking`: `emi` or `evd`.
    ministack : int
        Key `interferogram.ministack`, dates.
    """

    method: str = "emi"
    ministack: int = 10


@dataclass(frozen=True)
class ProductSettings:
    """Noise of a stack and processing of its pairs.

    Attributes
    ----------
    looks : float
        Independent looks of a flat 30 m cell; of no effect with `cells`, which reckons them.
    coherence : float
        Factor on the temporal coherence of all land cover.
    turbulence_mm, stratified_mm_per_km : float
        As in `atmosphere.path_delay_mm`.
    baseline_sigma_m : float
        Scatter of the orbits, m.
    dem_error_m : float
        Standard deviation, m.
    unwrapping_errors : float
        Mean number of wrong patches a pair; of no effect with `unwrapping`.
    coherence_window, goldstein_alpha, goldstein_window : int, float, int
        As in the chain.
    forest_coherence : float
        A further factor under forest.
    stratified_residue_mm : float
        Standard deviation, over dates and region, of the delay that follows the height but is not
        linear in it, mm.
    cells : CellSettings, optional
        The samples of a cell lie apart; orbits, noise and delays are those of the SAFE products.
        None: one phase for all of a cell, as in the benchmark and in the training of packaged
        weights.
    unwrapping : UnwrapSettings, optional
        Pairs go through the product's own unwrapper. None: cycles are those of the truth, but for
        planted patches.
    linking : LinkSettings, optional
        The filtered phase of a pair is that of its linked dates; needs `cells`. None: it is
        Goldstein's.
    scattering : ScatteringSettings, optional
        What of the measured scattering there is; None: nothing.
    """

    looks: float = 8.7
    coherence: float = 1.0
    turbulence_mm: float = 5.0
    stratified_mm_per_km: float = 10.0
    baseline_sigma_m: float = BASELINE_SIGMA["perpendicular"]
    dem_error_m: float = 2.0
    unwrapping_errors: float = 0.2
    coherence_window: int = 3
    goldstein_alpha: float = 0.5
    goldstein_window: int = 16
    forest_coherence: float = 1.0
    stratified_residue_mm: float = 0.0
    cells: CellSettings | None = None
    unwrapping: UnwrapSettings | None = None
    linking: LinkSettings | None = None
    scattering: ScatteringSettings | None = None

    def stated(self) -> Mapping[str, Any]:
        """The settings for a record.

        Returns
        -------
        mapping of str to Any
            JSON-ready, without what is off.
        """
        return {name: value for name, value in asdict(self).items() if value is not None}

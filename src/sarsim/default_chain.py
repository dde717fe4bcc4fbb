"""Product level as the default configuration makes it: networks learn from what they will see.

No value stands here a second time: keys of the configuration become settings of products and rates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from sarsim.cell_samples import CellSettings
from sarsim.product_settings import LinkSettings, ProductSettings, UnwrapSettings
from sarsim.products import SimulatedPair
from sarslide.config.loading import load
from sarslide.config.models import Config
from sarslide.grid import RegionGrid
from sarslide.insar.error_cycles import UNKNOWN, apply
from sarslide.rates.rate_cycles import find_error_cycles
from sarslide.rates.settings import RateSettings

REGION = "valley"  # whose preset sets no key of pairs or rates


@dataclass(frozen=True)
class RateChain:
    """How rates are made of pairs.

    Attributes
    ----------
    settings : RateSettings
        Of the rate.
    cycles : bool
        Cycles of pairs are those of the rate that all share, as by the rule `rate_cycles`.
    average : str
        Mean of the averaged phase, as in `rates.pipeline.average_phase`.
    average_weighting : str
        Its weights.
    """

    settings: RateSettings = field(default_factory=RateSettings)
    cycles: bool = False
    average: str = "complex"
    average_weighting: str = "none"

    @classmethod
    def of(cls, keys: Mapping[str, Any], grid: RegionGrid) -> "RateChain":
        """The chain that keys of `rates` ask for.

        Parameters
        ----------
        keys : mapping
            Keys of `rates`, those that are there.
        grid : RegionGrid
            Grid whose cells lengths become.

        Returns
        -------
        RateChain
            The chain.
        """
        return cls(
            RateSettings.of(keys, grid),
            bool(keys.get("rate_cycles")),
            keys.get("average", "complex"),
            keys.get("average_weighting", "none"),
        )

    def of_average(self) -> RateSettings:
        """Settings of the averaged phase."""
        return replace(self.settings, weighting=self.average_weighting)

    def corrected(
        self, products: Mapping[str, SimulatedPair], elevation_m: np.ndarray, stable: np.ndarray, cell_m: float
    ) -> dict[str, SimulatedPair]:
        """The pairs as the rate reads them.

        Parameters
        ----------
        products : mapping of str to SimulatedPair
            By name.
        elevation_m : (rows, cols) array of float
            Height, m.
        stable : (rows, cols) array of bool
            Stable ground of the averaged phase.
        cell_m : float
            Side of a cell, m.

        Returns
        -------
        dict of str to SimulatedPair
            With `cycles` those of the rate where the pairs agree on one; known cells belong to the
            component whose level they have.
        """
        if not self.cycles:
            return dict(products)

        def read(pair: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
            one = products[pair]
            return one.unwrapped_rad, one.unfiltered_rad, one.coherence, one.components

        found = find_error_cycles(read, list(products), elevation_m, stable, cell_m)
        corrected = {}
        for (name, one), cycles, component in zip(products.items(), found.cycles, found.components, strict=True):
            parts = one.components
            if parts is not None:
                parts = np.where(cycles == UNKNOWN, parts, component).astype(parts.dtype)
            phase = apply(one.unwrapped_rad, cycles, correct=True)
            corrected[name] = replace(one, unwrapped_rad=phase, components=parts)
        return corrected


@cache
def configuration() -> Config:
    """The default configuration of simulated acquisitions."""
    return load({"region": REGION})


def products(settings: ProductSettings, config: Config | None = None) -> ProductSettings:
    """Settings whose pairs are processed as by a configuration.

    Parameters
    ----------
    settings : ProductSettings
        Noise.
    config : Config, optional
        By default that of `configuration`.

    Returns
    -------
    ProductSettings
        With samples that lie apart, filtered or linked, and unwrapped.
    """
    keys = (config or configuration()).interferogram
    return replace(
        settings,
        coherence_window=keys.coherence_window,
        goldstein_alpha=keys.goldstein_alpha,
        goldstein_window=keys.goldstein_window,
        cells=settings.cells or CellSettings(),
        unwrapping=UnwrapSettings(keys.unwrapper, keys.unwrap_window),
        linking=None if keys.linking == "none" else LinkSettings(keys.linking, keys.ministack),
    )


def rates(grid: RegionGrid, config: Config | None = None) -> RateChain:
    """Rates as a configuration makes them.

    Parameters
    ----------
    grid : RegionGrid
        Grid of the region.
    config : Config, optional
        By default that of `configuration`.

    Returns
    -------
    RateChain
        The chain.
    """
    return RateChain.of((config or configuration()).rates.model_dump(), grid)

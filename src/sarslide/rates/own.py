"""The slot for rate methods that sarslide does not have (B30): a function of the user's."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.rates import los
from sarslide.rates.ground import Ground
from sarslide.rates.passes import CorrectedPair, Corrector, ReadUnwrapped, ReadWrapped
from sarslide.rates.pipeline import StackLayers, converged_stack
from sarslide.rates.settings import RateSettings

log = logging.getLogger(__name__)

FUNCTION = "rates"
CURE = "docs/howto/add-a-rate-method.md has an example"
# stack -> LOS rate and its standard error, mm/yr
OwnRates = Callable[["OwnStack"], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class OwnStack:
    """What a method of the user's reads.

    Attributes
    ----------
    pairs : tuple of str
        Names of the pairs, `earlier_later`, YYYYMMDD each.
    grid : RegionGrid
        The region grid; every array has its rows and columns.
    wavelength_m : float
        Radar wavelength, m.
    ground : Ground
        Heights (m), stable ground and reference area, as stacking finds them.
    read : callable
        Pair -> unwrapped phase (rad, grows when the ground moves away), coherence, components.
    read_wrapped : callable
        Pair -> wrapped phase (rad, unfiltered), coherence.
    settings : RateSettings
        Keys of `rates`.
    """

    pairs: tuple[str, ...]
    grid: RegionGrid
    wavelength_m: float
    ground: Ground
    read: ReadUnwrapped
    read_wrapped: ReadWrapped
    settings: RateSettings

    def corrected(self) -> Iterator[CorrectedPair]:
        """The unwrapped pairs, one at a time, without atmosphere that follows height, referenced.

        Yields
        ------
        CorrectedPair
            Name, phase (rad, NaN where it cannot be used), coherence.
        """
        return Corrector(self.read, self.ground, self.settings).ready(self.pairs)


def load(path: str | Path) -> OwnRates:
    """The function of a file.

    Parameters
    ----------
    path : path
        Python file with a function `rates`. It is run.

    Returns
    -------
    callable
        `OwnStack` -> LOS rate and standard error, mm/yr.

    Raises
    ------
    RateError
        For a file that does not run, or has no such function.
    """
    spec = spec_from_file_location("own_rate_method", path)
    if spec is None or spec.loader is None:
        raise RateError(f"{path}: is no Python file", "give it a name that ends with .py")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        log.exception("%s", path)
        raise RateError(f"{path}: does not run ({type(error).__name__}: {error})", CURE) from None
    function: OwnRates | None = getattr(module, FUNCTION, None)
    if not callable(function):
        raise RateError(f"{path}: has no function {FUNCTION}", CURE)
    return function


def own_rates(
    path: str | Path,
    read: ReadUnwrapped,
    read_wrapped: ReadWrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    grid: RegionGrid,
    wavelength_m: float,
    settings: RateSettings,
    exclude: np.ndarray | None = None,
) -> StackLayers:
    """Rate layers by a method of the user's, on the ground that stacking finds.

    Parameters
    ----------
    path : path
        Python file with a function `rates`.
    read, read_wrapped, pairs, grid, wavelength_m, settings
        As in `OwnStack`.
    elevation_m : (rows, cols) array of float
        Height, m.
    exclude : (rows, cols) array of bool, optional
        True where a cell must not enter a fit or the reference (layover, shadow).

    Returns
    -------
    StackLayers
        The layers of `pipeline.stack_rates`; coherence and number of pairs are those of the stack.

    Raises
    ------
    RateError
        For what the file does not do, and as `pipeline.stack_rates`.
    """
    method = load(path)
    found = converged_stack(read, pairs, elevation_m, settings, exclude)
    stack = OwnStack(tuple(pairs), grid, wavelength_m, found.ground, read, read_wrapped, settings)
    try:
        rate, std = (np.asarray(values, float) for values in method(stack))
    except RateError:
        raise
    except Exception as error:
        log.exception("%s", path)
        raise RateError(f"{path}: {FUNCTION}() failed ({type(error).__name__}: {error})", CURE) from None
    if rate.shape != grid.shape or std.shape != grid.shape:
        raise RateError(f"{path}: rates of {rate.shape} and {std.shape} cells, the region has {grid.shape}", CURE)
    layers = {"los_rate_mm_per_yr": rate, "los_rate_std_mm_per_yr": std}
    layers |= los.phase_layers(layers, wavelength_m)
    layers |= {"mean_coherence": found.stack.mean_coherence, "pair_count": found.stack.pair_count}
    return StackLayers(layers, found.ground, found.moving_limit, found.removed, found.changes)

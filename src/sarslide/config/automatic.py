"""Keys whose default follows from others: `auto`, and null of a switch.

Together they are the chain of rates that was measured best on pairs of the native engine
(docs/reference/rates.md). A part that does not go with what is asked for stays out: linked pairs
have no closures and no Goldstein filter, and cells that are left out are not corrected.
"""

from collections.abc import Callable
from typing import Any

from sarslide.config.fields import Section
from sarslide.config.interferograms import InterferogramSection
from sarslide.config.models import Config
from sarslide.rates.methods import METHODS

OPEN = ("auto", None)
GOLDSTEIN = ("goldstein_alpha", "goldstein_window")


def _native_rates(config: Config) -> bool:
    """Whether rates are made of pairs of the native engine."""
    return config.engine == "native" and METHODS[config.rates.method].has_rates


def _linking(config: Config) -> str:
    fields = InterferogramSection.model_fields
    filtered = any(getattr(config.interferogram, key) != fields[key].default for key in GOLDSTEIN)
    return "emi" if _native_rates(config) and config.rates.phase_bias == "keep" and not filtered else "none"


def _weighting(config: Config) -> str:
    stacked = "stack_rates" in METHODS[config.rates.method].rules or config.rates.windows
    return "noise" if _native_rates(config) and stacked else "none"


def _rate_cycles(config: Config) -> bool:
    return _native_rates(config) and not config.rates.loop_mask


FOLLOWS: dict[str, Callable[[Config], Any]] = {
    "interferogram.linking": _linking,
    "rates.weighting": _weighting,
    "rates.rate_cycles": _rate_cycles,
}


def filled(config: Config) -> Config:
    """A configuration with the values that its open keys stand for.

    Parameters
    ----------
    config : Config
        Checked.

    Returns
    -------
    Config
        The same without `auto` of `FOLLOWS`; what is filled in does not count as set
        (`model_fields_set`).
    """
    values: dict[str, dict[str, Any]] = {}
    for name, follow in FOLLOWS.items():
        section, _, leaf = name.partition(".")
        if getattr(getattr(config, section), leaf) in OPEN:
            values.setdefault(section, {})[leaf] = follow(config)
    sections = {section: _with(getattr(config, section), found) for section, found in values.items()}
    return config.model_copy(update=sections)


def _with(section: Section, values: dict[str, Any]) -> Section:
    """A copy with values that do not count as set."""
    return type(section).model_construct(section.model_fields_set - set(values), **dict(section) | values)

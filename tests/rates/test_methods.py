"""The table of rate methods: what a method needs beside its row is there, and keys that it does not read are refused."""

import re
from importlib import import_module

import numpy as np
import pytest

from sarslide import layers
from sarslide.config import load
from sarslide.errors import ConfigError
from sarslide.rates.methods import DELIVERED, METHODS
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.sbas.rates import SbasSettings, sbas_rates
from tests.conftest import REPOSITORY
from tests.support.valley import WAVELENGTH_M, Valley

OF_STACKING = {"atmosphere": "filter", "weighting": "coherence", "reference_mode": "double_difference"}
# Delivered rates are made by the rule of their engine (tests/insar/test_engines.py).
OF_PAIRS = {name: method for name, method in METHODS.items() if name != DELIVERED}
every_method = pytest.mark.parametrize("method", OF_PAIRS.values(), ids=list(OF_PAIRS))


def rule_file(name: str) -> str:
    return (REPOSITORY / f"rules/rates/{name}.smk").read_text()


@every_method
def test_the_rule_file_has_each_rule_with_its_script(method):
    text = rule_file(method.name)
    for rule in method.rules:
        assert re.search(rf'^ *(rule {rule}:|f"{rule}_{{)', text, flags=re.M), rule
        assert f"workflow_scripts/{rule}.py" in text and (REPOSITORY / f"workflow_scripts/{rule}.py").is_file()
        assert f'code=code("{rule}")' in text


@every_method
def test_the_rules_make_the_layers_the_reference_and_the_series(method):
    text = rule_file(method.name)
    made = "layers.RATES" if method.has_rates else "layers.OF_PAIRS"
    assert f'f"{{STACK}}/{method.name}' in text and made in text and "/reference.json" in text
    assert ("/timeseries.nc" in text) is method.has_series


@every_method
def test_it_has_a_title_and_can_be_chosen(method):
    assert method.title
    assert load({"region": "valley", "rates": {"method": method.name}}).rates.method == method.name


@every_method
def test_its_programs_can_be_looked_for(method):
    module, _, function = method.programs.partition(":")
    if module:
        programs = getattr(import_module(module), function)(load({"region": "valley"}))
        assert programs and all(callable(search) for search in programs.values())


def test_titles_are_unique():
    assert len({method.title for method in METHODS.values()}) == len(METHODS)


@every_method
@pytest.mark.parametrize("name", OF_STACKING)
def test_keys_that_it_does_not_read_are_refused(method, name):
    rates = {"method": method.name, name: OF_STACKING[name]}
    # The averaged phase has the zero of stacking.
    if "stack_rates" in method.rules or (method.name, name) == ("averaging", "reference_mode"):
        load({"region": "valley", "rates": rates})
    else:
        with pytest.raises(ConfigError, match=rf"E1001 config: rates.{name} = .* needs rates.method = stacking"):
            load({"region": "valley", "rates": rates})
        # Windows are stacks, whatever the method of the rates is.
        windows = rates | {"windows": {"spring": ["20190301", "20190501"]}}
        if method.has_rates:
            load({"region": "valley", "rates": windows})
        else:
            with pytest.raises(ConfigError, match="rates.windows = .* needs rates.method = stacking or "):
                load({"region": "valley", "rates": windows})


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=".*".join(("rates.method", *METHODS))):
        load({"region": "valley", "rates": {"method": "stackin"}})


def test_stacking_and_sbas_give_every_rate_layer():
    track = Valley(shape=(60, 80), count=8, turbulence_mm=1, speckle_rad=0.1)
    stacked = stack_rates(track.read, track.pairs, track.elevation_m, WAVELENGTH_M)
    assert {*stacked.layers, "stable_ground"} == set(layers.RATES)

    def read_block(pair, rows, cols):
        return tuple(np.asarray(layer)[rows, cols] for layer in track.read(pair)[:2]) + (None,)

    inverted = sbas_rates(
        read_block,
        lambda *_: None,
        track.pairs,
        track.elevation_m,
        WAVELENGTH_M,
        settings=SbasSettings(device="cpu"),
    )
    assert set(layers.RATES) <= {*inverted.layers, "stable_ground"}

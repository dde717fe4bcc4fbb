"""The table of engines: what an engine needs beside its row is there, and each source has its engine."""

import re
from importlib import import_module

import pytest

from sarslide.catalog import scenes
from sarslide.catalog.external_names import NAMINGS
from sarslide.config import Config, load
from sarslide.errors import ConfigError
from sarslide.insar.engines import ENGINES
from sarslide.preflight.forecast import forecast
from sarslide.rates.methods import DELIVERED
from tests.conftest import REPOSITORY
from tests.support.engine_runs import PRODUCERS

SOURCES = {source for engine in ENGINES.values() for source in engine.sources}
every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
PAIRED = [engine for engine in ENGINES.values() if engine.pairs]
of_pairs = pytest.mark.parametrize("engine", PAIRED, ids=[engine.name for engine in PAIRED])


def rules_of(name: str) -> dict[str, str]:
    """Text of each rule in the rule file of an engine."""
    text = (REPOSITORY / f"rules/engines/{name}.smk").read_text()
    parts = re.split(r"^ *rule (\w+):\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def outputs_of(rules: dict[str, str]) -> str:
    """Output sections of some rules."""
    found = [re.search(r"^( *)output:\n(.*?)^\1\w", text, flags=re.M | re.S) for text in rules.values()]
    return "".join(match[2] for match in found if match)


@every_engine
def test_the_rule_file_has_each_rule_with_its_script(engine):
    rules = rules_of(engine.name)
    notes = {"burst_overlap"}  # its layer only reports
    assert set(engine.rules) == set(rules) - notes
    for name, text in rules.items():
        assert f"workflow_scripts/{name}.py" in text and (REPOSITORY / f"workflow_scripts/{name}.py").is_file()
        assert f'code=code("{name}")' in text


@pytest.mark.parametrize(
    "engine", [engine for engine in ENGINES.values() if not engine.pairs], ids=lambda row: row.name
)
def test_engines_without_pairs_make_the_contract_from_the_rate_on(engine):
    outputs = outputs_of(rules_of(engine.name))
    for kind in ("layers.RATES", "layers.GEOMETRY", "timeseries.nc", "reference.json"):
        assert kind in outputs, kind
    assert "ifg/" not in outputs


@of_pairs
def test_the_rules_make_the_files_of_the_contract(engine):
    outputs = outputs_of(rules_of(engine.name))
    for kind in ("wrapped=", "coherence=", "layers.GEOMETRY"):
        assert kind in outputs, kind
    assert "/ifg/{{pair}}.json" in outputs or 'files_of("sidecars")' in outputs
    assert ("unwrapped=" in outputs and "conncomp=" in outputs) is engine.unwraps
    assert ("mean_amplitude_db.tif" in outputs) is engine.amplitude


def test_every_engine_and_naming_has_a_producer():
    assert {name.split("-")[0] for name in PRODUCERS} == {engine.name for engine in PAIRED}
    assert {name.split("-")[1] for name in PRODUCERS if name.startswith("files-")} == set(NAMINGS)


@every_engine
def test_its_name_stands_in_the_configuration(engine):
    line = next(line for line in (REPOSITORY / "config.yaml").read_text().splitlines() if "InSAR engine" in line)
    assert re.search(rf"[\[|] ?{engine.name}\b", line), line


def test_sources_have_rules_and_a_scene_table():
    assert set(scenes.TABLE_OF_SOURCE) == SOURCES
    assert {path.stem for path in (REPOSITORY / "rules/sources").glob("*.smk")} >= SOURCES


def configured(engine: str, source: str) -> Config:
    """A small region of one engine and source."""
    dem = {} if source == "simulated" else {"grid": {"dem": "dem.tif"}}
    more = {} if ENGINES[engine].pairs else {"rates": {"method": DELIVERED}}
    if source == "displacement":
        more["displacement"] = {"products": {"A128": {"path": "rate.tif"}}}
    return load({"engine": engine, "source": source, "stacks": ["A128"]} | dem | more)


@every_engine
def test_it_goes_with_its_sources_only(engine):
    for source in SOURCES:
        if source in engine.sources:
            assert configured(engine.name, source).engine == engine.name
        else:
            with pytest.raises(ConfigError, match=f"engine = {engine.name} does not fit source = {source}"):
                configured(engine.name, source)


@every_engine
def test_its_cost_is_forecast(engine):
    dates = ["20190306", "20190318", "20190330"]
    rows = [{"stack": "A128", "date": date, "granule": date} for date in dates]
    cost = forecast(configured(engine.name, engine.sources[0]), {"A128": rows}, {"A128": 1.0})
    assert (cost.pairs >= 2) is engine.pairs and cost.core_hours > 0 and (cost.slc_gb == 0) is engine.unwraps


@every_engine
def test_its_programs_are_looked_for(engine):
    if engine.programs:
        module, function = engine.programs.split(":")
        programs = getattr(import_module(module), function)(configured(engine.name, engine.sources[0]))
        assert programs and all(callable(search) for search in programs.values())

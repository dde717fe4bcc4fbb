"""The configuration is closed, documented, and its generated files are in step with the models."""

import json
import re

import pytest
import yaml

from sarslide import config
from sarslide.config.region import GridSection
from sarslide.errors import ConfigError, SarslideError


def test_generated_files_are_in_step(repository):
    assert (repository / "config.yaml").read_text() == config.config_yaml(), "run `python -m sarslide.config --fix`"
    assert (repository / "config.schema.json").read_text() == config.config_schema()


def test_the_committed_config_names_the_demo(repository):
    assert config.load(yaml.safe_load((repository / "config.yaml").read_text())).region == "demo"


def test_every_commented_default_loads(repository):
    """Uncommenting every key of config.yaml gives the defaults of the models."""
    lines = (repository / "config.yaml").read_text().splitlines()
    live = [line.replace("# ", "", 1) if line.lstrip().startswith("# ") and _is_key(line) else line for line in lines]
    values = yaml.safe_load("\n".join(live))
    values["stacks"], values["grid"]["dem"] = ["A128"], "dem.tif"  # the keys without a usable default
    assert config.Config.model_validate(values).grid == GridSection(dem="dem.tif")


def _is_key(line: str) -> bool:
    name = line.replace("#", "", 1).split(":")[0].strip()
    sections = [
        config.Config,
        *(type(f.default) for f in config.Config.model_fields.values() if isinstance(f.default, config.Section)),
    ]
    return any(name in section.model_fields for section in sections) and "[" not in line.split(":")[0]


def test_every_leaf_is_documented():
    for section in [config.Config, *config.Section.__subclasses__()]:
        for name, field in section.model_fields.items():
            if not isinstance(field.default, config.Section):
                assert field.description and "source" in field.json_schema_extra, f"{section.__name__}.{name}"


@pytest.mark.parametrize(
    ("user", "names_it"),
    [
        ({"regon": "demo"}, "unknown key 'regon'; cure: did you mean 'region'"),
        (
            {"interferogram": {"goldstein_alfa": 1}},
            "unknown key 'interferogram.goldstein_alfa'; cure: did you mean 'goldstein_alpha'",
        ),
        ({"interferogram": {"goldstein_alpha": 3}}, "interferogram.goldstein_alpha = 3"),
        ({"interferogram": {"unwrap_window": 3}}, "interferogram.unwrap_window = 3; cure: give at least 8 cells"),
        ({"region": "atlantis"}, "region 'atlantis' is neither packaged nor in"),
        ({"region": "../regions/demo"}, "region = '../regions/demo' is no name"),
        ({"region": "/etc/passwd"}, "region = '/etc/passwd' is no name"),
        ({"network": {"pairs": ["20190306-20190318"]}}, "network.pairs.0"),
        ({"grid": {"bounds": [1, 2, 0, 3]}}, "grid.bounds = [1.0, 2.0, 0.0, 3.0]: are empty; cure: give [west, south"),
        ({"grid": {"bounds": [0, 0, 1e9, 1e9]}}, "are 1.11e+15 cells of 30 m, more than a run can hold (1e+09); cure:"),
        ({"grid": {"cell_m": 200, "product_m": 5, "bounds": [2e5, 3e6, 8e5, 3.6e6]}}, "are 1.44e+10 cells of 5 m"),
        ({"grid": {"bounds": [float("nan"), 2, 3, 4]}}, "grid.bounds.0 = nan: input should be a finite number"),
        ({"grid": {"margin_m": float("inf")}}, "grid.margin_m = inf: input should be a finite number"),
        ({"grid": 32647}, "grid = 32647: is a section; cure: write its keys below it"),
        ({"grid.epsg": 32647}, "unknown key 'grid.epsg'; cure: write `grid:` and, indented below it, `epsg: ...`"),
        ({"stacks": []}, "stacks = []: tuple should have at least 1 item"),
        (
            {"rates": {"windows": {"late": [20200301, 20200201]}}},
            "rates.windows.late = 20200301 to 20200201; cure: name",
        ),
        ({"paper": "P9\nP8"}, "paper = 'P9\\nP8': input should be"),
        ({"paper": "P" * 500}, f"paper = '{'P' * 76}...: input should be"),
        ({"training": {"network": "unett"}}, "training.network"),
        ({"training": {"channels": "p0_insr"}}, "training.channels: "),
        ({"dataset": {"channels": "p2_colors"}}, "dataset.channels: "),
        (
            {"rates": {"method": "sbas", "weighting": "coherence"}},
            "rates.weighting = 'coherence' has no effect: it needs rates.method = stacking",
        ),
        ({"rates": {"method": "sbass"}}, "rates.method = 'sbass': input should be 'stacking', "),
        ({"engine": "hyp3"}, "engines for this source: native, isce2, snap"),
    ],
)
def test_a_typo_is_refused_with_one_clear_line(user, names_it):
    with pytest.raises(SarslideError) as caught:
        config.load(user)
    assert names_it in str(caught.value)
    assert re.fullmatch(r"E1001 .+; cure: .+", str(caught.value))


def test_empty_sections_change_nothing():
    assert config.load({"region": "demo", "grid": None}) == config.load({"region": "demo"})


@pytest.mark.parametrize("region", config.presets())
def test_presets_load(region):
    assert config.load({"region": region}).region == region


@pytest.fixture
def own(tmp_path):
    """A working folder with a region of its own."""
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions/myregion.yaml").write_text(
        "stacks: [A128, D062]\ngrid: {dem: glo30}\ncatalog: {archive: asf}\n"
    )
    return tmp_path


def test_a_region_of_ones_own_is_read_from_the_working_folder(own, monkeypatch):
    region = config.load({"region": "myregion"}, own)
    assert (region.stacks, region.grid.dem, region.archive()) == (("A128", "D062"), "glo30", "asf")
    assert config.load({"region": "myregion", "stacks": ["A055"]}, own).stacks == ("A055",)
    monkeypatch.chdir(own)  # as Snakemake and every other command read it
    assert config.load({"region": "myregion"}) == region
    assert config.own_regions() == ["myregion"] and "myregion" not in config.presets()


def test_an_unknown_region_names_those_that_there_are(own):
    with pytest.raises(ConfigError) as caught:
        config.load({"region": "atlantis"}, own)
    assert f"nor in {own / 'regions'}; cure: choose one of baihetan, " in str(caught.value)
    assert "yours in regions/ (myregion), or begin it with `sarslide new atlantis`" in str(caught.value)


def test_a_packaged_region_is_not_shadowed(own):
    (own / "regions/demo.yaml").write_text("stacks: [A001]")
    with pytest.raises(ConfigError, match=r"regions/demo.yaml: 'demo' is a packaged region; cure: give the file"):
        config.load({"region": "demo"}, own)
    assert config.load({"region": "myregion"}, own).region == "myregion"


@pytest.mark.parametrize(
    ("text", "names_it"),
    [
        ("grid: {epsg: 32647\nstacks: [", "myregion.yaml: is no YAML (line 2: expected ',' or '}'"),
        ("", "myregion.yaml: holds no keys"),
        ("- demo", "myregion.yaml: holds no keys"),
        ("grid: {epgs: 32647}", "unknown key 'grid.epgs'; cure: did you mean 'epsg'"),
    ],
)
def test_a_broken_region_file_is_named(own, text, names_it):
    (own / "regions/myregion.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load({"region": "myregion"}, own)
    assert names_it in str(caught.value).splitlines()[0]


def test_schema_refuses_unknown_keys():
    schema = json.loads(config.config_schema())
    assert schema["additionalProperties"] is False
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


def test_unset_variables_in_paths_are_named(monkeypatch):
    monkeypatch.delenv("SARSLIDE_NOT_SET", raising=False)
    with pytest.raises(ConfigError, match="SARSLIDE_NOT_SET"):
        config.resolve("$SARSLIDE_NOT_SET/dem.tif")

"""The configuration is closed, documented, and its generated files are in step with the models."""

import json

import pytest
import yaml

from sarslide import config
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
    assert config.Config.model_validate(values).grid == config.Grid(dem="dem.tif")


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
        ({"region": "atlantis"}, "region 'atlantis' is not a preset"),
        ({"network": {"pairs": ["20190306-20190318"]}}, "network.pairs.0"),
        ({"grid": {"bounds": [1, 2, 0, 3]}}, "are empty"),
    ],
)
def test_a_typo_is_refused_with_one_clear_line(user, names_it):
    with pytest.raises(SarslideError) as caught:
        config.load(user)
    assert names_it in str(caught.value)
    assert "\n" not in str(caught.value)


def test_empty_sections_change_nothing():
    assert config.load({"region": "demo", "grid": None}) == config.load({"region": "demo"})


@pytest.mark.parametrize("region", config.presets())
def test_presets_load(region):
    assert config.load({"region": region}).region == region


def test_schema_refuses_unknown_keys():
    schema = json.loads(config.config_schema())
    assert schema["additionalProperties"] is False
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


def test_unset_variables_in_paths_are_named(monkeypatch):
    monkeypatch.delenv("SARSLIDE_NOT_SET", raising=False)
    with pytest.raises(ConfigError, match="SARSLIDE_NOT_SET"):
        config.resolve("$SARSLIDE_NOT_SET/dem.tif")

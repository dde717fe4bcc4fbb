"""What `sarslide config` shows: every key explained, values with the place they come from."""

import re
import shlex

import pytest
import yaml

from sarslide import config
from sarslide.cli.start import nested
from sarslide.config import explain, loading, reach
from sarslide.config.automatic import filled
from sarslide.dataset.features import CHANNEL_SETS
from sarslide.errors import ConfigError
from sarslide.insar.engines import ENGINES
from sarslide.models.registry import ARCHITECTURES
from sarslide.rates.methods import METHODS

KEYS = explain.fields()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The demo in an empty folder."""
    return explain.values(tmp_path_factory.mktemp("plain"), "valley")


def line(text: str, label: str) -> str:
    return (
        next(one for one in text.splitlines()[1:] if one.startswith(f"  {label}")).strip().removeprefix(label).strip()
    )


def test_every_key_of_config_yaml_is_known(repository):
    """The names, read from the generated file and not from the models."""
    named, section = set(), ""
    for one in (repository / "config.yaml").read_text().splitlines():
        if match := re.match(r"^(\w+):$", one):
            section = match[1]
        elif (match := re.match(r"^(  )?(?:# )?([a-z]\w*): ", one)) and not re.search(r"source: \w+\]$", one):
            named.add(f"{section}.{match[2]}" if match[1] else match[2])
    assert named == set(KEYS) and len(named) > 150


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_explained(name, plain):
    text = explain.explain(name, plain)
    head, *rest = text.splitlines()
    assert head == name and KEYS[name].description.split()[0] in rest[0]
    for label in ("default", "here", "source", "example"):
        assert line(text, label)
    assert all(len(one) <= explain.WIDTH or "://" in one or one.startswith("  example") for one in rest)
    assert line(explain.explain(name), "default") == line(text, "default")


@pytest.mark.parametrize("name", KEYS)
def test_the_example_can_be_typed(name, plain, tmp_path):
    """A shell splits it, and the configuration takes it, where the region reads the key."""
    words = shlex.split(line(explain.explain(name, plain), "example"))
    assert words[::2] == ["--set"] * len(words[::2])
    keys = nested(words[1::2])
    written = plain.config.model_dump(exclude_unset=True)
    made = filled(config.Config.model_validate(loading.merge(written, keys)))
    if reach.unread(made, [name]):
        with pytest.raises(ConfigError, match=f"{name} = .* has no effect: it needs "):
            explain.values(tmp_path, "valley", (), keys)
        return
    loaded = explain.values(tmp_path, "" if name == "region" else "valley", (), keys)
    assert loaded.origin(name) == "from --set"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("engine", {row.name: row.title for row in ENGINES.values()}),
        ("rates.method", {row.name: row.title for row in METHODS.values()}),
        ("training.network", {row.name: row.title for row in ARCHITECTURES.values()}),
        ("training.channels", {row.name: row.source for row in CHANNEL_SETS.values()}),
        ("region", dict.fromkeys(config.presets(), "")),
    ],
)
def test_choices_of_tables_have_their_titles(name, table):
    rows = {one.split()[0]: one for one in explain.explain(name).splitlines() if one.startswith("    ")}
    assert set(table) <= set(rows)
    assert all(title[:40] in rows[word] for word, title in table.items())


def test_words_are_choices():
    assert line(explain.explain("catalog.gaps"), "choices") == "wait | take"
    assert line(explain.explain("files.positive_phase"), "choices") == "away | towards | null"


def test_range_unit_and_paper():
    text = explain.explain("interferogram.goldstein_alpha")
    assert line(text, "range") == ">= 0, <= 1" and "items     B10 of docs/papers.md" in text
    assert line(text, "source").startswith("P2: Liu et al. 2022, ") and "doi:10.3390/rs14143362" in text
    assert line(explain.explain("inventory.min_rate_mm_per_yr"), "unit") == "mm/yr"


def test_where_a_value_comes_from(tmp_path):
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions/mine.yaml").write_text(
        "source: simulated\nstacks: [A128]\npaper: P4\nassumptions: {rates.plane: it is flat}\nrates: {plane: false}\n"
    )
    (tmp_path / "config.yaml").write_text("region: mine\nrates: {min_coherence: 0.4}\n")
    (tmp_path / "more.yaml").write_text("rates: {pair_coherence: 0.2}\n")
    here = explain.values(tmp_path, files=("more.yaml",), over={"rates": {"method": "sbas"}})
    assert {name: here.origin(f"rates.{name}") for name in ("plane", "min_coherence", "method", "average")} == {
        "plane": f"from {tmp_path}/regions/mine.yaml",
        "min_coherence": "from config.yaml and more.yaml",
        "method": "from --set",
        "average": "the default",
    }
    assert (here.of("rates.pair_coherence"), here.of("rates.method")) == (0.2, "sbas")
    assert "P4 does not give it: it is flat" in explain.explain("rates.plane", here)
    starred = [one.split()[0] for one in explain.explain("rates", here).splitlines() if " *" in one]
    assert starred == ["method", "plane", "min_coherence", "pair_coherence"]
    assert explain.values(tmp_path, "valley").origin("region") == "from the command line"


def test_a_preset_is_the_origin(plain):
    keys = yaml.safe_load((config.REGIONS / "valley.yaml").read_text())
    assert plain.of("stacks") == keys["stacks"] and plain.origin("stacks") == "from the packaged region valley"


def test_the_overview_has_every_section_in_one_line():
    lines = explain.explain().splitlines()
    heads = [one.split()[0] for one in lines if one.startswith("  ")]
    assert {"grid", "rates", "training", "region", "stacks"} <= set(heads) and len(heads) == len(set(heads))
    assert max(map(len, lines)) <= explain.WIDTH


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("rates.metod", "rates.method"),
        ("metod", "rates.method"),
        ("goldstein_alpha", "interferogram.goldstein_alpha"),
        ("rate", "rates"),
        ("rates.method.x", "rates.method"),
    ],
)
def test_an_unknown_key_names_near_ones(wrong, near):
    with pytest.raises(ConfigError) as caught:
        explain.explain(wrong)
    assert str(caught.value).startswith(f"E1001 unknown key '{wrong}'; cure: did you mean ") and near in str(
        caught.value
    )


def test_a_word_like_none_lists_where_to_look():
    with pytest.raises(ConfigError, match="`sarslide config` lists"):
        explain.explain("xyzzy")


def test_the_whole_configuration_can_be_written_back(plain):
    assert config.load(yaml.safe_load(explain.as_yaml(plain.config))) == plain.config

"""What the keys of the configuration mean, and where the value of a working folder comes from.

Texts for the terminal, made of the models, of the tables whose names are choices, and of the
papers.
"""

import json
import re
import shlex
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import ValidationError

from sarslide import papers
from sarslide.config import generate, loading, reach, reading
from sarslide.config.fields import Section, inner_section
from sarslide.config.models import Config
from sarslide.dataset.features import CHANNEL_SETS
from sarslide.errors import ConfigError, SarslideError, shorten
from sarslide.insar.engines import ENGINES
from sarslide.models.registry import ARCHITECTURES
from sarslide.models.weights import PACKAGED
from sarslide.rates.methods import METHODS

WIDTH, LABEL = 100, 10
DEFAULT = "the default"
MAX_VALUE = 40  # characters of a value in a table
PAPER = re.compile(r"\b(?:P[0234]|H22)\b")
ITEM = re.compile(r"\b[A-J]\d{2}\b")
WORDS: dict[Any, str] = {int: "whole number", float: "number", str: "text", bool: "true or false"}
# Values for the examples of keys whose default and type do not show what they look like.
EXAMPLES: dict[str, Any] = {
    "stacks": ["A128", "D062"],
    "assumptions": {"rates.weighting": "the paper does not state it"},
    "grid.dem": "glo30",
    "grid.epsg": 32648,
    "grid.bounds": [515130, 3200340, 523230, 3215640],
    "grid.product_m": 15,
    "grid.geoid_m": -38.2,
    "simulation.new_dates": 1,
    "network.season": ["06-01", "10-31"],
    "network.pairs": ["20190306_20190318"],
    "catalog.start": "20190301",
    "catalog.end": "20200229",
    "isce2.reference": {"A128": "20190306"},
    "files.unwrapped": "{earlier}_{later}.unw.tif",
    "files.coherence": "{earlier}_{later}.cor.tif",
    "files.baselines": "{earlier}_{later}.par",
    "rates.reference": [518000, 3208000, 500],
    "rates.windows": {"summer": ["20190601", "20190930"]},
    "rates.dinsar": ["20190306_20190318"],
    "optical.products": ["s2/*.SAFE"],
    "lithology.layer": "geology",
    "lithology.classes": {"limestone": "sc"},
    "segmentation.beside": ["unet", "segnet"],
    "segmentation.weights": "weights.safetensors",
    "segmentation.weights_of": "three_rivers",
    "segmentation.window": "summer",
    "segmentation.grid": "product",
    "inventory.review": "review.csv",
    "ground.masks": {"glacier": {"file": "RGI2000-v7.0-G-13_central_asia.shp"}},
    "ground.exposure": {"buildings": {"file": "gis_osm_buildings_a_free_1.shp"}},
    "ground.land_cover": "ESA_WorldCover_10m_2021_v200_N27E099_Map.tif",
    "evaluation.inventory": "slides.gpkg",
    "evaluation.layer": "slides",
    "evaluation.name_column": "name",
    "evaluation.class_column": "kind",
    "evaluation.area": "area.gpkg",
    "evaluation.points": "checks.csv",
    "evaluation.seen_column": "found",
    "dataset.layer": "landslides",
    "dataset.class_column": "kind",
    "dataset.classes": {"slide": "landslide", "unclear": "ignored"},
    "dataset.confidence_column": "confidence",
    "dataset.negatives": 0.43,
    "training.epochs": 30,
    "training.samples": 4000,
    "training.batch": 8,
    "training.learning_rate": 0.001,
    "training.scenes": ["more.npz"],
    "training.start": "packaged",
    "benchmark.networks": ["drs_unet", "unet"],
}
# Keys that make sense only together.
PARTNERS = {
    "dataset.class_column": "dataset.classes",
    "dataset.classes": "dataset.class_column",
    "segmentation.window": "rates.windows",
    "segmentation.grid": "grid.product_m",
}


@dataclass(frozen=True)
class Values:
    """The configuration of a working folder, and what it is made of.

    Attributes
    ----------
    config : Config
        Checked.
    layers : tuple of (str, mapping)
        Where keys were set, and those keys; each goes over those before it.
    """

    config: Config
    layers: tuple[tuple[str, Mapping[str, Any]], ...]

    def of(self, name: str) -> Any:
        """Value of a key, as plain values.

        Parameters
        ----------
        name : str
            The key, `section.key`.

        Returns
        -------
        Any
            Its value.
        """
        found: Any = self.config.model_dump(mode="json")
        for part in name.split("."):
            found = found[part]
        return found

    def origin(self, name: str) -> str:
        """Where the value of a key was set.

        Parameters
        ----------
        name : str
            The key, `section.key`.

        Returns
        -------
        str
            Such as `from config.yaml`; `DEFAULT` where no layer has it.
        """
        setting = (place for place, keys in reversed(self.layers) if _holds(keys, name.split(".")))
        return next((f"from {place}" for place in setting), DEFAULT)


def _holds(keys: Any, parts: list[str]) -> bool:
    """Whether nested keys set the one at this path."""
    for part in parts:
        if not isinstance(keys, Mapping) or part not in keys:
            return False
        keys = keys[part]
    return True


def values(folder: Path, region: str = "", files: Sequence[str] = (), over: Mapping[str, Any] | None = None) -> Values:
    """Read the configuration of a working folder, with the places of its keys.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Region; empty for the one that config.yaml names.
    files : sequence of str
        Further configuration files, relative to `folder`.
    over : mapping of str to Any, optional
        Keys of the command line, as nested sections.

    Returns
    -------
    Values
        Checked.

    Raises
    ------
    ConfigError
        For a folder or file that cannot be read, and a wrong configuration.
    """
    chosen = {"region": region} if region else {}
    written = reading.merged(folder, files)
    user = loading.merge(loading.merge(written, chosen), dict(over or {}))
    config = loading.load(user, folder)
    own = folder / loading.OWN_REGIONS / f"{config.region}.yaml"
    preset = own.as_posix() if own.is_file() else f"the packaged region {config.region}"
    layers = [
        (preset, loading.preset(config.region, folder)),
        (" and ".join(["config.yaml", *files]), written),
        ("the command line", chosen),
        ("--set", over or {}),
    ]
    return Values(config, tuple(layers))


def fields() -> dict[str, Any]:
    """All keys in the order of config.yaml.

    Returns
    -------
    dict of str to pydantic.fields.FieldInfo
        By name: `key`, or `section.key`.
    """
    found: dict[str, Any] = {}
    for name, field in Config.model_fields.items():
        if isinstance(field.default, Section):
            found |= {f"{name}.{leaf}": inner for leaf, inner in type(field.default).model_fields.items()}
        else:
            found[name] = field
    return found


def sections() -> dict[str, str]:
    """What each section is about.

    Returns
    -------
    dict of str to str
        One line by name, in the order of config.yaml.
    """
    made = {name: field.default for name, field in Config.model_fields.items() if isinstance(field.default, Section)}
    return {name: " ".join((type(section).__doc__ or "").split()) for name, section in made.items()}


def explain(name: str = "", here: Values | None = None) -> str:
    """What a key or a section means.

    Parameters
    ----------
    name : str
        A key (`rates.method`), a section (`rates`), or nothing for all sections.
    here : Values, optional
        Configuration whose values are shown; without it the defaults are.

    Returns
    -------
    str
        Lines for a terminal.

    Raises
    ------
    ConfigError
        For a name that is neither; near ones are its cure.
    """
    known = fields()
    if not name:
        return _overview(here)
    if name in known:
        return _of_key(name, known[name], here)
    if name in sections():
        return _of_section(name, here)
    raise ConfigError(f"unknown key '{name}'", _near(name, [*known, *sections()]))


def as_yaml(config: Config) -> str:
    """The whole configuration as it would be written into config.yaml.

    Parameters
    ----------
    config : Config
        Checked.

    Returns
    -------
    str
        YAML, every key with its value.
    """
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=WIDTH)


def _near(name: str, known: list[str]) -> str:
    """A cure for a name that is not known: those that sound like it, or have it in them."""
    leaf = name.rpartition(".")[2]
    by_leaf = {one: one.rpartition(".")[2] for one in known}
    similar = get_close_matches(leaf, by_leaf.values(), 3, 0.75)
    close = get_close_matches(name, known, 3)
    same = [one for one, last in by_leaf.items() if last in similar or (len(leaf) > 3 and leaf in last)]
    found = list(dict.fromkeys([*close, *same]))[:5]
    return f"did you mean {' or '.join(found)}?" if found else "`sarslide config` lists sections and keys"


def _overview(here: Values | None) -> str:
    single = [name for name in fields() if "." not in name]
    topics = sections()
    lines = ["Sections", *_table({name: [text] for name, text in topics.items()})]
    lines += ["", "Keys outside of sections", *_rows(single, here)]
    lines += [
        "",
        "sarslide config rates          the keys of a section",
        "sarslide config rates.method   all about a key",
        "sarslide config --show         the whole configuration, as YAML",
    ]
    return "\n".join(lines)


def _of_section(name: str, here: Values | None) -> str:
    leaves = [key for key in fields() if key.startswith(f"{name}.")]
    lines = [*textwrap.wrap(f"{name}: {sections()[name]}", WIDTH), "", *_rows(leaves, here)]
    return "\n".join([*lines, "", f"sarslide config {leaves[0]}   all about a key"])


def _rows(keys: list[str], here: Values | None) -> list[str]:
    """One line a key: name, value, what it means; a star at values that someone set."""
    known, rows = fields(), {}
    for name in keys:
        value = _plain(known[name].default) if here is None else here.of(name)
        star = "*" if here is not None and here.origin(name) != DEFAULT else " "
        rows[name.rpartition(".")[2]] = [star + shorten(_inline(value), MAX_VALUE), known[name].description]
    starred = any(cells[0].startswith("*") for cells in rows.values())
    return _table(rows) + ["* set by the region, config.yaml or the command line; others are defaults"] * starred


def _table(rows: Mapping[str, list[str]]) -> list[str]:
    """Rows under each other, columns aligned, no line longer than `WIDTH`."""
    widths = [
        max(map(len, column)) for column in zip(*([name, *cells[:-1]] for name, cells in rows.items()), strict=True)
    ]
    lines = []
    for name, cells in rows.items():
        head = "  ".join(cell.ljust(width) for cell, width in zip([name, *cells[:-1]], widths, strict=True))
        lines.append(f"  {head}  {shorten(cells[-1], max(WIDTH - len(head) - 4, 30))}")
    return lines


def _of_key(name: str, field: Any, here: Values | None) -> str:
    extra = field.json_schema_extra
    lines = [name, *textwrap.wrap(field.description, WIDTH, initial_indent="  ", subsequent_indent="  "), ""]
    words = choices(name, field)
    if any(words.values()):
        lines += ["  choices", *_choice_lines(words)]
    elif words:
        lines.append(_labelled("choices", " | ".join(map(_word, words))))
    else:
        lines.append(_labelled("type", _type(field.annotation)))
    lines += [_labelled("keys", text) for text in _inner_keys(field)]
    for label, text in (("unit", extra["unit"]), ("range", ", ".join(generate.limits_of(field)))):
        lines += [_labelled(label, text)] if text else []
    lines.append(_labelled("default", _inline(_plain(field.default))))
    lines.append(_labelled("makes", f"{', '.join(reach.reached(name)) or 'nothing'} again"))
    lines += [_labelled("needs", need.text) for need in reach.needs(name)]
    if here is not None:
        lines.append(_labelled("here", f"{_inline(here.of(name))}, {here.origin(name)}"))
        if reason := here.config.assumptions.get(name):
            lines.append(_labelled("assumed", f"{here.config.paper} does not give it: {reason}"))
    lines += [_labelled("source", text) for text in _sources(field)]
    if items := ITEM.findall(field.description):
        lines.append(_labelled("items", f"{', '.join(items)} of docs/papers.md"))
    lines.append(_labelled("example", _example(name, field, here)))
    return "\n".join(lines)


def _inner_keys(field: Any) -> list[str]:
    """What the keys of an entry mean, where entries have keys."""
    model = inner_section(field)
    return [f"{name}: {one.description}" for name, one in model.model_fields.items()] if model else []


def _choice_lines(words: Mapping[Any, str]) -> list[str]:
    """One line a choice, with its title."""
    width = max(len(_word(word)) for word in words)
    return [f"    {_word(word):<{width}}  {shorten(title, WIDTH - width - 6)}" for word, title in words.items()]


def _labelled(label: str, text: str) -> str:
    """A line of the text of a key, folded below its label."""
    indent = " " * (LABEL + 2)
    # Long examples are commands: they are not folded.
    folded = [text] if label == "example" else textwrap.wrap(text, WIDTH - len(indent), break_long_words=False)
    return f"  {label:<{LABEL}}" + f"\n{indent}".join(folded)


def _sources(field: Any) -> list[str]:
    """The papers that a key follows or names; `sarslide` where it is a choice of ours."""
    known = papers.papers()
    source = field.json_schema_extra["source"]
    named = dict.fromkeys([*PAPER.findall(source), *PAPER.findall(field.description)])
    ours = ["sarslide"] if source not in known else []
    return ours + [f"{key}: {known[key].citation}, doi:{known[key].doi}" for key in named]


def choices(name: str, field: Any) -> dict[Any, str]:
    """The values that a key may have, where they are words of a list or names of a table.

    Parameters
    ----------
    name : str
        The key.
    field : pydantic.fields.FieldInfo
        Its field.

    Returns
    -------
    dict of Any to str
        What each is, by value; empty text where the key's meaning says it; nothing for keys that
        are no choice.
    """
    if name in TABLES:
        return TABLES[name]()
    words: tuple[Any, ...] = generate.choices_of(field)
    if not words:  # of an optional key
        inner = [one for one in get_args(field.annotation) if get_origin(one) is Literal]
        words = (*get_args(inner[0]), None) if inner and get_origin(field.annotation) in (Union, UnionType) else ()
    return dict.fromkeys(words, "")


def _networks() -> dict[Any, str]:
    return {row.name: f"{row.title} ({row.paper})" for row in ARCHITECTURES.values()}


def _channel_sets(count: int | None = None) -> dict[Any, str]:
    """Channel sets, all or those of a number of channels."""
    return {
        row.name: f"{row.source}: {', '.join(row.channels) if len(row.channels) < 4 else f'{len(row.channels)} channels'}"
        for row in CHANNEL_SETS.values()
        if count in (None, len(row.channels))
    }


def _papers() -> dict[Any, str]:
    return {"": "none"} | {key: paper.citation for key, paper in papers.papers().items()}


def _regions() -> dict[Any, str]:
    def title(region: str) -> str:
        keys = loading.preset(region, Path())
        paper = f", follows {keys['paper']}" if keys.get("paper") else ""
        return f"{keys.get('source', 'safe')}, {' '.join(keys['stacks'])}{paper}"

    return {region: title(region) for region in loading.presets()} | {"NAME": "your regions/NAME.yaml"}


# Choices that are names of tables, each with its title.
TABLES: dict[str, Callable[[], dict[Any, str]]] = {
    "region": _regions,
    "engine": lambda: {row.name: f"{row.title}, from source {' or '.join(row.sources)}" for row in ENGINES.values()},
    "paper": _papers,
    "rates.method": lambda: {row.name: row.title for row in METHODS.values()},
    "segmentation.model": lambda: (
        {path.stem: "packaged" for path in sorted(PACKAGED.glob("*.safetensors"))}
        | {"NAME": "of the registry, as training.network, or of segmentation.weights"}
    ),
    "training.network": _networks,
    "training.channels": _channel_sets,
    "dataset.channels": lambda: _channel_sets(3),
}


def _type(annotation: Any) -> str:
    """An annotation in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(_type(one) for one in inner if one is not type(None)) + ", or null"
    if origin is Literal:
        return " | ".join(map(str, inner))
    if origin is tuple and inner[-1] is Ellipsis:
        return f"list: {_type(inner[0])}"
    if origin is tuple:
        return f"list of {len(inner)}: {_type(inner[0])}"
    if origin is dict:
        return f"by name: {_type(inner[1])}"
    if issubclass(annotation, Section):
        return "keys of its own"
    return WORDS[annotation]


def _example(name: str, field: Any, here: Values | None) -> str:
    """`--set` with a valid value that is not the present one, where there is such a value."""
    now = _plain(field.default) if here is None else here.of(name)
    chosen = {name: next((one for one in _candidates(name, field, now) if _fits({name: one}, here)), now)}
    if name in PARTNERS:
        chosen = {key: EXAMPLES[key] for key in (name, PARTNERS[name])}
    return " ".join(f"--set {shlex.quote(f'{key}={_inline(value)}')}" for key, value in chosen.items())


def _candidates(name: str, field: Any, now: Any) -> Iterator[Any]:
    if name in EXAMPLES:
        yield EXAMPLES[name]
    yield from (word for word in choices(name, field) if word not in (now, "", None, "NAME"))
    optional = get_origin(field.annotation) in (Union, UnionType)
    kind = get_args(field.annotation)[0] if optional else field.annotation
    if kind is bool:
        yield not now
    elif kind in (int, float):
        low = next((getattr(m, word) for m in field.metadata for word in ("ge", "gt") if hasattr(m, word)), 1)
        high = next((getattr(m, word) for m in field.metadata for word in ("le", "lt") if hasattr(m, word)), None)
        start = now or low or (high or 2) / 2
        yield from (kind(one) for one in (start * 2, start / 2, low, high, 1) if one not in (None, now))
    elif kind is str and not now:
        yield "FILE" if "file" in field.description else "FOLDER" if "folder" in field.description else "NAME"


def _fits(keys: Mapping[str, Any], here: Values | None) -> bool:
    """Whether the models take values of keys beside all others that there are."""
    made = {} if here is None else here.config.model_dump(mode="json")
    for name, value in keys.items():
        section, _, leaf = name.rpartition(".")
        (made.setdefault(section, {}) if section else made)[leaf] = value
    try:
        Config.model_validate({"stacks": ["A128"], "source": "simulated"} | made)
        return True
    except (ValidationError, SarslideError):
        return False


def _plain(value: Any) -> Any:
    """A value as YAML would give it: lists, and whole numbers without decimals."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _word(value: Any) -> str:
    return "null" if value is None else value if value else '""'


def _inline(value: Any) -> str:
    """A value in one line of YAML; text without quotes where it needs none."""
    if isinstance(value, str) and value and _is_plain(value):
        return value
    return json.dumps(_plain(value), ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether YAML reads a text without quotes as itself."""
    try:
        return bool(yaml.load(text, yaml.BaseLoader) == text)
    except (yaml.YAMLError, RecursionError):
        return False

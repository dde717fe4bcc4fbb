"""Presets, config.yaml and the command line merged into one checked configuration."""

import json
import os
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sarslide import names
from sarslide.config import reach
from sarslide.config.automatic import filled
from sarslide.config.fields import Mistake, Mistakes, Section, check_path, inner_section
from sarslide.config.models import Config
from sarslide.errors import ConfigError, shorten, without_secrets
from sarslide.io import bounded_yaml

REGIONS = Path(__file__).parents[1] / "regions"
OWN_REGIONS = "regions"  # of the working folder
SECTIONS = [name for name, field in Config.model_fields.items() if isinstance(field.default, Section)]
LOGINS = ("retrieve.earthdata", "retrieve.copernicus", "hyp3.token")
LONGEST_VALUE = 80  # characters of a value in a message
MAX_FILE = 256 << 10  # bytes of a file of keys; config.yaml has 26,000
MAX_PIECES = 300_000  # of all keys and values as JSON
NULLS = ("null", "~")  # as the command line of Snakemake leaves them
# Snakemake runs the code of a file with the first of these, whoever wrote it.
TEMPLATES = ("__use_yte__", "__definitions__", "__variables__")


def presets() -> list[str]:
    """Names of the packaged region presets.

    Returns
    -------
    list of str
        Sorted.
    """
    return sorted(path.stem for path in REGIONS.glob("*.yaml"))


def own_regions(folder: Path = Path()) -> list[str]:
    """Names of the user's regions: files `regions/NAME.yaml` of the working folder.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of str
        Sorted.
    """
    return sorted(path.stem for path in (folder / OWN_REGIONS).glob("*.yaml"))


def preset(region: str, folder: Path = Path()) -> dict[str, Any]:
    """Keys of a region, packaged or of the working folder, never of both.

    Parameters
    ----------
    region : str
        Its name.
    folder : Path
        Working folder.

    Returns
    -------
    dict of str to Any
        As its file has them.

    Raises
    ------
    ConfigError
        For an unknown region, and a file that cannot be read.
    """
    check_region_name(region)
    packaged, own = REGIONS / f"{region}.yaml", folder / OWN_REGIONS / f"{region}.yaml"
    if packaged.is_file():
        if own.is_file():
            raise ConfigError(f"{own}: '{region}' is a packaged region", "give the file, and the region, another name")
        return read_keys(packaged) or {}
    if not own.is_file():
        mine = f", yours in {OWN_REGIONS}/ ({', '.join(own_regions(folder))})" if own_regions(folder) else ""
        raise ConfigError(
            f"region '{region}' is neither packaged nor in {folder.absolute() / OWN_REGIONS}",
            f"choose one of {', '.join(presets())}{mine}, or begin it with `sarslide new {region}`",
        )
    keys = read_keys(own)
    if keys is None:
        raise _no_keys(own)
    return keys


def read_keys(path: Path) -> dict[str, Any] | None:
    """Keys of a file of the user's.

    Parameters
    ----------
    path : Path
        YAML.

    Returns
    -------
    dict of str to Any, or None
        As the file has them; None for an empty one.

    Raises
    ------
    ConfigError
        For a file that cannot be read or holds something else.
    """
    keys = bounded_yaml.read(path, ConfigError, MAX_FILE, "correct the YAML")
    if not isinstance(keys, dict | None):
        raise _no_keys(path)
    if template := next((name for name in TEMPLATES if name in (keys or {})), None):
        raise ConfigError(f"{path}: {template} makes a template of it, whose code would be run", "leave the key out")
    return keys


def _no_keys(path: Path) -> ConfigError:
    return ConfigError(f"{path}: holds no keys", "write `key: value` as in config.yaml")


def check_region_name(region: str) -> None:
    """Refuse what cannot name a region.

    Parameters
    ----------
    region : str
        The name.

    Raises
    ------
    ConfigError
        For anything but small letters, digits and _, a letter first, at most 64.
    """
    if not re.fullmatch(names.IDENTIFIER, region):
        cure = "small letters, digits and _, a letter first, at most 64"
        raise ConfigError(f"config: region = {_shown(region)} is no name", cure)


def load(user: dict[str, Any], folder: Path = Path()) -> Config:
    """The configuration of a run.

    Parameters
    ----------
    user : dict of str to Any
        config.yaml merged with the command line. It goes over the preset of its region.
    folder : Path
        Working folder, where regions of the user's own lie.

    Returns
    -------
    Config
        Checked; keys that follow from others have the values that they stand for
        (`automatic.filled`).

    Raises
    ------
    ConfigError
        For unknown keys, values out of range, an unknown region, and keys of the user that nothing
        reads: one coded line for each mistake, all of them at once. A packaged region may hold
        such keys: with another engine or method they wait for the one that they are meant for.
    """
    _check_size(user)
    user = _with_nulls(user)
    named = user.get("region")
    region = str(Config.model_fields["region"].default if named is None else named)
    region_keys, own = preset(region, folder), folder / OWN_REGIONS / f"{region}.yaml"
    merged = merge(region_keys, user)
    try:
        config = filled(Config.model_validate(merged))
        mistakes = _unread(config, merge(region_keys, user) if own.is_file() else user)
    except ValidationError:
        mistakes = all_mistakes(merged)
    errors = [ConfigError(f"{_source(one.keys, user, own)}: {one.problem}", one.cure) for one in mistakes]
    if errors:
        raise ConfigError(errors[0].problem, errors[0].cure, errors[1:])
    return config


def _unread(config: Config, written: dict[str, Any]) -> list[Mistake]:
    """Keys of the user that have another value than the default, and that nothing here reads."""
    keys = [name for name in reach.key_names() if _sets(written, name.split("."))]
    return [
        Mistake(
            f"{name} = {_shown(reach.value_of(config, name))} has no effect: it needs {needed}",
            f"leave it out (its default is {_shown(reach.default_of(name))}), or set what it needs",
            name,
        )
        for name, needed in reach.unread(config, keys).items()
    ]


def _sets(keys: Any, path: Sequence[str]) -> bool:
    """Whether nested keys hold the one at `path`."""
    return isinstance(keys, dict) and path[0] in keys and (not path[1:] or _sets(keys[path[0]], path[1:]))


def _check_size(keys: dict[str, Any]) -> None:
    """Refuse keys without an end: what Snakemake reads before us is not bounded."""
    try:
        pieces = json.JSONEncoder(default=str).iterencode(keys)
        if next(islice(pieces, MAX_PIECES, None), None) is None:
            return
    except (ValueError, TypeError, RecursionError):
        pass
    raise ConfigError(
        "config: its keys are too many, nested too deep or no text", "write `section:` and its keys below it"
    )


def _with_nulls(value: Any) -> Any:
    """Nothing where `null` is text: Snakemake reads `--config 'catalog={end: null}'` so."""
    if isinstance(value, dict):
        return {name: _with_nulls(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_nulls(inner) for inner in value]
    return None if value in NULLS else value


def all_mistakes(keys: dict[str, Any]) -> list[Mistake]:
    """Every mistake of a configuration.

    Checks of several keys run where each single one is right. So what is wrong is taken out, and
    the rest is checked again; what is then said of keys that were taken out is not to be heard.

    Parameters
    ----------
    keys : dict of str to Any
        Nested keys, the region's preset among them.

    Returns
    -------
    list of Mistake
        Each with its keys.
    """
    found: list[Mistake] = []
    removed: set[str] = set()
    while True:
        try:
            Config.model_validate(keys)
            return found
        except ValidationError as error:
            new = [mistake for one in _innermost(error.errors()) for mistake in _mistakes(one)]
        found += [one for one in new if not any(_overlap(key, other) for key in one.keys for other in removed)]
        wrong = {key for one in new for key in one.keys}
        left = _without(keys, [key.split(".") for key in wrong])
        if left == keys:
            return found
        removed |= wrong
        keys = left


def _innermost(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without those of a list whose items are wrong: it is too short without them."""
    places = [one["loc"] for one in errors]
    return [one for one in errors if not any(place[:-1] == one["loc"] for place in places if place)]


def _overlap(key: str, other: str) -> bool:
    """Whether one of two keys is the other, or lies in it."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def _without(keys: dict[str, Any], paths: Iterable[Sequence[str]]) -> dict[str, Any]:
    """Nested keys without some; a path may go on into a list or text, which goes as a whole."""
    left = dict(keys)
    for first, *rest in paths:
        if ".".join([first, *rest]) in left:  # a key with a dot in its name
            left.pop(".".join([first, *rest]))
        elif rest and isinstance(left.get(first), dict):
            left[first] = _without(left[first], [rest])
        else:
            left.pop(first, None)
    return left


def _source(keys: Iterable[str], user: dict[str, Any], own: Path) -> str:
    """Where the first of some keys stands: in the region's own file, or in what the user gave."""
    typed = any(_holds(user, key.split(".")) for key in keys)
    return "config" if typed or not own.is_file() else str(own)


def _holds(keys: Any, path: Sequence[str]) -> bool:
    """Whether the value at `path` comes from these nested keys; a path may go on into a list."""
    for part in path:
        if not isinstance(keys, dict):
            break
        if part not in keys:
            return False
        keys = keys[part]
    return True


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay keys over others.

    Parameters
    ----------
    base, over : dict of str to Any
        Nested keys; `over` wins, sections merge by key, an empty section (None) changes nothing.

    Returns
    -------
    dict of str to Any
        Both.
    """
    return _laid_over(_without_empty(base), _without_empty(over))


def _without_empty(keys: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keys.items() if value is not None}


def _laid_over(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _laid_over(merged[name], value) if both else value
    return merged


def _mistakes(error: ErrorDetails) -> tuple[Mistake, ...]:
    """What pydantic refuses, in our words."""
    where = ".".join(str(part) for part in error["loc"])
    ours = error.get("ctx", {}).get("error")
    if isinstance(ours, Mistakes):
        return ours.mistakes
    if isinstance(ours, Mistake):
        return (Mistake(_one_line(f"{where}: {ours.problem}"), ours.cure, where),)
    return (
        _unknown_key(where, len(error["loc"])) if error["type"] == "extra_forbidden" else _wrong_value(where, error),
    )


def _wrong_value(where: str, error: ErrorDetails) -> Mistake:
    if error["type"] == "model_type":
        return Mistake(f"{where} = {_shown(error['input'])}: is a section", "write its keys below it, indented", where)
    # The value of a login that should be a name may be the secret itself.
    value = "" if where in LOGINS else f" = {_shown(error['input'])}"
    key = ".".join(where.split(".")[:2]) if where.partition(".")[0] in SECTIONS else where.partition(".")[0]
    refused = error["msg"][0].lower() + error["msg"][1:]  # what it quotes keeps its case
    return Mistake(f"{where}{value}: {refused}", f"`sarslide config {key}` explains the key", where)


def _unknown_key(where: str, depth: int) -> Mistake:
    """depth: 1 for a key beside the sections, which may have a dot in its name."""
    section, _, wrong = where.rpartition(".")
    if section and depth == 1:
        return Mistake(f"unknown key '{where}'", f"write `{section}:` and, indented below it, `{wrong}: ...`", where)
    known = _section_of(section).model_fields
    near = get_close_matches(wrong, known, 1)
    cure = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
    return Mistake(_one_line(f"unknown key '{where}'"), cure, where)


def _section_of(where: str) -> type[Section] | type[Config]:
    """The model whose keys stand below a dotted key."""
    section, *names = where.split(".")
    if section not in SECTIONS:
        return Config
    model = type(Config.model_fields[section].default)
    inner = inner_section(model.model_fields[names[0]]) if len(names) == 2 and names[0] in model.model_fields else None
    return inner or model


def _shown(value: Any) -> str:
    """A value in one line that is not too long."""
    return shorten(without_secrets(_one_line(repr(value))), LONGEST_VALUE)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def resolve(path: str) -> str:
    """A path with its variables expanded.

    Parameters
    ----------
    path : str
        May hold $VARIABLES and ~.

    Returns
    -------
    str
        The path.

    Raises
    ------
    ConfigError
        For a variable that is not set, what names no file, and what is neither file nor folder.
    """
    expanded = os.path.expanduser(os.path.expandvars(path))
    try:
        check_path(expanded)
        place = Path(expanded)
        if place.exists() and not (place.is_file() or place.is_dir()):
            raise Mistake(f"'{path}' is a pipe or device", "give a file or folder")
        # A name may hold a $ of its own.
        if (unset := re.search(r"\$\{?\w+", expanded)) and not place.exists():
            raise Mistake(
                f"'{path}' does not exist, and {unset[0]} is not set", f"export {unset[0]}, or correct the path"
            )
    except Mistake as mistake:
        raise ConfigError(f"path {mistake.problem}", mistake.cure) from None
    except OSError as failure:
        raise ConfigError(f"path {_shown(path)} cannot be read ({failure.strerror})", "correct the path") from None
    return expanded


def existing(name: str, path: str) -> str:
    """The file or folder that a key names.

    Parameters
    ----------
    name : str
        The key, for the message.
    path : str
        Its value; may hold $VARIABLES and ~.

    Returns
    -------
    str
        The path, expanded.

    Raises
    ------
    ConfigError
        Where it does not exist, or a variable is not set.
    """
    place = resolve(path)
    if not Path(place).exists():
        raise ConfigError(f"{name} = {path} does not exist", "correct the path, or bring the file")
    return place

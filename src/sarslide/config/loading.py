"""Presets, config.yaml and the command line merged into one checked configuration."""

import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sarslide import names
from sarslide.config.models import Config
from sarslide.errors import ConfigError

REGIONS = Path(__file__).parents[1] / "regions"
OWN_REGIONS = "regions"  # of the working folder


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


def _preset(region: str, folder: Path) -> dict:
    """Keys of a region, packaged or of the working folder, never of both."""
    check_region_name(region)
    packaged, own = REGIONS / f"{region}.yaml", folder / OWN_REGIONS / f"{region}.yaml"
    if packaged.is_file():
        if own.is_file():
            raise ConfigError(f"{own}: '{region}' is a packaged region", "give the file, and the region, another name")
        return yaml.safe_load(packaged.read_text())
    if not own.is_file():
        mine = f", yours in {OWN_REGIONS}/ ({', '.join(own_regions(folder))})" if own_regions(folder) else ""
        raise ConfigError(
            f"region '{region}' is neither packaged nor in {folder.absolute() / OWN_REGIONS}",
            f"choose one of {', '.join(presets())}{mine}, or `python -m sarslide.config --new-region {region}`",
        )
    try:
        keys = yaml.safe_load(own.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{own}{where}: cannot be read ({type(error).__name__})", "correct the YAML") from None
    if not isinstance(keys, dict):
        raise ConfigError(f"{own}: holds no keys", "write `key: value` as in config.yaml")
    return keys


def check_region_name(region: str) -> None:
    """Refuse what cannot name a region.

    Parameters
    ----------
    region : str
        The name.

    Raises
    ------
    ConfigError
        For anything but small letters, digits and _, a letter first.
    """
    if not re.fullmatch(names.IDENTIFIER, region):
        raise ConfigError(f"config: region = {region!r} is no name", "small letters, digits and _, a letter first")


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
        Checked.

    Raises
    ------
    ConfigError
        One line, for an unknown key, a value out of range or an unknown region.
    """
    region = user.get("region", Config.model_fields["region"].default)
    merged = _merge(_preset(str(region), folder), user)
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        own = folder / OWN_REGIONS / f"{region}.yaml"
        typed = _holds(user, error.errors()[0]["loc"]) or not own.is_file()
        raise _config_error(error, "config" if typed else str(own)) from None


def _holds(keys: Any, path: Sequence[str | int]) -> bool:
    """Whether the value at `path` comes from these nested keys; a path may go on into a list."""
    for part in path:
        if not isinstance(keys, dict):
            break
        if part not in keys:
            return False
        keys = keys[part]
    return True


def _merge(base: dict, over: dict) -> dict:
    """`over` wins; sections merge by key; an empty one of config.yaml (None) changes nothing."""
    merged = dict(base)
    for name, value in over.items():
        if value is None and name in Config.model_fields:
            continue
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merge(merged[name], value) if both else value
    return merged


def _config_error(error: ValidationError, source: str) -> ConfigError:
    """source: where the value stands, a file or `config`."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section, _, wrong = where.rpartition(".")
        known = (type(Config.model_fields[section].default) if section else Config).model_fields
        near = get_close_matches(wrong, known, 1)
        cure = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
        return ConfigError(f"{source}: unknown key '{where}'", cure)
    return ConfigError(
        f"{source}: {where} = {first['input']!r}: {first['msg'].lower()}", "see the comments in config.yaml"
    )


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
        For a variable that is not set.
    """
    expanded = os.path.expanduser(os.path.expandvars(path))
    if "$" in expanded:
        raise ConfigError(f"path '{path}' names a variable that is not set", "export it before running")
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

"""The configuration that Snakemake will see: config.yaml, `--configfile` files, `--config` words, in this order."""

from pathlib import Path
from typing import Any

import yaml

from sarslide.config import Config, load
from sarslide.errors import ConfigError


def read(first: Path, files: list[str], words: list[str], folder: Path) -> Config:
    """The region's configuration. first: config.yaml; files: relative to `folder`; words: `key=value` as on the command line."""
    merged: dict[str, Any] = {}
    for path in (first, *(folder / name for name in files)):
        try:
            content = yaml.safe_load(path.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: cannot be read ({type(error).__name__})", "correct --configfile") from None
        _update(merged, content or {})
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(f"--config {word}: is not key=value", "write --config region=NAME")
        _update(merged, {name: _value(value)})
    return load(merged, folder)


def _update(merged: dict, over: dict) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(name), dict):
            _update(merged[name], value)
        else:
            merged[name] = value


def _value(text: str) -> Any:
    """A value as Snakemake reads it: a number, True, False, or YAML, whose leaves stay text; nothing is None."""
    if text in ("", "True", "False"):
        return {"": None, "True": True, "False": False}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    try:
        return yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError:
        return text

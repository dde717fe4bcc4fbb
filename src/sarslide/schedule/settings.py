"""The configuration of a scheduled run: config.yaml, `--configfile` files, `--config` values, in
this order.
"""

from pathlib import Path
from typing import Any

import yaml

from sarslide.config import Config, load
from sarslide.errors import ConfigError


def read(first: Path, files: list[str], values: list[str], folder: Path) -> Config:
    """Read the region's configuration as Snakemake will see it.

    Parameters
    ----------
    first : Path
        config.yaml of the workflow.
    files : list of str
        Values of `--configfile`, relative to `folder`.
    values : list of str
        Values of `--config`, each `key=value`.
    folder : Path
        Working folder.

    Returns
    -------
    Config
        The merged and checked configuration; later ones replace single keys of earlier ones.

    Raises
    ------
    ConfigError
        For a file that cannot be read, a value that is not `key=value`, and a wrong configuration.
    """
    from snakemake.cli import parse_config

    merged: dict[str, Any] = {}
    for path in (first, *(folder / name for name in files)):
        try:
            content = yaml.safe_load(path.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: cannot be read ({type(error).__name__})", "correct --configfile") from None
        _update(merged, content or {})
    for value in values:
        try:
            _update(merged, parse_config([value]))
        except ValueError:
            raise ConfigError(f"--config {value}: is not key=value", "write --config region=NAME") from None
    return load(merged, folder)


def _update(merged: dict[str, Any], over: dict[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(name), dict):
            _update(merged[name], value)
        else:
            merged[name] = value

"""The configuration as Snakemake will see it: the workflow's config.yaml, that of the working
folder, `--configfile` files, `--config` values, in this order.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarslide.config.loading import load, read_keys
from sarslide.config.models import Config
from sarslide.errors import ConfigError
from sarslide.workflow.location import workflow_folder


def read(folder: Path, files: Sequence[str] = (), values: Sequence[str] = ()) -> Config:
    """Read the region's configuration as Snakemake will see it.

    Parameters
    ----------
    folder : Path
        Working folder.
    files : sequence of str
        Values of `--configfile`, relative to `folder`.
    values : sequence of str
        Values of `--config`, each `key=value`.

    Returns
    -------
    Config
        The merged and checked configuration; later ones replace single keys of earlier ones.

    Raises
    ------
    ConfigError
        For a folder or file that cannot be read, a value that is not `key=value`, and a wrong
        configuration.
    """
    return load(merged(folder, files, values), folder)


def merged(folder: Path, files: Sequence[str] = (), values: Sequence[str] = ()) -> dict[str, Any]:
    """What a user wrote, over which the region's preset is not laid yet.

    Parameters
    ----------
    folder, files, values
        As for `read`.

    Returns
    -------
    dict of str to Any
        Keys and values as YAML gives them.

    Raises
    ------
    ConfigError
        As for `read`.
    """
    check_folder(folder)
    paths = [*config_files(workflow_folder(), folder), *(folder / name for name in files)]
    found: dict[str, Any] = {}
    for path in paths:
        _update(found, read_keys(path) or {})
    for value in values:
        _update(found, _typed(value))
    return found


def check_folder(folder: Path) -> None:
    """Refuse a working folder that is not there.

    Parameters
    ----------
    folder : Path
        Working folder.

    Raises
    ------
    ConfigError
        For anything but a folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no folder", "correct --directory, or make the folder")


def config_files(workflow: Path, folder: Path = Path()) -> list[Path]:
    """The files that are read without being named.

    Parameters
    ----------
    workflow, folder : Path
        Folder of the workflow, and working folder.

    Returns
    -------
    list of Path
        config.yaml of the workflow, then that of the working folder where it is another.

    Raises
    ------
    ConfigError
        For one that cannot be read.
    """
    both = [workflow / "config.yaml", folder.resolve() / "config.yaml"]
    found = [path for path in dict.fromkeys(both) if path.is_file()]
    for path in found:
        read_keys(path)
    return found


def _typed(value: str) -> dict[str, Any]:
    from snakemake.cli import parse_config

    try:
        found: dict[str, Any] = parse_config([value])
    except ValueError:
        raise ConfigError(f"--config {value}: is not key=value", "write --config region=NAME") from None
    return found


def _update(merged: dict[str, Any], over: dict[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(name), dict):
            _update(merged[name], value)
        else:
            merged[name] = value

"""Sidecars: what made a file. Hashes of inputs, parameters, code fingerprint, versions.

They hold no times, no absolute paths and no secrets.
"""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sarslide import __version__
from sarslide.errors import DamageError
from sarslide.io import bounded
from sarslide.io.atomic import atomic_file
from sarslide.io.hashes import sha256

FORMAT_VERSION = 1
PACKAGES = ("numpy", "scipy", "rasterio", "torch", "xdem", "whirlwind-insar", "snaphu", "geopandas", "shapely")


def versions() -> dict[str, str]:
    """Installed versions of sarslide and of the packages that decide its numbers, by name."""
    found = {"sarslide": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_json(path: str | Path, content: Any) -> None:
    """Sorted, indented JSON under a temporary name, then renamed.

    Parameters
    ----------
    path : str or Path
        The file.
    content : object
        JSON-ready; NaN is refused.
    """
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """JSON of a sidecar or product.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    object
        Its content.

    Raises
    ------
    DamageError
        For what is no JSON; it names the file.
    """
    return bounded.json(
        path, DamageError, cure="delete it and what lies beside it under its name: a run makes them again"
    )


def _shown(path: str | Path) -> str:
    """A path as a sidecar shows it: no absolute path is kept, but its name."""
    path = Path(path)
    return path.name if path.is_absolute() else path.as_posix()


def sidecar(
    rule: str, inputs: dict[str, Any], params: dict[str, Any], extra: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The content of a sidecar.

    Parameters
    ----------
    rule : str
        Name of the rule.
    inputs : dict
        Path or list of paths, by name.
    params : dict
        The rule's parameters, leaf by leaf.
    extra : dict, optional
        Further entries.

    Returns
    -------
    dict
        JSON-ready: rule, hashes of inputs, params, versions and `extra`.
    """

    def hashes(value: Any) -> Any:
        paths = [value] if isinstance(value, str | Path) else value
        return {_shown(path): sha256(path) for path in paths}

    return {
        "rule": rule,
        "inputs": {name: hashes(value) for name, value in inputs.items()},
        "params": params,
        "versions": versions(),
        **(extra or {}),
    }

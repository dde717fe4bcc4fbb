"""Checks of this machine that take a few seconds: versions of what decides numbers, and the GPU."""

import sys
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from sarslide.config import Config
from sarslide.insar.engines import ENGINES
from sarslide.preflight.finding import ERROR, GOOD, NOTE, Finding, tried

PACKAGES = ("snakemake", "torch", "numpy", "rasterio", "whirlwind-insar", "snaphu", "mintpy")


def versions() -> list[Finding]:
    """Python and the packages that decide numbers; absent ones by name."""
    found = [f"python {sys.version.split()[0]}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} absent")
    return [Finding("versions", NOTE, ", ".join(found))]


def unwrapper(config: Config, conda: bool = False) -> list[Finding]:
    """Whether the unwrapper's package is there, for engines whose pairs are unwrapped here.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    conda : bool, default False
        Whether environments bring the packages.

    Returns
    -------
    list of Finding
        One finding, or none.
    """
    if conda or ENGINES[config.engine].unwraps:
        return []
    package = {"whirlwind": "whirlwind-insar", "snaphu": "snaphu"}[config.interferogram.unwrapper]
    try:
        return [Finding("unwrapper", GOOD, f"{package} {version(package)}")]
    except PackageNotFoundError:
        return [Finding("unwrapper", ERROR, f"{package} is not installed", "E3009", f"pip install {package}")]


def device(config: Config) -> list[Finding]:
    """The GPU that steps set to cuda need, or that those set to auto take.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a setting, the strictest first.
    """
    from sarslide.device import choose_device

    settings = {f"{name}.device": getattr(config, name).device for name in ("slc", "sbas", "segmentation")}
    keys = {name: ", ".join(key for key, value in settings.items() if value == name) for name in set(settings.values())}

    def chosen(name: str) -> str:
        if choose_device(name, keys[name]) == "cpu":
            return f"no GPU is used (device {name})"
        import torch

        return torch.cuda.get_device_name()

    # One line for each setting, the strictest first.
    return [tried(f"device {keys[name]}", partial(chosen, name)) for name in sorted(keys, reverse=True)]

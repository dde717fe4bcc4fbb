"""Working folder of a step: a piece of a packaged region, the commands run there, its results."""

import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sarslide.config import Config, reading
from sarslide.frames import WHOLE
from sarslide.io.atomic import atomic_file
from studies.runs import sarslide

REGION = "california"
# 12 x 24 km of the Eel River between Dos Rios and Alderpoint: bursts begin every 18.5 km, so that a
# seam runs through every column.
BOUNDS = (449000, 4416000, 461000, 4440000)


@dataclass(frozen=True)
class Place:
    """Working folder of a step.

    Attributes
    ----------
    folder : Path
        The folder, with a config.yaml.
    files : tuple of str
        Configuration files of the user, over that one.
    cores : str
        Cores of this machine, or `all`.
    hours, core_hours : dict of str to float
        What each command took, on the clock and of all its processes.
    """

    folder: Path
    files: tuple[str, ...] = ()
    cores: str = "all"
    hours: dict[str, float] = field(default_factory=dict)
    core_hours: dict[str, float] = field(default_factory=dict)

    def begin(self, keys: Mapping[str, Any]) -> None:
        """Write config.yaml; one that is there is the user's.

        Parameters
        ----------
        keys : mapping
            Its keys.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "config.yaml"
        if not path.is_file():
            with atomic_file(path) as part:
                part.write_text(yaml.safe_dump(dict(keys), sort_keys=False))

    def config(self, region: str = "") -> Config:
        """The configuration of a region, by default of the one that config.yaml names."""
        return reading.read(self.folder, self.files, [f"region={region}"] if region else [])

    def run(self, command: str, *words: str, region: str = "") -> None:
        """Run `sarslide COMMAND`; its output goes to COMMAND.log.

        Parameters
        ----------
        command : str
            The command.
        *words : str
            Its further arguments.
        region : str
            Its region; by default the one that config.yaml names.

        Raises
        ------
        SystemExit
            Where it fails, with the end of the log.
        """
        print(f"sarslide {command}: {self.folder / command}.log", flush=True)
        start, before = time.monotonic(), _cpu_hours()
        given = [word for name in self.files for word in ("--configfile", os.path.abspath(name))]
        sarslide(self.folder, command, command, *filter(None, [region]), "--cores", self.cores, *given, *words)
        self.hours[command] = (time.monotonic() - start) / 3600
        self.core_hours[command] = _cpu_hours() - before

    def made(self, stack: str, region: str = "") -> Path:
        """Folder of what the engine of a region made of a stack."""
        config = self.config(region)
        return self.folder / "results" / config.region / stack / WHOLE / config.engine

    def rates(self, stack: str, region: str = "") -> Path:
        """File of the LOS rates of a stack, mm/yr."""
        return self.made(stack, region) / self.config(region).rates.method / "los_rate_mm_per_yr.tif"


def _cpu_hours() -> float:
    """Of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 3600


def is_real(config: Config) -> bool:
    """Whether acquisitions come from the archives themselves.

    Parameters
    ----------
    config : Config
        Configuration of a region.

    Returns
    -------
    bool
        False where an address of search, download or login is another than the default.
    """
    same = (
        getattr(section, name) == one.default
        for section in (config.catalog, config.retrieve)
        for name, one in type(section).model_fields.items()
        if str(one.default).startswith("https://")
    )
    return bool(config.archive()) and all(same)

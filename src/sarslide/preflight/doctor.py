"""What `sarslide doctor` looks at: the machine, and what a region needs of it.

Scenes, tracks and DEM of a region are matters of the preflight.
"""

from pathlib import Path
from types import SimpleNamespace

from sarslide.catalog import scenes
from sarslide.config import Config
from sarslide.errors import SarslideError
from sarslide.insar.engines import SCENES
from sarslide.preflight import checks, logins, machine, online, software
from sarslide.preflight.finding import GOOD, Finding, errors, of_error
from sarslide.retrieve.access import Access
from sarslide.workflow.release_id import dem_addresses, retrieve_access

TRIES = 1  # a check does not wait for a server


def machine_alone(folder: Path, conda: bool = False) -> list[Finding]:
    """The machine, where no region is known: nothing optional is needed.

    Parameters
    ----------
    folder : Path
        Working folder, which exists.
    conda : bool, default False
        Whether environments bring programs and packages.

    Returns
    -------
    list of Finding
        In the order of the table.
    """
    return [*_installed(None, conda), *logins.of_machine(), *_place(folder), *machine.disk(folder)]


def of_region(config: Config, folder: Path, conda: bool = False, gpu: bool = False) -> list[Finding]:
    """The machine, and what a region needs of it.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    folder : Path
        Working folder, which exists.
    conda : bool, default False
        Whether environments bring programs and packages.
    gpu : bool, default False
        Ask torch for the GPU also where no key of the region is `cuda`: loading it takes seconds.

    Returns
    -------
    list of Finding
        In the order of the table.
    """
    text = f"{config.region}: source {config.source}, engine {config.engine}, method {config.rates.method}"
    cuda = "cuda" in {config.slc.device, config.sbas.device, config.segmentation.device}
    return [
        Finding("region", GOOD, text),
        *_installed(config, conda),
        *machine.unwrapper(config, conda),
        *checks.packages(config, conda),
        *dict.fromkeys([*logins.of_machine(), *checks.accounts(config)]),
        *checks.inputs(config),
        *checks.weights(config, conda),
        *_place(folder),
        *(machine.device(config) if gpu or cuda else []),
        *_disk(config, folder),
    ]


def at_archives(config: Config, folder: Path, found: list[Finding]) -> list[Finding]:
    """Whether archives and DEM answer, and take the logins.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    folder : Path
        Working folder.
    found : list of Finding
        Of `of_region`: without a login no archive is asked.

    Returns
    -------
    list of Finding
        Archive, DEM tiles and geoid; nothing for regions that download nothing.
    """
    access = Access.of(SimpleNamespace(**retrieve_access(config) | {"tries": TRIES}))
    answers = []
    if not any(one.check.startswith("account") for one in errors(found)):
        answers += online.archive(config, access, checks.listed(config, folder))
    addresses = dem_addresses(config)
    return answers + online.dem(config, addresses["dem_address"], addresses["geoid_address"], access.connections)


def _installed(config: Config | None, conda: bool) -> list[Finding]:
    return [
        *software.packages(),
        *software.coordinate_systems(),
        *software.extras(),
        *software.programs(config, conda),
    ]


def _place(folder: Path) -> list[Finding]:
    return [*machine.hardware(), *machine.folders(folder)]


def _disk(config: Config, folder: Path) -> list[Finding]:
    """Forecast against free space, or free space alone where there is no forecast."""
    if config.source not in SCENES:
        return machine.disk(folder)
    places = [folder / name / config.region for name in ("resources", "results")]
    try:
        table = scenes.table(config, folder / "resources")
        return checks.disk(config, table, checks.listed(config, folder), folder, checks.used(places))
    except SarslideError as error:
        return [of_error("scene table", error), *machine.disk(folder)]

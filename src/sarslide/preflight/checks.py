"""Checks that need no network and take parts of a second: what can be known before any job is known
before any job.

Each function returns findings and raises nothing; what a check shows of credentials is their
reference, never what it holds.
"""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from sarslide import extras, network
from sarslide.catalog import coverage, planned
from sarslide.catalog import scenes as scene_table
from sarslide.catalog.external_names import IN_ONE
from sarslide.catalog.region import bounds_degree
from sarslide.catalog.scenes import SceneTable
from sarslide.catalog.tracks import seen_share
from sarslide.config import Config, existing, resolve
from sarslide.dataset.features import channel_set
from sarslide.errors import (
    ConfigError,
    CoverageError,
    CredentialsError,
    DemError,
    NetworkError,
    OrbitError,
    OutputError,
    ProcessorError,
    SarslideError,
    WeightsError,
)
from sarslide.insar.engines import ENGINES, SCENES
from sarslide.insar.external.sensor import SENTINEL1_NAMINGS, Declared
from sarslide.models import registry
from sarslide.models.weights import check as check_weights
from sarslide.preflight import closures, comparison, frames, ground, machine, weather
from sarslide.preflight.finding import ERROR, GOOD, NOTE, WARNING, Finding, of_error, tried
from sarslide.preflight.forecast import forecast
from sarslide.rates.methods import METHODS
from sarslide.retrieve.credentials import login, secret_file
from sarslide.retrieve.dem_tiles import MODELS, tiles
from sarslide.workflow import weights_files
from sarslide.workflow.network_inputs import Network, networks_of

Row = dict[str, str]
# Latitudes, degree, between which a model has land tiles; GLO-30 and AW3D30 have the others, too.
REACH = {"srtm": (-56.0, 60.0)}
# Shares of a region: below the first a track sees it in part, up to the second not at all.
MIN_SEEN_ALL, MAX_SEEN_NOTHING = 0.97, 0.02
SHOWN = 3
OTHERS = 0o077  # permissions of group and others


def accounts(config: Config) -> list[Finding]:
    """Whether the logins that the run needs are there.

    Whether they are taken, and licences accepted, only the archive knows.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a login, and a warning for each file with one of them that others may read.
    """
    logins = []
    archive = config.archive()
    if archive == "asf":
        host = urlsplit(config.retrieve.login_earthdata).hostname or ""
        logins.append(("account Earthdata", config.retrieve.earthdata, host))
    if archive == "copernicus" or (archive and config.retrieve.orbit_sources == ("copernicus",)):
        logins.append(("account Copernicus", config.retrieve.copernicus, "dataspace.copernicus.eu"))
    if config.source == "hyp3":
        logins.append(("account Earthdata (HyP3)", config.hyp3.token, "urs.earthdata.nasa.gov"))
    found = [tried(check, partial(_there, reference, host)) for check, reference, host in logins]
    if METHODS[config.rates.method].corrects_dates and config.sbas.era5:
        found.append(tried("account Copernicus Climate (ERA5)", _climate_account))
    return found + private(dict.fromkeys(secret_file(reference) for _, reference, _ in logins))


def private(paths: Iterable[Path | None]) -> list[Finding]:
    """Whether files with secrets are readable by their owner alone.

    Parameters
    ----------
    paths : iterable of Path or None
        Files, there or not; None is left out.

    Returns
    -------
    list of Finding
        A warning for each that others may read.
    """
    found = []
    for path in paths:
        if path and path.is_file() and (mode := path.stat().st_mode & 0o777) & OTHERS:
            problem = CredentialsError(f"{path}: others may read it (permissions {mode:o})", f"chmod 600 {path}")
            found.append(of_error("logins", problem, WARNING))
    return found


def _there(reference: str, host: str) -> str:
    kind = "token" if login(reference, host).token else "login"
    return f"{kind} by {reference} for {host}; `sarslide preflight` tries it at the archive"


def _climate_account() -> str:
    path = Path("~/.cdsapirc").expanduser()
    if not path.is_file():
        raise CredentialsError(f"{path}: does not exist", "sbas.era5 needs an account of cds.climate.copernicus.eu")
    return f"{path} is there"


def inputs(config: Config) -> list[Finding]:
    """The files and folders that the configuration names.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a path.
    """
    named = {
        "files.folder": [config.files.folder] if config.source == "files" else [],
        "displacement.products": [product.path for product in config.displacement.products.values()],
        "optical.products": config.optical.products,
        "lithology.file": [config.lithology.file],
        "rates.series_polygons": [config.rates.series_polygons],
        "inventory.review": [config.inventory.review],
        "inventory.masks": [config.inventory.masks],
        "inventory.names": [config.inventory.names],
        "isce2.aux": [config.isce2.aux],
    }
    # Of targets on demand: a run without them goes to its end.
    on_demand = {"training.labels": [config.training.labels], "factors.labels": [config.factors.labels]}
    found = []
    for level, keys in ((ERROR, named), (NOTE, on_demand)):
        for name, paths in keys.items():
            found += [_named_file(name, path, level) for path in paths if path]
    return found


def lithology(config: Config) -> list[Finding]:
    """Whether the geological map is named that networks of the region read; no archive has one.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One finding where it is missing.
    """
    if config.lithology.file or config.source == "simulated":
        return []
    try:
        reading = [name for name, network in networks_of(config).items() if "lithology" in network.stored]
    except SarslideError:
        return []  # what is wrong with the weights is a finding of theirs
    if not reading:
        return []
    problem = ConfigError(
        f"config: lithology.file is empty, and the channels of {', '.join(reading)} need lithology",
        "set lithology.file to a geological map of the region, a vector file, or choose other channels",
    )
    return [of_error("input lithology.file", problem)]


def _named_file(name: str, path: str, level: str) -> Finding:
    try:
        existing(name, path)
        return Finding(f"input {name}", GOOD, str(path))
    except SarslideError as error:
        return of_error(f"input {name}", error, level)


def acquisitions(config: Config, table: SceneTable, listed: Sequence[Row]) -> list[Finding]:
    """Dates, orbits, burst gaps and network of every stack.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    table : SceneTable
        Scenes that are ready.
    listed : sequence of Row
        All rows of the archive's scene table, ready or not.

    Returns
    -------
    list of Finding
        Stack by stack.
    """
    found = []
    for stack in config.stacks:
        dates = table.dates(stack)
        mine = [row for row in listed if row["stack"] == stack]
        if config.archive() and mine:
            found += _waiting(config, stack, mine, len(dates))
        try:
            SceneTable((stack,), table.scenes, needs_baselines=table.needs_baselines, cure=table.cure).check()
            if not ENGINES[config.engine].pairs:
                text = f"{dates[0]} to {dates[-1]}, {', '.join({row['granule'] for row in table.rows()})}"
                found.append(Finding(f"product {stack}", GOOD, text))
                continue
            pairs = network.planned_pairs(config.network, dates, table.baselines(stack))
            warnings = network.check(
                stack, dates, pairs, METHODS[config.rates.method], config.network.preset, config.network.max_days
            )
            found.append(Finding(f"network {stack}", GOOD, f"{len(dates)} dates, {len(pairs)} pairs"))
            cure = "add acquisitions in the gap, or widen the network section"
            found += [Finding(f"network {stack}", WARNING, text, f"E{NetworkError.code}", cure) for text in warnings]
        except SarslideError as error:
            found.append(of_error(f"network {stack}", error))
    return found


def _waiting(config: Config, stack: str, rows: Sequence[Row], ready: int) -> list[Finding]:
    """Orbits and bursts that dates of an archive wait for; errors where no date is left."""
    days = coverage.days(list(rows), config.catalog.orbits)
    level = WARNING if ready else ERROR
    found = []
    without = [day.date for day in days if not day.with_orbit]
    if without:
        text = f"{len(without)} of {len(days)} dates wait for a {config.catalog.orbits} orbit: {_first(without)}"
        cure = "`sarslide update` in three weeks at the latest, or set catalog.orbits: restituted"
        found.append(Finding(f"orbits {stack}", level, text, f"E{OrbitError.code}", cure))
    else:
        found.append(Finding(f"orbits {stack}", GOOD, f"{len(days)} dates with a {config.catalog.orbits} orbit"))
    gaps = [day for day in days if day.missing]
    if gaps:
        what = "wait for bursts" if config.catalog.gaps == "wait" else "are taken without bursts"
        text = f"{len(gaps)} of {len(days)} dates {what}: {_first([day.date for day in gaps])}; first gap {gaps[0].missing[0]}"
        cure = "see resources/<region>/coverage.csv; set catalog.gaps: take to use these dates as they are"
        found.append(Finding(f"bursts {stack}", level, text, f"E{CoverageError.code}", cure))
    else:
        found.append(Finding(f"bursts {stack}", GOOD, "no gap in the burst-by-date matrix"))
    return found


def _first(dates: Sequence[str]) -> str:
    return ", ".join(dates[:SHOWN]) + (" ..." if len(dates) > SHOWN else "")


def tracks(config: Config) -> list[Finding]:
    """How much of the region each stack sees, by the repeat orbit.

    Tracks of a simulation are where it puts them.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a stack.
    """
    if config.source == "simulated":
        return []
    if config.source == "files" and config.files.naming not in SENTINEL1_NAMINGS:
        text = f"naming {config.files.naming} is not of Sentinel-1 alone: not compared with its repeat orbit"
        return [Finding(f"track {stack}", NOTE, text) for stack in config.stacks]
    grid, found = config.grid.region_grid(), []
    for stack in config.stacks:
        share = seen_share(stack, grid)
        text = f"sees {share:.0%} of the region by the repeat orbit"
        if share > MAX_SEEN_NOTHING:
            found.append(Finding(f"track {stack}", GOOD if share >= MIN_SEEN_ALL else NOTE, text))
        else:
            cure = "check pass and relative orbit in stacks, EPSG code and bounds of the grid"
            found.append(Finding(f"track {stack}", ERROR, text, f"E{CoverageError.code}", cure))
    return found


def sensor(config: Config, table: SceneTable) -> list[Finding]:
    """Whether ready interferograms, keys and stack agree on the sensor.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    table : SceneTable
        Their files.

    Returns
    -------
    list of Finding
        One finding; none for other sources.
    """
    if config.source != "files" or not table.files("unwrapped"):
        return []

    def agreed() -> str:
        from sarslide.insar.external.files import check_stack, sensor_of

        files = config.files
        check_stack(files.naming, table.files("unwrapped"), config.stacks[0])
        declared = Declared(files.wavelength_m, files.incidence_deg, files.heading_deg)
        frame = next(iter(table.files("metadata")), None)
        vector = table.files("line_of_sight")
        found = sensor_of(files.naming, table.files("unwrapped")[0], vector, frame, config.stacks[0], declared)
        angles = f"incidence {found.incidence_deg:g}, heading {found.heading_deg:g} degrees"
        by_cell = vector or files.naming in IN_ONE
        return f"wavelength {found.wavelength_m:g} m, {'line of sight by cell' if by_cell else angles}"

    return [tried("sensor", agreed)]


def dem(config: Config) -> list[Finding]:
    """Whether DEM and geoid cover the region with its margin.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One finding; none for a simulated region whose ground is drawn.
    """
    if config.source == "simulated":
        return [tried("DEM", lambda: _is_ground(config))] if config.simulation.dem else []
    model = config.grid.dem
    return [
        tried(
            "DEM",
            lambda: _model_covers(config) if model in MODELS else _file_covers(config, model, config.grid.margin_m),
        )
    ]


def _model_covers(config: Config) -> str:
    model = config.grid.dem
    bounds = bounds_degree(config.grid.region_grid().pad(config.grid.margin_m))
    south, north = REACH.get(model, (-90.0, 90.0))
    if bounds[1] < south or bounds[3] > north:
        raise DemError(f"{model} ends at {south:g} and {north:g} degrees north", "set grid.dem: glo30, or give a file")
    return f"{len(tiles(model, bounds))} tiles of {model}, geoid {MODELS[model].geoid}"


def _is_ground(config: Config) -> str:
    from sarslide.retrieve import dem_library
    from sarslide.retrieve.dem import check_file, check_posting

    region, name = config.grid.region_grid(), config.simulation.dem
    if not dem_library.is_name(name):
        covered = _file_covers(config, name, margin_m=0)
        check_posting(resolve(name), region)
        return covered
    dem = dem_library.named(name)
    check_file(dem.path, region)
    check_posting(dem.path, region)
    return f"{name} covers the region, heights above the geoid, {dem.geoid_m:+.1f} m from the ellipsoid"


def _file_covers(config: Config, named: str, margin_m: float) -> str:
    from sarslide.retrieve.dem import check_file, check_reference

    path = resolve(named)
    check_file(path, config.grid.region_grid().pad(margin_m))
    check_reference(path, config.grid.dem_vertical, config.grid.geoid_m)
    return f"{path} covers the region, heights {config.grid.dem_vertical}"


def weights(config: Config, conda: bool = False) -> list[Finding]:
    """Weights and card of each network, and whether it can be built here.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    conda : bool, default False
        Whether environments bring the packages.

    Returns
    -------
    list of Finding
        One a network; one for all that are still to be trained.
    """
    networks, found = networks_of(config), []
    try:
        waiting = [name for name, network in networks.items() if not network.is_there]
    except SarslideError as error:
        return [of_error("weights", error)]
    if waiting:
        region = config.segmentation.weights_of
        cure = weights_files.command(config, region)
        if widths := weights_files.other_widths(config, waiting[0], region):
            cure += f"; or, of weights that are there, --set training.width={' or '.join(map(str, widths))}"
            # Weights of another data set to start from have the published width alone.
            cure += " --set training.start=random" if config.training.start in registry.PRETRAINED else ""
        missing = f"no weights yet of {', '.join(waiting)}: {networks[waiting[0]].weights} is not there"
        found.append(of_error("weights", WeightsError(missing, cure)))
    there = [network for name, network in networks.items() if network.weights and name not in waiting]
    return [*found, *(tried("weights", partial(_network, network, conda)) for network in there)]


def _network(network: Network, conda: bool) -> str:
    # A packaged network is what its card states; one that is named is what it was named for.
    training = network.config.training
    named = network.name in registry.ARCHITECTURES and not weights_files.is_packaged(network.name)
    # A folder of trained weights names their width.
    from_scratch = network.is_trained and training.begins_with() in weights_files.WITHOUT_FILE
    width = registry.channels_of_width(network.name, training.width) if from_scratch else None
    card = check_weights(
        network.weights,
        channel_set(training.channels) if named else None,
        network.name if named else None,
        width,
        network.config.paper or None,
    )
    if not conda:
        registry.require_package(card.network)
    return f"{network.name}: {card.network}, {len(card.channels)} channels"


def packages(config: Config, conda: bool = False) -> list[Finding]:
    """Packages of extras that the downloads of a region need.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    conda : bool, default False
        Whether environments bring the packages.

    Returns
    -------
    list of Finding
        One a package.
    """
    if conda or config.source == "simulated":
        return []
    needed = {
        "asf_search": config.archive() == "asf",
        "pystac_client": config.retrieve.sentinel2,
        "dem_stitcher": config.grid.dem in MODELS,
        "hyp3_sdk": config.source == "hyp3",
    }

    def installed(name: str) -> str:
        extras.require(name, f"region {config.region}")
        return f"{name} is installed"

    return [tried(f"package {name}", partial(installed, name)) for name, wanted in needed.items() if wanted]


def tools(config: Config, conda: bool = False) -> list[Finding]:
    """Outside programs that engine and rate method start.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    conda : bool, default False
        Environments bring the programs, only conda itself must be there.

    Returns
    -------
    list of Finding
        One a program.
    """
    if conda:
        return [tried("tool conda", lambda: _found("conda", "install conda or mamba, or leave --use-conda out"))]
    tables = (ENGINES[config.engine], METHODS[config.rates.method])
    return [finding for row in tables if row.programs for finding in programs(row.programs, config)]


def programs(where: str, config: Config) -> list[Finding]:
    """The programs that an engine or a rate method starts.

    Parameters
    ----------
    where : str
        Where they are looked for, `module:function`, as a row of the tables names it.
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a program.
    """
    module, _, function = where.partition(":")
    programs = getattr(import_module(module), function)(config)
    return [tried(f"tool {name}", search) for name, search in programs.items()]


def _found(program: str, cure: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise ProcessorError(f"{program} is not on PATH", cure)
    return path


def disk(config: Config, table: SceneTable, listed: Sequence[Row], folder: Path, made: int) -> list[Finding]:
    """Forecast of disk and core-hours against the space that is free.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    table : SceneTable
        Scenes that are ready. Without any the passes of the repeat orbit stand for them.
    listed : sequence of Row
        All rows of the archive's scene table, ready or not.
    folder : Path
        Where resources/ and results/ are.
    made : int
        Bytes that the region takes there already.

    Returns
    -------
    list of Finding
        Disk and work.
    """
    if config.source not in SCENES:
        return []
    rows = list(listed) if config.archive() else table.rows()
    source = "of the scene table"
    if not rows:
        rows, source = planned.rows(config), "of all passes of the search window, as there is no scene table"
    scenes = {stack: [row for row in rows if row["stack"] == stack] for stack in config.stacks}
    simulated = config.source == "simulated"
    seen = {stack: 1.0 if simulated else seen_share(stack, config.grid.region_grid()) for stack in config.stacks}
    cost = forecast(config, scenes, seen)
    need, free = cost.disk_gb - made / 1e9, shutil.disk_usage(folder).free / 1e9
    text = f"{cost.disk_gb:.3g} GB in all, {cost.download_gb:.3g} of them downloads; {made / 1e9:.2f} GB there, {free:.3g} free"
    work = Finding("work", NOTE, f"{cost.core_hours:.3g} core-hours, {cost.dates} dates, {cost.pairs} pairs {source}")
    if need > free:
        cure = (
            "free space, run with --directory on a larger disk, or choose fewer dates, a smaller region, larger cells"
        )
        return [Finding("disk", ERROR, text, f"E{OutputError.code}", cure), work]
    return [Finding("disk", GOOD, text), work]


def used(folders: Sequence[Path]) -> int:
    """Bytes below some folders; a file with several names counts once, one that vanishes never.

    Parameters
    ----------
    folders : sequence of Path
        Folders, there or not.

    Returns
    -------
    int
        Bytes.
    """
    seen, total = set(), 0
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                try:
                    status = os.lstat(os.path.join(place, name))
                except FileNotFoundError:  # a run is at work there
                    continue
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    total += status.st_size
    return total


def cheap(
    config: Config, table: SceneTable, listed: Sequence[Row], folders: Mapping[str, Path], conda: bool = False
) -> list[Finding]:
    """All checks of this module.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    table : SceneTable
        Scenes that are ready.
    listed : sequence of Row
        All rows of the archive's scene table, ready or not.
    folders : mapping of str to Path
        `resources` and `results` of the region.
    conda : bool, default False
        Whether environments bring the programs.

    Returns
    -------
    list of Finding
        In the order of the table.
    """
    places = [folders["resources"], folders["results"]]
    root = next(path for path in (places[0], *places[0].absolute().parents) if path.exists())
    return [
        *accounts(config),
        *inputs(config),
        *lithology(config),
        *comparison.files(config),
        *ground.files(config),
        *tracks(config),
        *sensor(config, table),
        *weather.delays(config, table),
        *closures.triplets(config, table),
        *acquisitions(config, table, listed),
        *dem(config),
        *weights(config, conda),
        *machine.unwrapper(config, conda),
        *packages(config, conda),
        *tools(config, conda),
        *disk(config, table, listed, root, used(places)),
        *frames.finding(config, table),
    ]


def of_region(config: Config, folder: Path = Path(), conda: bool = False) -> list[Finding]:
    """All checks of this module, on the scene table of a working folder.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    folder : Path
        Working folder, which holds resources/ and results/.
    conda : bool, default False
        Whether environments bring the programs.

    Returns
    -------
    list of Finding
        In the order of the table.
    """
    folders = {name: folder / name / config.region for name in ("resources", "results")}
    return cheap(config, scene_table.table(config, folder / "resources"), listed(config, folder), folders, conda)


def listed(config: Config, folder: Path = Path()) -> list[Row]:
    """All rows of the archive's scene table, ready or not.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    folder : Path
        Working folder, which holds resources/.

    Returns
    -------
    list of Row
        None for a region without archive or without a table.
    """
    path = folder / "resources" / config.region / "scenes.csv"
    return scene_table.read(path) if config.archive() and path.is_file() else []

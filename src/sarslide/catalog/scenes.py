"""The scene table of a region: which acquisitions there are; no search, no clock, no network.

A real region's table is `resources/{region}/scenes.csv`, append-only, made by
`sarslide update`. A simulated region's acquisitions follow from its configuration; those
of ready interferograms from its list of pairs.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path

from sarslide import names
from sarslide.catalog.external_names import IN_ONE, NAMINGS, dates_of, headers_of
from sarslide.catalog.hyp3_plan import check_granule
from sarslide.catalog.scene_row import ArchiveRow, SceneRow
from sarslide.config import Config, existing, reach, resolve
from sarslide.errors import CatalogError, InterferogramError, NetworkError, StackError
from sarslide.insar.engines import ENGINES
from sarslide.io import bounded
from sarslide.network import DateBaseline, needs_baselines

NO_BASELINE = "set sbas.dem_error: false, or give baselines (files.baselines)"
OLD_COLUMNS = (
    "stack",
    "date",
    "granule",
    "platform",
    "absolute_orbit",
    "start_utc",
    "sha256",
    "orbit_file",
    "first_seen",
)
BPERP, CRITICAL = "bperp_m", "critical_bperp_m"
COLUMNS = (*OLD_COLUMNS, BPERP, CRITICAL)
# A table that is filled from an archive also knows what was not downloaded yet.
ARCHIVE_COLUMNS = (*COLUMNS, "stop_utc", "polarisation", "burst_ids", "bytes", "checksum", "address", "superseded_by")

MAX_TABLE = 16 << 20  # bytes; a granule of an archive takes 500
AGAIN = "correct the row, or move the table away and run `sarslide update`"


@dataclass(frozen=True)
class SceneTable:
    """Acquisitions by stack and date, and the files of ready interferograms by kind.

    Attributes
    ----------
    stacks : tuple of str
        Stacks of the configuration.
    scenes : list of dict
        Rows of the table, by column.
    first : dict
        Dates that each simulated stack starts with; empty for others.
    external : dict
        Ready files by kind; empty where pairs are processed here.
    pairs : tuple of str
        Names of the pairs of ready interferograms; empty where the network decides.
    lacking : dict of str to tuple of str
        By stack the layers that its displacement product does not have, and that nobody states.
    needs_baselines : bool
        Whether the network needs the baseline columns.
    cure : str
        What brings scenes where there are none.
    """

    stacks: tuple[str, ...]
    scenes: list[dict[str, str]]
    first: dict[str, list[str]] = field(default_factory=dict)
    external: dict[str, list[str]] = field(default_factory=dict)
    pairs: tuple[str, ...] = ()
    lacking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    needs_baselines: bool = False
    cure: str = "put SAFE and orbit files below resources/<region>/slc/<stack>/<date>/, then `sarslide update`"

    def rows(self) -> list[dict[str, str]]:
        """The rows of the configured stacks, ordered by stack and date."""
        mine = [row for row in self.scenes if row["stack"] in self.stacks]
        return sorted(mine, key=lambda row: (row["stack"], row["date"]))

    def dates(self, stack: str) -> list[str]:
        """Dates of a stack.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        list of str
            `YYYYMMDD`, in order.
        """
        return list(self._dates.get(stack, ()))

    @cached_property
    def _dates(self) -> dict[str, list[str]]:
        """Dates by stack, asked for thousands of times while the graph is made."""
        found: dict[str, set[str]] = {}
        for row in self.scenes:
            found.setdefault(row["stack"], set()).add(row["date"])
        return {stack: sorted(dates) for stack, dates in found.items()}

    def first_dates(self, stack: str) -> list[str]:
        """The dates that a simulated stack starts with.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        list of str
            `YYYYMMDD`, in order.
        """
        return self.first[stack]

    def later_dates(self) -> list[str]:
        """The dates that a simulated region has received since its start, in order."""
        return sorted({row["date"] for row in self.scenes if row["date"] not in self.first.get(row["stack"], [])})

    def files(self, kind: str) -> list[str]:
        """Ready files of one kind.

        Parameters
        ----------
        kind : str
            unwrapped, coherence, baselines, or pairs: in the order of the pairs;
            line_of_sight, metadata, headers; or the stack of a displacement product.

        Returns
        -------
        list of str
            Paths; empty where there are none of this kind.
        """
        return self.external.get(kind, [])

    def granules(self, stack: str) -> dict[str, list[str]]:
        """Granules of a stack by date.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        dict
            Names of granules by `YYYYMMDD`, in the order of the table.
        """
        found: dict[str, list[str]] = {}
        for row in self.scenes:
            if row["stack"] == stack:
                found.setdefault(row["date"], []).append(row["granule"])
        return found

    def baselines(self, stack: str) -> dict[str, DateBaseline]:
        """Baseline columns of a stack.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        dict
            By `YYYYMMDD`; dates without them are left out. Slices of a date share those of the
            first.
        """
        found: dict[str, DateBaseline] = {}
        for row in self.scenes:
            if row["stack"] == stack and row.get(BPERP) and row.get(CRITICAL):
                found.setdefault(row["date"], DateBaseline(float(row[BPERP]), float(row[CRITICAL])))
        return found

    def without_baseline(self, stack: str) -> list[str]:
        """Dates whose baseline the network needs and the table does not have.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        list of str
            `YYYYMMDD`, in order.
        """
        if not self.needs_baselines:
            return []
        known = self.baselines(stack)
        return [date for date in self.dates(stack) if date not in known]

    @property
    def ready(self) -> bool:
        """Whether every stack has two dates, so that there can be a pair, and needed baselines."""
        return all(len(self.dates(stack)) >= 2 and not self.without_baseline(stack) for stack in self.stacks)

    def check(self) -> None:
        """Check that every stack can have a pair.

        Raises
        ------
        CatalogError
            For a stack without scenes, or without the baselines that it needs.
        StackError
            For a stack of a single date.
        """
        for stack in self.stacks:
            found = self.dates(stack)
            if not found:
                raise CatalogError(f"stack {stack} has no scene in scenes.csv", self.cure)
            if len(found) == 1:
                raise StackError(
                    f"stack {stack} has a single date, {found[0]}", "an interferogram needs two; add an acquisition"
                )
            if missing := self.without_baseline(stack):
                raise CatalogError(
                    f"scenes.csv has no {BPERP} of stack {stack}, {', '.join(missing[:3])}, which network.preset needs",
                    "`sarslide update` fills it in from the products; or set network.preset to nearest or p0",
                )


def table(config: Config, resources: Path) -> SceneTable:
    """The scene table of the configured region.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    resources : Path
        Folder that holds `{region}/scenes.csv`.

    Returns
    -------
    SceneTable
        What there is in the season of the network; it may be empty, see `SceneTable.check`.

    Raises
    ------
    CatalogError
        For a table of another kind, or a granule that the source does not take.
    InterferogramError
        For a ready interferogram that is missing.
    NetworkError
        For ready interferograms without the baselines that the method of rates needs.
    """
    found = TABLE_OF_SOURCE[config.source](config, resources / config.region / "scenes.csv")
    season = None if config.network.pairs else config.network.season
    return replace(found, scenes=[row for row in found.scenes if names.in_season(row["date"], season)])


def listing(folder: Path) -> list[str]:
    """Names of what lies below `folder`/{stack}/{date}/; a change of them is news for the table.

    Parameters
    ----------
    folder : Path
        Folder of products and orbit files.

    Returns
    -------
    list of str
        Paths below `folder`, sorted.
    """
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*/*") if not path.name.startswith("."))


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a scene table.

    Parameters
    ----------
    path : Path
        The CSV file.

    Returns
    -------
    list of dict
        By column; empty baselines where the table is from before there were any.

    Raises
    ------
    CatalogError
        For a file that cannot be read, another header, a row that is not whole or whose cells are
        not what their columns hold, and a granule that comes twice.
    """
    rows = bounded.csv_rows(path, CatalogError, OLD_COLUMNS, MAX_TABLE, cure=AGAIN)
    header = tuple(rows[0]) if rows else COLUMNS
    if header not in (COLUMNS, OLD_COLUMNS, ARCHIVE_COLUMNS):
        raise CatalogError(f"{path}: columns are {list(header)}", f"the header must be {','.join(COLUMNS)}")
    model = ArchiveRow if header == ARCHIVE_COLUMNS else SceneRow
    first: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        bounded.typed(model, row, f"{path}: row {number}", CatalogError, AGAIN)
        if first.setdefault(row["granule"], number) != number:
            raise CatalogError(f"{path}: row {number}: {row['granule']} stands in row {first[row['granule']]}", AGAIN)
    return [dict.fromkeys(COLUMNS, "") | row for row in rows]


def check_columns(path: Path, rows: list[dict[str, str]]) -> None:
    """Check that the rows are those of an archive.

    Parameters
    ----------
    path : Path
        Their table, for the message.
    rows : list of dict
        May be empty.

    Raises
    ------
    CatalogError
        For a table of products in folders, whose rows lack what an archive knows.
    """
    if rows and ARCHIVE_COLUMNS[-1] not in rows[0]:
        raise CatalogError(
            f"{path}: is a table of products in folders", "set catalog.archive: folder, or move the table away"
        )


def _needs_baselines(config: Config) -> bool:
    return needs_baselines(config.network.preset) and not config.network.pairs


def _safe(config: Config, path: Path) -> SceneTable:
    """Products in folders, or granules of an archive of which a date enters when it is complete."""
    rows = read(path) if path.is_file() else []
    if config.catalog.archive == "folder":
        return SceneTable(config.stacks, rows, needs_baselines=_needs_baselines(config))
    # Read where it is needed: the rule for gaps is nothing to tables without an archive.
    from sarslide.catalog.coverage import entering

    check_columns(path, rows)
    ready = entering(rows, config.catalog.orbits, config.catalog.gaps)
    cure = f"`sarslide update {config.region}`; {path.with_name('coverage.csv')} lists what each date waits for"
    return SceneTable(config.stacks, ready, needs_baselines=_needs_baselines(config), cure=cure)


def _simulated(config: Config, _: Path) -> SceneTable:
    simulation = config.simulation
    scenes, first = [], {}
    for stack in config.stacks:
        if stack not in simulation.first_date:
            raise CatalogError(f"simulated stack {stack} has no first date", f"set simulation.first_date.{stack}")
        start = names.parse_date(simulation.first_date[stack])
        steps = range(simulation.dates + simulation.new_dates)
        days = [f"{start + timedelta(days=simulation.interval_days * step):%Y%m%d}" for step in steps]
        first[stack] = days[: simulation.dates]
        for day in days:
            digest = hashlib.sha256(f"simulated {simulation.seed} {stack} {day}".encode()).hexdigest()
            row = dict.fromkeys(COLUMNS, "") | {"stack": stack, "date": day, "granule": "simulated", "sha256": digest}
            scenes.append(row)
    if _needs_baselines(config):
        for row in scenes:
            row.update(_simulated_baseline(row["stack"], first[row["stack"]][0], row["date"], simulation.seed))
    return SceneTable(config.stacks, scenes, first=first, needs_baselines=_needs_baselines(config))


@cache
def _simulated_baseline(stack: str, first: str, date: str, seed: int) -> dict[str, str]:
    """The baseline columns of a simulated date, against the first date of its stack."""
    from sarslide.catalog import repeat_orbit

    bperp = repeat_orbit.orbit_offset_m(stack, date, seed)[0] - repeat_orbit.orbit_offset_m(stack, first, seed)[0]
    return {BPERP: f"{bperp:.2f}", CRITICAL: f"{repeat_orbit.critical_baseline_m(stack):.0f}"}


def _files(config: Config, _: Path) -> SceneTable:
    """One stack of ready interferograms: files by pattern, one per pair and kind."""
    if len(config.stacks) != 1:
        raise CatalogError("engine files needs one stack", "give each stack a region of its own")
    folder = Path(resolve(config.files.folder))
    if not config.files.folder or not folder.is_dir():
        raise CatalogError(f"files.folder '{config.files.folder}' is no folder", "name the folder of the products")
    if pattern := ENGINES[config.engine].pair_file:
        listed = config.network.pairs or _found_pairs(folder, pattern)
        paths = [_the_one(folder, pattern, pair, f"engine {config.engine}") for pair in listed]
        return SceneTable(config.stacks, _dated(config, listed), external={"pairs": paths}, pairs=listed)
    naming = NAMINGS[config.files.naming]
    kinds = ("unwrapped", "coherence", "baselines")
    patterns = {kind: getattr(config.files, kind) or getattr(naming, kind) for kind in kinds}
    if not config.files.baselines and naming.baselines and not any(folder.glob(naming.baselines)):
        patterns["baselines"] = ""
    listed = config.network.pairs or _found_pairs(folder, patterns["unwrapped"])
    external = {
        kind: [_the_one(folder, pattern, pair, f"naming {config.files.naming}") for pair in listed]
        for kind, pattern in patterns.items()
        if pattern
    }
    vector = [next(iter(sorted(folder.glob(pattern))), None) for pattern in naming.line_of_sight]
    external["line_of_sight"] = [str(path) for path in vector] if all(vector) else []
    external["metadata"] = [str(path) for path in sorted(folder.glob(naming.metadata))[:1]] if naming.metadata else []
    for path in (*external["line_of_sight"], *external["metadata"]):
        bounded.plain_file(path, InterferogramError, "remove it, or download the file again")
    of_pairs = (*external["unwrapped"], *external.get("coherence", []))
    external["headers"] = sorted({str(header) for path in of_pairs for header in headers_of(path)})
    _check_baselines(config, external)
    return SceneTable(config.stacks, _dated(config, listed), external=external, pairs=listed)


def _found_pairs(folder: Path, pattern: str) -> tuple[str, ...]:
    """The pairs in the names of the files of a pattern, by later, then earlier date."""
    found = {dates_of(path) for path in folder.glob(pattern.format(earlier="[0-9]*", later="[0-9]*"))}
    days = sorted({(max(dates), min(dates)) for dates in found if dates})
    if not days:
        raise InterferogramError(f"{folder}: no file matches '{pattern}'", "correct files.folder or the pattern")
    return tuple(names.pair_name(earlier, later) for later, earlier in days)


def _check_baselines(config: Config, external: dict[str, list[str]]) -> None:
    """NetworkError where the DEM error is wanted and no file can state a baseline."""
    wanted = config.sbas.dem_error and not reach.missing(config, "sbas.dem_error")
    if wanted and not external.get("baselines") and config.files.naming not in IN_ONE:
        raise NetworkError(
            f"sbas.dem_error is true, but files of naming {config.files.naming} have no perpendicular baselines",
            NO_BASELINE,
        )


def _dated(config: Config, pairs: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of the dates of pairs."""
    days = sorted({day for pair in pairs for day in names.split_pair(pair)})
    return [dict.fromkeys(COLUMNS, "") | {"stack": config.stacks[0], "date": day, "granule": "files"} for day in days]


def _hyp3(config: Config, path: Path) -> SceneTable:
    """Bursts, or scenes, that HyP3 is to process: rows made by hand."""
    rows = read(path) if path.is_file() else []
    for row in rows:
        check_granule(row["granule"], row["date"], config.hyp3.job_type)
    cure = (
        f"write {path} by hand, one row a granule (header {','.join(OLD_COLUMNS)}; stack, date and granule filled in), with the "
        "names that search.asf.alaska.edu shows; update_catalog does not search for source hyp3"
    )
    return SceneTable(config.stacks, rows, needs_baselines=_needs_baselines(config), cure=cure)


def _displacement(config: Config, _: Path) -> SceneTable:
    """The dates of displacement products, from the headers of their files."""
    from sarslide.displacement import formats  # and what reads HDF5

    rows: list[dict[str, str]] = []
    files: dict[str, list[str]] = {}
    lacking: dict[str, tuple[str, ...]] = {}
    for stack, declared in config.displacement.products.items():
        key = f"displacement.products.{stack}"
        found = formats.look(existing(f"{key}.path", declared.path), declared.format)
        days = found.dates or declared.period or ()
        if len(days) < 2:
            raise CatalogError(f"{declared.path}: states {len(days)} dates", f"set {key}.period: [FIRST, LAST]")
        files[stack] = [str(path) for path in found.paths]
        digest = _digest_of_listing(found.paths)
        row = dict.fromkeys(COLUMNS, "") | {"stack": stack, "granule": formats.FORMATS[found.form], "sha256": digest}
        rows += [row | {"date": day} for day in days]
        if not found.has_coherence and declared.coherence is None:
            lacking[stack] = ("mean_coherence",)
    return SceneTable(config.stacks, rows, external=files, lacking=lacking)


def _digest_of_listing(paths: Sequence[Path]) -> str:
    """Digest of names and sizes: a new delivery has others; products are too large to read."""
    listed = [f"{path.name} {path.stat().st_size}" for path in paths]
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()


def _the_one(folder: Path, pattern: str, pair: str, named_by: str) -> str:
    earlier, later = names.split_pair(pair)
    spelt = ({"earlier": earlier, "later": later}, {"earlier": earlier[2:], "later": later[2:]})
    # A pattern of six digits also fits into names of eight: the dates of the name decide.
    found = sorted({
        path
        for days in spelt
        for path in folder.glob(pattern.format(**days))
        if days["earlier"] == earlier or set(dates_of(path) or ()) == {earlier, later}
    })  # fmt: skip
    if len(found) != 1:
        raise InterferogramError(
            f"{folder}: {len(found)} files match '{pattern}' ({named_by}) for pair {pair}",
            "correct files.folder or the pattern",
        )
    return str(bounded.plain_file(found[0], InterferogramError, "correct files.folder or the pattern"))


TABLE_OF_SOURCE: dict[str, Callable[[Config, Path], SceneTable]] = {
    "simulated": _simulated,
    "safe": _safe,
    "files": _files,
    "hyp3": _hyp3,
    "displacement": _displacement,
}

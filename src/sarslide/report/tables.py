"""Tables of the report: typed columns, cells with a text to read and a value to sort by."""

import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sarslide.errors import ReleaseError
from sarslide.inventory import records
from sarslide.inventory.masks import held_back_by
from sarslide.inventory.tables import further, rates_of
from sarslide.io import bounded
from sarslide.publish import columns as published

log = logging.getLogger(__name__)

MISSING = "–"
NOT_RUN = "not run"  # of a published score: no training of ours stands for it
MAX_ROWS = 500  # of a table; files of the run hold the others


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key : str
        Of the row.
    label : str
        Its heading.
    unit : str
        Below the heading.
    digits : int or None
        Decimals of a number; None: text.
    hint : str
        Shown when the pointer rests on the heading.
    """

    key: str
    label: str
    unit: str = ""
    digits: int | None = None
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text : str
        What is read.
    sort : float or str
        Number or text to sort by, empty where unknown.
    """

    text: str
    sort: float | str = ""


@dataclass(frozen=True)
class ReportTable:
    """A table of the report.

    Attributes
    ----------
    columns : tuple of Column
        Its columns.
    rows : list of list of Cell
        Row by row, one cell a column.
    keys : list of str
        Id of each row (an `ls_id`, or empty).
    left_out : str
        Which rows of how many are there; empty where all are.
    total : int
        How many rows there are, with those left out.
    """

    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    keys: list[str]
    left_out: str = ""
    total: int = 0


LANDSLIDES = (
    Column("ls_id", "Id"),
    Column("name", "Name"),
    Column("type_text", "Type", hint="Object type of P2 4.2.3"),
    Column("change", "Change", hint="Since the previous release"),
    Column("tracks_text", "Tracks"),
    Column("area_km2", "Area", "km²", 3),
    Column("los_rate_mean_mm_per_yr", "Mean LOS rate", "mm/yr", 1, "Positive towards the satellite"),
    Column("los_rate_p95_mm_per_yr", "P95 LOS rate", "mm/yr", 1, "95th percentile along the direction of motion"),
    Column("los_rate_max_mm_per_yr", "Max LOS rate", "mm/yr", 1, "Largest along the direction of motion"),
    Column(
        "los_rate_bound_mm_per_yr", "Faster than", "mm/yr", 0, "LOS; where it stands, the rates beside it are too low"
    ),
    Column("phase_cycles_per_yr", "Cycles", "1/yr", 1, "2π cycles of phase in a year"),
    Column(
        "patch_brightness", "Bright\u00adness", "", 2, "Contrast of the averaged phase's colours with the ground around"
    ),
    Column("perimeter_over_area_per_km", "Perimeter / area", "1/km", 1),
    Column("elevation_mean_m", "Height", "m", 0, "Mean ellipsoidal height"),
    Column("slope_mean_deg", "Slope", "°", 0, "Mean slope"),
    Column("aspect_mean_deg", "Aspect", "°", 0, "Mean downslope direction, clockwise from north"),
    Column("probability_mean", "Proba\u00adbility", "", 2, "Mean of the network's probability"),
    Column("coherence_mean", "Cohe\u00adrence", "", 2, "Mean of the pair coherence"),
    Column("landslide_probability", "Land\u00adslide", "", 2, "Probability that the object is a landslide"),
    Column("confidence", "Confidence", hint="That probability: high from 0.9, medium from 0.7, low"),
    Column("lat", "Lat\u00aditude", "°", 5, "WGS 84, north positive, of a point inside"),
    Column("lon", "Long\u00aditude", "°", 5, "WGS 84, east positive, of a point inside"),
)
# What a reader asks first, then the rest.
_LEADING = ("area_km2", "change", "confidence", "landslide_probability", "lat", "lon")
_BY_KEY = {column.key: column for column in LANDSLIDES}
EARLIER = tuple(_BY_KEY[key] for key in ("area_km2", "los_rate_mean_mm_per_yr", "change", "tracks_text", "confidence"))
# What the tracks together tell of the motion.
MOTION = (
    Column("downslope_rate_mm_per_yr", "Down the slope", "mm/yr", 1, "If it moves along the steepest line"),
    Column("los_rate_bound_mm_per_yr", "LOS, faster than", "mm/yr", 0),
    Column("east_text", "East"),
    Column("up_text", "Up"),
    Column("state", "State"),
)
POPUP = (
    Column("downslope_rate_mm_per_yr", "Down the slope", "mm/yr", 1, "If it moves along the steepest line"),
    *(_BY_KEY[key] for key in _LEADING),
    *(column for column in LANDSLIDES if column.key not in _LEADING),
    Column("los_rate_mean_std_mm_per_yr", "Mean LOS rate, ±", "mm/yr", 1, "Standard error of the mean"),
    Column("east_rate_mm_per_yr", "East", "mm/yr", 1, "Of tracks that look from both sides, north taken as 0"),
    Column("east_rate_std_mm_per_yr", "East, ±", "mm/yr", 1),
    Column("up_rate_mm_per_yr", "Up", "mm/yr", 1, "Of tracks that look from both sides, north taken as 0"),
    Column("up_rate_std_mm_per_yr", "Up, ±", "mm/yr", 1),
    Column(
        "state",
        "State",
        hint="Its last six acquisitions against all before; 1 % of steady objects are taken for changing",
    ),
    Column("downslope_rate_bound_mm_per_yr", "Down the slope faster than", "mm/yr", 0),
    Column("status_text", "Status"),
    Column("comment", "Comment", hint="Of the reviewer"),
    Column("evidence", "Evidence", hint="Links of the reviewer"),
)
CHANGES = (
    Column("ls_id", "Id"),
    Column("change_text", "Change"),
    Column("detail", "Detail"),
    Column("related", "Related"),
    Column("area_before_km2", "Area before", "km²", 3),
    Column("area_after_km2", "Area now", "km²", 3),
    Column("los_rate_before_mm_per_yr", "LOS speed before", "mm/yr", 1),
    Column("los_rate_after_mm_per_yr", "LOS speed now", "mm/yr", 1),
)
MASKED = (
    Column("reason_text", "Reason (the first that holds)"),
    Column("count", "Objects", digits=0),
    Column("area_km2", "Area", "km²", 3),
)
SCENES = (
    Column("stack", "Track"),
    Column("date", "Date (UTC)"),
    Column("time", "Time (UTC)"),
    Column("bperp_m", "Perpendicular baseline", "m", 1, "Relative to the first date of the track"),
    Column("pairs", "Pairs", digits=0),
    Column("coherence", "Mean coherence", "", 2, "Of the pairs that the date takes part in"),
    Column("product", "Product"),
)
RUN_TIMES = (
    Column("rule", "Rule"),
    Column("jobs", "Jobs", digits=0),
    Column("wall_s", "Wall time", "s", 1, "Sum over the jobs"),
    Column("cpu_s", "CPU time", "s", 1, "Sum over the jobs"),
    Column("memory_mb", "Peak memory", "MB", 0, "Largest resident set of a job"),
)
PLANTED = (
    Column("planted_id", "Planted"),
    Column("kind", "Type"),
    Column("area_km2", "Area", "km²", 3),
    Column("speeds", "LOS speed by track", "mm/yr", hint="90th percentile of the true speed where the track sees it"),
    Column("scored_text", "Scored"),
    Column("ls_id", "Found as"),
    Column("iou", "IoU", "", 2, "With the landslide it is matched to"),
    Column("best_iou", "Best IoU", "", 2, "With any released landslide"),
)
PIXELS = (
    Column("stack", "Track"),
    Column("precision", "Precision", "", 3),
    Column("recall", "Recall", "", 3),
    Column("f1", "F1", "", 3),
    Column("iou", "IoU", "", 3),
    Column("cells", "Cells", "", 0, "Cells that the track sees"),
)
DECOYS = (
    Column("name", "Decoy"),
    Column("kind", "Kind"),
    Column("area_km2", "Area", "km²", 3),
    Column("fate", "Fate"),
)
SCORES = (
    Column("measure", "Measure"),
    Column("value", "Value"),
)

TYPES = {1: "strong", 2: "elongated", 3: "small, slow"}


def ground_columns(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns that files of the user bring: shares of ground, and what stands on an object.

    Parameters
    ----------
    names : iterable of str
        Columns of the release.

    Returns
    -------
    tuple of Column
        In their order; none where the release has none.
    """
    digits: dict[type, int | None] = {float: 2, int: 0, str: None}
    return tuple(
        Column(
            name,
            published.title(name, with_unit=False),
            published.unit(name),
            digits[kind],
            published.meaning(name) or "",
        )
        for name, kind in further(names).items()
    )


def build(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], key: str = "ls_id") -> ReportTable:
    """The columns that at least one row has, filled from the rows.

    Of more than `MAX_ROWS` rows those with the largest area are there, or the first ones where rows
    have no area.

    Parameters
    ----------
    columns : sequence of Column
        All columns.
    rows : iterable of mapping of str to Any
        Values by column.
    key : str, default 'ls_id'
        Column of the rows' ids.

    Returns
    -------
    ReportTable
        The table, in the order of the rows.
    """
    everything = list(rows)
    by_area = any(_known(row.get("area_km2")) for row in everything)
    left_out = ""
    if len(everything) > MAX_ROWS:
        left_out = f"The {'largest' if by_area else 'first'} {MAX_ROWS} of {number(len(everything), 0)}"
    rows = largest(everything, MAX_ROWS)
    present = tuple(column for column in columns if any(_known(row.get(column.key)) for row in rows)) or tuple(columns)
    cells = [[cell(row.get(column.key), column.digits) for column in present] for row in rows]
    return ReportTable(present, cells, [str(row.get(key, "")) for row in rows], left_out, len(everything))


def largest(rows: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """The rows with the largest areas, in their order.

    Parameters
    ----------
    rows : sequence of mapping of str to Any
        `area_km2`, where it is known.
    count : int
        How many are wanted.

    Returns
    -------
    list of mapping
        At most so many; the first of rows with one area.
    """
    areas = [_float(row.get("area_km2")) or 0.0 for row in rows]
    chosen = sorted(range(len(rows)), key=lambda index: -areas[index])[:count]
    return [rows[index] for index in sorted(chosen)]


def cell(value: Any, digits: int | None) -> Cell:
    """A value as a cell.

    Parameters
    ----------
    value : Any
        Number, text, or None or NaN for unknown.
    digits : int or None
        Decimals of a number; None: the value is text.

    Returns
    -------
    Cell
        A number has a real minus sign and no negative zero.
    """
    if not _known(value):
        return Cell(MISSING)
    if digits is None or isinstance(value, str):
        return Cell(str(value), str(value))
    return Cell(number(float(value), digits), float(value))


def number(value: float, digits: int) -> str:
    """A number as text.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Its decimals.

    Returns
    -------
    str
        Thousands set apart, a real minus sign, no negative zero.
    """
    text = f"{value:,.{digits}f}".replace(",", "\u2009")
    if not float(text.replace("\u2009", "")):
        text = text.lstrip("-")
    return text.replace("-", "−")


def area(km2: float) -> str:
    """An area as text.

    Parameters
    ----------
    km2 : float
        The area.

    Returns
    -------
    str
        With two decimals, or more where it would be nought.
    """
    digits = 2 if km2 >= 0.01 or not km2 else 1 - math.floor(math.log10(km2))
    return number(km2, digits)


def all_of(count: int, what: str) -> str:
    """The heading of a list that can be opened.

    Parameters
    ----------
    count : int
        Its rows.
    what : str
        What a row is, in the singular.

    Returns
    -------
    str
        Such as `All 12 acquisitions`, or `The one acquisition`.
    """
    return f"The one {what}" if count == 1 else f"All {count} {what}s"


def landslide_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a release with the readable columns of `LANDSLIDES`.

    Parameters
    ----------
    rows : iterable of mapping of str to Any
        Rows of the release.

    Returns
    -------
    list of dict
        The rows, with type, tracks, status and change as text.
    """
    return [
        dict(row)
        | {
            "type_text": TYPES.get(int(row.get("object_type") or 0), ""),
            "tracks_text": str(row.get("tracks") or row.get("track") or "").replace("+", ", "),
            "status_text": words(row.get("status")),
            "change": words(row.get("change")),
        }
        for row in rows
    ]


def masked_rows(rows: Iterable[Mapping[str, Any]], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Count and area by the first reason.

    Parameters
    ----------
    rows : iterable of mapping of str to Any
        Masked objects.
    texts : mapping of str to str
        Spells the codes out.

    Returns
    -------
    list of dict
        Largest count first.
    """
    groups: dict[str, list[Mapping]] = {}
    for row in rows:
        groups.setdefault(held_back_by(row), []).append(row)
    found = [
        {
            "reason_text": texts.get(code, words(code)),
            "count": len(g),
            "area_km2": sum(row.get("area_km2", 0.0) for row in g),
        }
        for code, g in groups.items()
    ]
    return sorted(found, key=lambda row: (-row["count"], row["reason_text"]))


def change_rows(release: Path) -> list[dict[str, Any]]:
    """Rows of CHANGES.csv, numbers parsed.

    Parameters
    ----------
    release : Path
        Folder of the release.

    Returns
    -------
    list of dict
        None where a number is unknown.
    """
    return [row.model_dump() | {"change_text": words(row.change)} for row in records.changes(release)]


def run_time_rows(folder: Path) -> list[dict[str, Any]]:
    """One row a rule from Snakemake's benchmark tables.

    Parameters
    ----------
    folder : Path
        Holds `rule.tsv` or `rule/...tsv`.

    Returns
    -------
    list of dict
        The costliest first.
    """
    files = sorted((path.relative_to(folder).with_suffix("").parts[0], path) for path in folder.rglob("*.tsv"))
    rows = []
    for rule, members in groupby(files, key=lambda item: item[0]):
        runs = [run for _, path in members for run in _benchmark(path)]
        if runs:
            rows.append(
                {
                    "rule": rule,
                    "jobs": len(runs),
                    "wall_s": sum(_float(run.get("s")) or 0.0 for run in runs),
                    "cpu_s": sum(_float(run.get("cpu_time")) or 0.0 for run in runs),
                    "memory_mb": max((_float(run.get("max_rss")) or 0.0 for run in runs), default=0.0),
                }
            )
    return sorted(rows, key=lambda row: (-row["cpu_s"], row["rule"]))


@dataclass(frozen=True)
class Throughput:
    """How fast the network read the tracks.

    Attributes
    ----------
    km2 : float
        Ground of all tracks.
    seconds : float
        Wall time of all jobs.
    """

    km2: float
    seconds: float

    @property
    def text(self) -> str:
        """In words."""
        speed = number(self.km2 / self.seconds, 1)
        return (
            f"{number(self.km2, 0)} km2 of track in {number(self.seconds, 0)} s, {speed} km2/s with reading and writing"
        )


def throughput(folder: Path | None, settings: Mapping[str, Any], region_km2: float) -> Throughput | None:
    """Speed of the inventory's network (P2 5.1; G09).

    Parameters
    ----------
    folder : Path or None
        Snakemake's benchmark tables.
    settings : mapping of str to Any
        The configuration, for the name of the network.
    region_km2 : float
        Area of the region; each track reads all of it.

    Returns
    -------
    Throughput or None
        None without a table of a job.
    """
    model = settings.get("segmentation", {}).get("model", "*")
    files = sorted(folder.glob(f"segment*/*/*/{model}.tsv")) if folder else []
    seconds = [_float(run.get("s")) for path in files for run in _benchmark(path)]
    known = [one for one in seconds if one]
    return Throughput(len(known) * region_km2, sum(known)) if known else None


def score_table(scores: Mapping[str, Any]) -> ReportTable:
    """Scores against the planted truth; measures that the file does not have are left out.

    Parameters
    ----------
    scores : mapping of str to Any
        scores.json of a simulated region.

    Returns
    -------
    ReportTable
        The columns `SCORES`.
    """
    rows = []

    def add(measure: str, value: Any, digits: int, unit: str = "") -> None:
        if (known := _float(value)) is not None:
            rows.append([Cell(measure), Cell(f"{number(known, digits)} {unit}".strip(), known)])

    add("Landslides planted", scores.get("planted"), 0)
    add("Of these scored: large, fast and visible enough", scores.get("scored"), 0)
    for key in ("planted", "released"):
        add(f"Not scored, in frames left out: landslides {key}", scores.get(f"{key}_left_out") or None, 0)
    for key, measure in (("recall", "Object recall"), ("precision", "Object precision"), ("f1", "Object F1")):
        add(measure, scores.get(f"object_{key}"), 3)
    predicted = scores.get("predicted_rmse_mm_per_yr") or {}
    for stack, rmse in sorted((scores.get("los_rmse_mm_per_yr") or {}).items()):
        add(f"LOS rate RMSE, {stack}", rmse, 2, "mm/yr")
        if expected := _float(predicted.get(stack)):
            kind = scores.get("rate_error", "predicted")
            add(f"LOS rate RMSE over the {kind} error, {number(expected, 2)} mm/yr, {stack}", rmse / expected, 2)
    for stack, rmse in sorted((scores.get("levelled_rmse_mm_per_yr") or {}).items()):
        add(f"LOS rate RMSE of the levelled map of all frames, {stack}", rmse, 2, "mm/yr")
    return ReportTable(SCORES, rows, [""] * len(rows))


def decoy_rows(decoys: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The decoys of a simulated region with what became of them; a released one is an error.

    Parameters
    ----------
    decoys : iterable of mapping of str to Any
        Of scores.json.

    Returns
    -------
    list of dict
        The columns `DECOYS`.
    """
    return [
        {
            "name": row.get("decoy_id") or number,
            "kind": words(row.get("kind")),
            "area_km2": row.get("area_km2"),
            "fate": words(row.get("fate")),
        }
        for number, row in enumerate(decoys, start=1)
    ]


def planted_rows(planted: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The planted landslides of a simulated region.

    Parameters
    ----------
    planted : iterable of mapping of str to Any
        Of scores.json.

    Returns
    -------
    list of dict
        `speeds` lists the tracks that see each.
    """
    rows = []
    for row in planted:
        speeds = row.get("los_speed_mm_per_yr") or {}
        seen = [f"{track} {number(speed, 0)}" for track, speed in sorted(speeds.items()) if speed is not None]
        rows.append(dict(row) | {"speeds": ", ".join(seen), "scored_text": _scored_text(row)})
    return rows


def _scored_text(row: Mapping[str, Any]) -> str:
    return "yes" if row.get("scored") else "frame left out" if row.get("left_out") else "no"


def leaves(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Every leaf of a nested configuration, in its order.

    Parameters
    ----------
    settings : mapping of str to Any
        The configuration as nested plain values.
    prefix : str, optional
        Of the keys.

    Returns
    -------
    list of (str, str)
        Dotted key, value as JSON.
    """
    found = []
    for key, value in settings.items():
        name = f"{prefix}{key}"
        found += leaves(value, f"{name}.") if isinstance(value, Mapping) and value else [(name, _plain(value))]
    return found


def popup_rows(row: Mapping[str, Any], columns: Sequence[Column]) -> list[tuple[str, str]]:
    """The known columns of one object.

    Parameters
    ----------
    row : mapping of str to Any
        The object.
    columns : sequence of Column
        Columns to show.

    Returns
    -------
    list of (str, str)
        Label, value with unit.
    """
    pairs = []
    for column in columns:
        if column.key != "ls_id" and _known(row.get(column.key)):
            text = cell(row[column.key], column.digits).text
            label = column.label.replace("\u00ad", "")  # no soft hyphens outside headings
            pairs.append((label, f"{text} {column.unit}".strip().replace(" °", "°")))
    return pairs


def rates_by_track(
    row: Mapping[str, Any], motion: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None
) -> list[tuple[str, str]]:
    """Mean LOS rate of an object in each track.

    Parameters
    ----------
    row : mapping of str to Any
        The object; its `los_rate_by_track` is JSON.
    motion : mapping, optional
        By track and `candidate_id` the mean rate with its standard error (`inventory.followed`),
        which also tracks have that did not find the object.

    Returns
    -------
    list of (str, str)
        Label, value with unit.
    """
    released = rates_of(row.get("los_rate_by_track") or "", str(row.get("ls_id")))
    rates: dict[str, tuple[float, float | None]] = {track: (rate, None) for track, rate in released.items()}
    for track, objects in (motion or {}).items():
        if measured := objects.get(str(row.get("candidate_id"))):
            rates[track] = measured["los_rate_mean_mm_per_yr"], measured["los_rate_mean_std_mm_per_yr"]
    return [
        (f"Mean LOS rate {track}", f"{number(rate, 1)}{'' if std is None else f' ± {number(std, 1)}'} mm/yr")
        for track, (rate, std) in sorted(rates.items())
    ]


def motion_rows(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the tracks together tell of the motion of an object, with errors.

    Parameters
    ----------
    row : mapping of str to Any
        The object.

    Returns
    -------
    list of (str, str)
        Label, value with unit; what is unknown is left out.
    """
    texts = {}
    for way in ("east", "up"):
        rate, std = _float(row.get(f"{way}_rate_mm_per_yr")), _float(row.get(f"{way}_rate_std_mm_per_yr"))
        if rate is not None and std is not None:
            texts[f"{way}_text"] = f"{number(rate, 1)} ± {number(std, 1)} mm/yr"
    return popup_rows(dict(row) | texts, MOTION)


def words(code: Any) -> str:
    """A code in plain English: `not_observable+grown` as `not observable, grown`.

    Parameters
    ----------
    code : Any
        The code; None, NaN or empty for none.

    Returns
    -------
    str
        Text.
    """
    return str(code).replace("_", " ").replace("+", ", ") if _known(code) else ""


def _known(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and math.isnan(value))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _benchmark(path: Path) -> list[dict[str, str]]:
    try:
        return bounded.csv_rows(path, ReleaseError, ("s",), delimiter="\t")
    except ReleaseError as error:  # run times are no part of the results
        log.warning("%s; leaving it out", error.problem)
        return []


def _float(value: Any) -> float | None:
    try:
        return float(value) if math.isfinite(float(value)) else None
    except (TypeError, ValueError):
        return None

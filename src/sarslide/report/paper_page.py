"""The part of the report that sets a paper's statements, tables and figures beside those of the
region, with its known errors and with what the paper leaves open.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sarslide import papers
from sarslide.report.stages import iso
from sarslide.report.tables import MISSING, NOT_RUN, Cell, Column, ReportTable, number

STATEMENTS = (
    Column("what", "Quantity"),
    Column("printed", "Paper"),
    Column("where", "Where"),
    Column("ours", "This region"),
)
ASSUMED = (Column("key", "Key"), Column("value", "Our value"), Column("reason", "Why it is ours"))
NOT_HERE = "not answered by this run"


def content(
    paper: str,
    assumptions: Mapping[str, str],
    assumed: Mapping[str, Any],
    measured: Mapping[str, str],
    published: Sequence[Mapping[str, Any]],
    drawn: Mapping[str, str] | None = None,
) -> dict[str, Any] | None:
    """Values of the template's part about a paper.

    Parameters
    ----------
    paper : str
        Key of the paper; empty: the region follows none.
    assumptions : mapping of str to str
        Reason by key of the configuration.
    assumed : mapping of str to Any
        Our value by key.
    measured : mapping of str to str
        Of `measured`.
    published : sequence of mapping of str to Any
        Tables of the published studies/records/benchmark.json, which hold our scores beside the
        paper's; without them the paper's stand alone.
    drawn : mapping of str to str, optional
        Anchor on the page of each figure that was drawn, by `PaperFigure.drawn`.

    Returns
    -------
    dict of str to Any or None
        Values by the names of the template; None for a region that follows no paper.
    """
    if paper not in papers.papers():
        return None
    about = papers.papers()[paper]
    return {
        "key": paper,
        "about": about,
        "statements": _table(
            STATEMENTS,
            [(s.what, s.printed, s.where, measured.get(s.ours, NOT_HERE)) for s in about.statements],
        ),
        "tables": _tables(paper, published),
        "figures": [_answer(one, drawn or {}) for one in about.figures],
        "assumptions": _table(
            ASSUMED, [(key, _value(assumed[key]), reason) for key, reason in sorted(assumptions.items())]
        ),
    }


def measured(
    summary: Mapping[str, Any],
    dates: Mapping[str, int],
    landslides: Sequence[Mapping[str, Any]],
    geometry: Mapping[str, Mapping[str, float]],
    rates: Mapping[str, tuple[float, float]],
    speed: str = "",
) -> dict[str, str]:
    """Answers of the region to the papers' statements.

    Parameters
    ----------
    summary : mapping of str to Any
        The head of the report.
    dates : mapping of str to int
        Acquisitions by track.
    landslides : sequence of mapping of str to Any
        Rows of the release.
    geometry : mapping of str to mapping of str to float
        Of each track `incidence` and `heading`, degree, means.
    rates : mapping of str to (float, float)
        Smallest and largest LOS rate of each track, mm/yr, positive towards the satellite.
    speed : str, optional
        How fast the network was.

    Returns
    -------
    dict of str to str
        Text by the key of a statement.
    """
    tracks = sorted(dates)
    areas = [float(row["area_km2"]) for row in landslides]
    speeds = [
        abs(float(row["los_rate_max_mm_per_yr"])) for row in landslides if row.get("los_rate_max_mm_per_yr") is not None
    ]
    seen_by = [str(row.get("tracks") or row.get("track") or "").split("+") for row in landslides]
    found = {
        "dates": ", ".join(f"{dates[track]} dates {track}" for track in tracks),
        "pairs": f"{summary['pairs']}",
        "period": f"{iso(summary['first'])} to {iso(summary['last'])}" if summary["first"] else "",
        "region_km2": f"{number(summary['region_km2'], 0)} km2",
        "landslides": f"{summary['landslides']} in {number(summary['region_km2'], 0)} km2",
        "landslide_share": f"1 of {number(summary['region_km2'] / summary['landslide_km2'], 0)}"
        if summary["landslide_km2"]
        else "",
        "speed": speed,
        "both_tracks": f"{sum(len(found) > 1 for found in seen_by)} of {len(landslides)} seen by several tracks",
        "by_track": ", ".join(f"{sum(track in found for found in seen_by)} {track}" for track in tracks),
        "rate_range": ", ".join(
            f"{number(low, 1)} to {number(high, 1)} mm/yr {t}" for t, (low, high) in sorted(rates.items())
        ),
    }
    for key, unit in (("incidence", "°"), ("heading", "°")):
        found[key] = ", ".join(
            f"{number(of[key], 1)}{unit} {track}" for track, of in sorted(geometry.items()) if key in of
        )
    if areas:
        found |= {
            f"{word}_km2": f"{value:.3g} km2" for word, value in (("largest", max(areas)), ("smallest", min(areas)))
        }
        found["mean_km2"] = f"{sum(areas) / len(areas):.3g} km2"
    if speeds:
        found["fastest"] = f"{number(max(speeds), 0)} mm/yr"
    return {key: text for key, text in found.items() if text}


def _answer(figure: papers.PaperFigure, drawn: Mapping[str, str]) -> dict[str, str]:
    """Where the page has a figure of a paper, or why it has none."""
    found = {"number": figure.number, "shows": figure.shows, "lacks": figure.lacks, "why": figure.why}
    if figure.drawn in drawn:
        return found | {"anchor": drawn[figure.drawn]}
    if figure.ours.endswith(".md"):
        return found | {"file": figure.ours}
    return found | ({"anchor": figure.ours} if figure.ours else {})


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> ReportTable:
    return ReportTable(tuple(columns), [[Cell(text, text) for text in row] for row in rows], [""] * len(rows))


def _tables(paper: str, published: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The paper's tables of accuracy, with our scores beside them where the benchmark has any, else
    as printed; then its other tables.
    """
    found = []
    for table in papers.tables():
        if table.recipe == paper.lower():
            ours = [one for one in published if one["key"].startswith(f"{table.key}.") and _was_run(one, table)]
            found += [
                {"title": one["title"], "table": _table(_numbered(one["columns"]), one["rows"]), "notes": one["notes"]}
                for one in ours or [_printed(table)]
            ]
    return found + [
        {"title": one.title, "table": _table(_numbered(one.columns), one.rows), "notes": one.notes}
        for one in papers.papers()[paper].printed
    ]


def _was_run(published: Mapping[str, Any], table: papers.PaperTable) -> bool:
    """Whether the benchmark has a score of ours for any row."""
    of_ours = [k for k, name in enumerate(published["columns"]) if k >= len(table.labels) and "paper" not in name]
    return any(row[k] != NOT_RUN for row in published["rows"] for k in of_ours)


def _printed(table: papers.PaperTable) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": (*table.labels, *(column.name for column in table.columns)),
        "rows": [(*row.labels, *(f"{value:g}" for value in row.printed)) for row in table.rows],
        "notes": list(table.notes),
    }


def _numbered(names: Sequence[str]) -> list[Column]:
    return [Column(str(k), name) for k, name in enumerate(names)]


def _value(value: Any) -> str:
    """A value of the configuration as text; what is not text as JSON."""
    return (value or MISSING) if isinstance(value, str | None) else json.dumps(value)

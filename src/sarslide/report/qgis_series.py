"""The series of an object in QGIS: a map tip that draws them from the table `series` of the
release, by expressions of QGIS alone.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sarslide.names import days_between
from sarslide.report.stages import iso, track_colours

TABLE = "series"
WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 42, 12, 12, 20


def spans(package: Path) -> dict[str, tuple[str, str]]:
    """The tracks whose series a GeoPackage holds.

    Parameters
    ----------
    package : Path
        Of a release, or of an export.

    Returns
    -------
    dict of str to (str, str)
        First and last date (YYYYMMDD) by track; empty without a table of series.
    """
    with closing(sqlite3.connect(f"{package.resolve().as_uri()}?mode=ro", uri=True)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone():
            return {}
        rows = database.execute(f"SELECT track, min(date), max(date) FROM {TABLE} GROUP BY track ORDER BY track")
        return {track: (first, last) for track, first, last in rows}


def tip(tracks: Mapping[str, tuple[str, str]], layer: str) -> str:
    """What QGIS shows where the pointer rests on an object: its id, mean rate and series.

    Parameters
    ----------
    tracks : mapping of str to (str, str)
        As of `spans`.
    layer : str
        Id of the layer with the table, in the project.

    Returns
    -------
    str
        HTML with expressions of QGIS in [% %]; an object without a series has no plot.
    """
    colours = track_colours(list(tracks))
    first, last = min(start for start, _ in tracks.values()), max(end for _, end in tracks.values())
    middle = (TOP + HEIGHT - BOTTOM) / 2
    half = middle - TOP
    across = (WIDTH - LEFT - RIGHT) / max(1, days_between(first, last))
    x = f"round({LEFT} + {across:.5f} * day(to_date(\"date\", 'yyyyMMdd') - to_date('{first}', 'yyyyMMdd')), 1)"
    y = f'round({middle} - {half} * "displacement_mm" / @top, 1)'
    mine = "\"ls_id\" = attribute(@parent, 'ls_id')"
    top = f"max(1, aggregate('{layer}', 'max', abs(\"displacement_mm\"), {mine}))"
    lines = "".join(
        f'<polyline fill="none" stroke="{colours[track]}" stroke-width="1.5" points="\' || coalesce(aggregate('
        f"'{layer}', 'concatenate', {x} || ',' || {y}, {mine} and \"track\" = '{track}', ' ', \"date\"), '') || '\"/>"
        for track in tracks
    )
    axes = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}" stroke="{colour}"/>'
        for at, colour in ((TOP, "#dddddd"), (middle, "#888888"), (HEIGHT - BOTTOM, "#dddddd"))
    )
    words = "".join(
        f'<text x="{at[0]}" y="{at[1]}" font-size="10" text-anchor="{anchor}">{word}</text>'
        for at, anchor, word in (
            ((LEFT - 4, TOP + 4), "end", "' || round(@top) || '"),
            ((LEFT - 4, middle + 4), "end", "0 mm"),
            ((LEFT - 4, HEIGHT - BOTTOM + 4), "end", "−' || round(@top) || '"),
            ((LEFT, HEIGHT - 5), "start", iso(first)),
            ((WIDTH - RIGHT, HEIGHT - 5), "end", iso(last)),
        )
    )
    plot = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">{axes}{lines}{words}</svg>'
    key = " ".join(f'<b style="color:{colours[track]}">{track}</b>' for track in tracks)
    return (
        f"<b>[% \"ls_id\" %]</b> [% coalesce(round(\"los_rate_mean_mm_per_yr\", 1) || ' mm/yr', '') %]<br>"
        f"[% coalesce(with_variable('top', {top}, '{plot}'), '') %]<br>"
        f"{key} displacement towards the satellite since the first date, mean of the object"
    )

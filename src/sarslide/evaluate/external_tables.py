"""The comparison with an external inventory as files and text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd

from sarslide.evaluate.external import MATCHES, POINTS, Comparison
from sarslide.inventory.tables import typed
from sarslide.io.spreadsheet import csv_text

DIGITS = 6


def matches_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text of external_matches.csv.

    Parameters
    ----------
    rows : sequence of mapping
        Of both sides of a `Comparison`.

    Returns
    -------
    str
        The columns `external.MATCHES`.
    """
    return csv_text(rows, MATCHES)


def layers_of(comparison: Comparison, points: Sequence[Mapping[str, Any]], crs: int) -> dict[str, gpd.GeoDataFrame]:
    """Layers of external.gpkg.

    Parameters
    ----------
    comparison : Comparison
        Objects of both sides.
    points : sequence of mapping
        Of `external.check_points`.
    crs : int
        EPSG code of the region.

    Returns
    -------
    dict of str to GeoDataFrame
        external, released, points.
    """
    sides = {"external": comparison.external, "released": comparison.released}
    return {name: typed(rows, MATCHES, crs) for name, rows in sides.items()} | {"points": typed(points, POINTS, crs)}


def plain(value: Any) -> Any:
    """Scores for JSON: six decimals, so that the same release gives the same bytes.

    Parameters
    ----------
    value : Any
        Nested scores.

    Returns
    -------
    Any
        The same.
    """
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return round(value, DIGITS) if isinstance(value, float) and math.isfinite(value) else value


def table(scores: Mapping[str, Any]) -> str:
    """Scores against an external inventory and field checks, as lines of text.

    Parameters
    ----------
    scores : mapping of str to Any
        external_scores.json.

    Returns
    -------
    str
        Lines for log and terminal.
    """
    lines = [f"release {scores['release']}"]
    if found := scores["inventory"]:
        apart = ", ".join(f"{row['landslides']} {reason}" for reason, row in found["apart"].items())
        lines.append(f"external landslides {found['external']}, counted {found['counted']} (apart: {apart})")
        lines += [_line(word, found[word], found["counted"], found["judged"]) for word in ("matched", "linked")]
        for track, row in found["tracks"].items():
            line = f"track {track}: observes {row['landslides']}, found by it {row['found_by_track']}"
            lines.append(f"{line}, in the release {row['released']} of this track")
    if checks := scores["points"]:
        count = ", ".join(f"{checks[word]} {word}" for word in ("confirmed", "missed", "refuted"))
        lines.append(f"field checks {checks['checks']}: {count}; recall {_share(checks['recall'])}")
        p4 = checks["as_p4"]
        lines.append(
            f"as P4 counts: {p4['recognised']} of {p4['areas']} areas, {100 * p4['share']:.2f} %; F1"
            f" {100 * p4['f1_if_none_false']:.2f} % if none were false"
        )
    return "\n".join(lines)


def _line(word: str, row: Mapping[str, Any], counted: int, judged: int | None) -> str:
    text = f"{word:<8} recall {_share(row['recall'])} ({row['found']} of {counted})"
    if row["precision"] is None:
        return f"{text}, precision not stated: the inventory does not claim to be complete"
    return f"{text}, precision {_share(row['precision'])} ({row['right']} of {judged}), F1 {_share(row['f1'])}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"

"""The part of the report that sets an inventory of others and field checks beside the release."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd

from sarslide.io import vector
from sarslide.io.sidecar import read_json
from sarslide.report import tables, webmap
from sarslide.report.inputs import ExternalFiles
from sarslide.report.reading import records
from sarslide.report.tables import Cell, Column, ReportTable

SHARES = (
    Column("group", "Landslides of the inventory"),
    Column("landslides", "Counted", digits=0),
    Column("found", "Found", "", 0, "Matched one to one"),
    Column("linked", "Linked", "", 0, "Matched, or half of the smaller outline in common"),
    Column("recall", "Recall", "", 3, "Found over counted"),
)
TRACKS = (
    Column("track", "Track"),
    Column("landslides", "Observable", "", 0, "Landslides of which the track sees at least half"),
    Column("found", "Found", "", 0, "Matched with an object of any track"),
    Column("found_by_track", "Found by it", "", 0, "Matched with an object that this track sees"),
    Column("recall_of_track", "Recall", "", 3, "Found by it over observable"),
    Column("released", "Released", "", 0, "Objects of the release that this track sees"),
)
MATCHES = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("kind", "Kind"),
    Column("area_km2", "Area", "km²", 3),
    Column("tracks_text", "Seen by"),
    Column("relation_text", "Match"),
    Column("linked_text", "With"),
    Column("iou", "IoU", "", 2, "With its match, else the largest"),
    Column("overlap", "Overlap", "", 2, "Share of its area that the other inventory has, too"),
    Column("distance_m", "Distance", "m", 0, "To the nearest outline of the other inventory"),
    Column("offset_m", "Offset", "m", 0, "Between the centres of two that match"),
    Column("why", "Apart, or in its place"),
)
POINTS = (
    Column("id", "Check"),
    Column("seen", "Seen in the field"),
    Column("result", "Result"),
    Column("ls_text", "Object"),
    Column("tracks_text", "Observable by"),
)
STYLE = {"color": "#1565c0", "weight": 2, "fillOpacity": 0.01}
LACKING = {"dashArray": "3 4"}
POINT_STYLE = {"color": "#2e7d32", "weight": 2, "fillOpacity": 0.5}
POINT_COLOURS = {"missed": "#c62828", "refuted": "#ef6c00", "nothing there": "#616161"}


@dataclass(frozen=True)
class External:
    """The comparison as the report shows it.

    Attributes
    ----------
    scores : mapping of str to Any
        external_scores.json.
    external, released, points : GeoDataFrame
        The layers of external.gpkg.
    """

    scores: Mapping[str, Any]
    external: gpd.GeoDataFrame
    released: gpd.GeoDataFrame
    points: gpd.GeoDataFrame


def read(files: ExternalFiles) -> External:
    """The comparison from its files.

    Parameters
    ----------
    files : ExternalFiles
        Of the rule `score_external`.

    Returns
    -------
    External
        Scores and objects.
    """
    layers = (vector.read(files.objects, name) for name in ("external", "released", "points"))
    return External(read_json(files.scores), *layers)


def content(found: External) -> dict[str, Any]:
    """What the template shows of the comparison.

    Parameters
    ----------
    found : External
        The comparison.

    Returns
    -------
    dict of str to Any
        scores, tables.
    """
    inventory, checks = found.scores["inventory"], found.scores["points"]
    about: dict[str, Any] = {"inventory": inventory, "checks": checks, "release": found.scores["release"]}
    if inventory:
        groups = [{"group": f"{word} km²", **row} for word, row in inventory["areas_km2"].items()]
        groups += [{"group": kind, **row} for kind, row in inventory["kinds"].items()]
        apart = [
            {"group": f"apart: {tables.words(word)}", **row}
            for word, row in inventory["apart"].items()
            if row["landslides"]
        ]
        about |= {
            "summary": _summary(inventory),
            "groups": tables.build(SHARES, groups + apart, key="group"),
            "tracks": tables.build(
                TRACKS, [{"track": track, **row} for track, row in inventory["tracks"].items()], key="track"
            ),
            "external": tables.build(MATCHES, _match_rows(records(found.external)), key="id"),
            "released": tables.build(MATCHES, _match_rows(records(found.released)), key="id"),
        }
    if checks:
        about |= {"points": tables.build(POINTS, _point_rows(records(found.points)), key="id"), "p4": checks["as_p4"]}
    return about


def map_layers(found: External) -> list[webmap.VectorLayer]:
    """Outlines and points of the comparison, each with its match.

    Parameters
    ----------
    found : External
        The comparison.

    Returns
    -------
    list of VectorLayer
        Those that have a feature.
    """
    layers = []
    if len(found.external):
        rows = _match_rows(records(found.external))
        layers.append(
            webmap.VectorLayer(
                "external",
                f"Inventory of others ({len(rows)}; dashed: not found)",
                found.external,
                STYLE,
                [(row["name"] or row["id"], tables.popup_rows(row, MATCHES)) for row in rows],
                [row["id"] for row in rows],
                [{} if row["linked"] else LACKING for row in rows],
            )
        )
    if len(found.points):
        rows = _point_rows(records(found.points))
        layers.append(
            webmap.VectorLayer(
                "checks",
                f"Field checks ({len(rows)}; red: missed)",
                found.points,
                POINT_STYLE,
                [(row["id"], tables.popup_rows(row, POINTS[1:])) for row in rows],
                own=[{"color": POINT_COLOURS[row["result"]]} if row["result"] in POINT_COLOURS else {} for row in rows],
            )
        )
    return layers


def answers(found: External) -> dict[str, str]:
    """What the comparison answers to the statements of a paper.

    Parameters
    ----------
    found : External
        The comparison.

    Returns
    -------
    dict of str to str
        Text by the key of a statement; without field checks none.
    """
    checks = found.scores["points"]
    if not checks:
        return {}
    areas = checks["as_p4"]
    return {"field_check": f"{areas['recognised']} of {areas['areas']} areas"}


def _summary(inventory: Mapping[str, Any]) -> ReportTable:
    """Scores of matched and of linked objects; what is not known is left out."""
    rows = [
        ("Landslides of the inventory in the region", inventory["external"], 0),
        ("Of these counted: large enough, and observable by a track", inventory["counted"], 0),
        ("Released landslides", inventory["released"], 0),
        ("Of these where the inventory claims to be complete", inventory["judged"], 0),
    ]
    for word, kind in (("matched", "one to one"), ("linked", "matched or linked")):
        rows += [
            (f"{name.capitalize() if name != 'f1' else 'F1'}, {kind}", inventory[word][name], 3)
            for name in ("recall", "precision", "f1")
        ]
    known = [(measure, float(value), digits) for measure, value, digits in rows if value is not None]
    cells = [[Cell(measure), Cell(tables.number(value, digits), value)] for measure, value, digits in known]
    return ReportTable(tables.SCORES, cells, [""] * len(cells))


def _match_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        dict(row)
        | {
            "tracks_text": row["tracks"].replace("+", ", "),
            "relation_text": tables.words(row["relation"]),
            "linked_text": row["linked"].replace("+", ", "),
            "why": ", ".join(filter(None, (tables.words(row["reason"]), tables.words(row["note"])))),
        }
        for row in rows
    ]


def _point_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        dict(row) | {"ls_text": row["ls_id"].replace("+", ", "), "tracks_text": row["tracks"].replace("+", ", ")}
        for row in rows
    ]

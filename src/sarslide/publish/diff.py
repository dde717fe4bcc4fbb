"""What a release has that an earlier one of its region has not: new and gone landslides, grown and
shrunk, faster and slower ones, as a GeoPackage and a page.

Objects are the same by their uid, of releases that have none by their ls_id. What counts as a
change is what counts between one release and the next (`inventory.changes.ChangeRules`), so that
a diff over many releases tells also what has changed in small steps.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sarslide import names
from sarslide.errors import ReleaseError
from sarslide.inventory.changes import LAYERS, RELEASED, ChangeRules, common_speed, compare
from sarslide.inventory.styles import Style, qml, sld, style_row
from sarslide.inventory.tables import typed
from sarslide.io import vector
from sarslide.publish import page_map
from sarslide.publish.source import Publication

PACKAGE, PAGE = "diff.gpkg", "diff.html"
COLUMNS = {
    **dict.fromkeys(("ls_id", "uid", "name", "change", "changes", "detail", "layer_before", "layer_after"), str),
    **dict.fromkeys(("area_before_km2", "area_after_km2"), float),
    **dict.fromkeys(("los_speed_before_mm_per_yr", "los_speed_after_mm_per_yr", "lon", "lat"), float),
}
# Words and colour of each kind, in the order of the page; an object of several is at the first.
KINDS = {
    "new": ("New", "#d7301f"),
    "accelerated": ("Faster", "#ef6c00"),
    "grown": ("Grown", "#b8860b"),
    "gone": ("Gone", "#5b6a70"),
    "reclassified": ("Reclassified", "#7b1fa2"),
    "decelerated": ("Slower", "#1565c0"),
    "shrunk": ("Shrunk", "#00838f"),
    "persisting": ("As before", "#9e9e9e"),
}
NAN = float("nan")


def rows(old: Publication, new: Publication) -> list[dict[str, Any]]:
    """Every landslide, and other deformation, that either release has.

    Parameters
    ----------
    old, new : Publication
        Releases of one region.

    Returns
    -------
    list of dict
        `COLUMNS` and geometry: the later outline, of what is gone the earlier one. In the order of
        `KINDS`, then by number.

    Raises
    ------
    ReleaseError
        For releases of two regions, and of one that is not older than the other.
    """
    if old.region != new.region or old.epsg != new.epsg:
        raise ReleaseError(
            f"{old.folder}: is a release of {old.region}, {new.folder} of {new.region}",
            "compare releases of one region",
        )
    if old.manifest.sequence >= new.manifest.sequence:
        raise ReleaseError(
            f"{old.manifest.release}: is not older than {new.manifest.release}", "name the older release first"
        )
    before, after = _by_id(old), _by_id(new)
    pairs = [(before.get(key), after.get(key)) for key in {**before, **after}]
    found = [_row(was, now) for was, now in pairs if _in_force(was) or _in_force(now)]
    order = list(KINDS)
    return sorted(found, key=lambda row: (order.index(row["change"]), row["ls_id"]))


def write(old: Publication, new: Publication, found: Sequence[dict[str, Any]], folder: Path) -> None:
    """`diff.gpkg` and `diff.html`.

    Parameters
    ----------
    old, new : Publication
        The releases.
    found : sequence of dict
        Of `rows`.
    folder : Path
        Where they are written.
    """
    changed = typed(found, COLUMNS, new.epsg)
    outlines = typed([row | {"geometry": row["before"]} for row in found if row["before"]], COLUMNS, new.epsg)
    styles = tuple(
        Style(kind, words, colour, colour, 0.0 if kind == "gone" else 0.45, dash=kind == "gone")
        for kind, (words, colour) in KINDS.items()
    )
    style = style_row("changes", "changes", qml("change", styles), sld("changes", "change", styles), "changes by kind")
    vector.write_layers(folder / PACKAGE, {"changes": changed, "earlier_outlines": outlines}, [style])
    (folder / PAGE).write_text(page(old, new, found))


def page(old: Publication, new: Publication, found: Sequence[dict[str, Any]]) -> str:
    """A page that opens offline: a map, and a table for each kind of change.

    Parameters
    ----------
    old, new : Publication
        The releases.
    found : sequence of dict
        Of `rows`.

    Returns
    -------
    str
        HTML.
    """
    parts = [(kind, *KINDS[kind], [row for row in found if row["change"] == kind]) for kind in KINDS]
    ends = [names.parse_date(one.dates[-1]).isoformat() if one.dates else "" for one in (old, new)]
    return page_map.template("diff.html").render(
        old=old, new=new, parts=[part for part in parts if part[3]], ends=ends, kinds=KINDS, map=page_map.drawn(found)
    )


def _by_id(publication: Publication) -> dict[str, dict[str, Any]]:
    return {
        row["uid"] or row["ls_id"]: row | {"layer": layer}
        for layer in reversed(LAYERS)  # in the first layer that has it
        for row in publication.layers[layer].to_dict("records")
    }


def _in_force(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["layer"] in RELEASED


def _row(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> dict[str, Any]:
    """An object as a row; `before` is its earlier outline."""
    row = now if now is not None and (_in_force(now) or was is None) else was
    assert row is not None  # one of the two is there
    kinds, detail = _kinds(was, now)
    speeds = common_speed(was, now) if was and now else (NAN, NAN)
    return {
        **{name: row[name] for name in ("ls_id", "uid", "name", "lon", "lat", "geometry")},
        "change": next(kind for kind in KINDS if kind in kinds),
        "changes": "+".join(kinds),
        "detail": detail,
        "layer_before": was["layer"] if was else "",
        "layer_after": now["layer"] if now else "",
        "area_before_km2": was["area_km2"] if was else NAN,
        "area_after_km2": now["area_km2"] if _in_force(now) and now else NAN,
        "los_speed_before_mm_per_yr": speeds[0] if now else abs(row["los_rate_mean_mm_per_yr"]),
        "los_speed_after_mm_per_yr": speeds[1] if was else abs(row["los_rate_mean_mm_per_yr"]),
        "before": was["geometry"] if _in_force(was) and was else None,
    }


def _kinds(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> tuple[list[str], str]:
    """Kinds of change, and in words."""
    if was is None or not _in_force(was):
        return ["new"], f"was {was['layer']}" if was else ""
    if now is None or not _in_force(now):
        return ["gone"], " ".join(filter(None, (now["status"], now["reason_text"]))) if now else "in no layer"
    if was["layer"] != now["layer"]:
        return ["reclassified"], f"from {was['layer']} to {now['layer']}"
    kinds, details = compare(was, now, ChangeRules())
    return kinds, ", ".join(filter(None, details.values()))

"""Pages that open offline: their templates, and a map of outlines as SVG."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

MAP_SHARE = 0.02  # margin around the objects, of the longer side


def template(name: str) -> Template:
    """A template of this package, with the filter `number` (digits; nothing for what is unknown).

    Parameters
    ----------
    name : str
        Its file.

    Returns
    -------
    jinja2.Template
        Text is escaped.
    """
    loader = PackageLoader("sarslide.publish")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["number"] = lambda value, digits: "" if value != value else f"{value:.{digits}f}"
    return environment.get_template(name)


def drawn(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Outlines as paths of SVG, m from the upper left corner.

    Parameters
    ----------
    rows : sequence of mapping
        `geometry`, and perhaps `before`, another outline or None, in one CRS in metres.

    Returns
    -------
    dict of str to Any
        `width` and `height` of the map, `drawn` (of each row `row`, `path` and `before`), `bar`
        (length of the scale bar) and `line` (width of a line), m; empty without outlines.
    """
    shapes = gpd.GeoSeries([row[name] for row in rows for name in ("geometry", "before") if row.get(name)])
    if shapes.empty:
        return {}
    west, south, east, north = shapes.total_bounds
    margin = MAP_SHARE * max(east - west, north - south)
    west, north = west - margin, north + margin
    width, height = east + margin - west, north - south + margin

    def path(geometry: Any) -> str:
        parts = getattr(geometry, "geoms", [geometry])
        rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
        return "".join(
            "M" + "L".join(f"{x - west:.0f} {north - y:.0f}" for x, y in ring.coords) + "Z" for ring in rings
        )

    outlines = [
        {"row": row, "path": path(row["geometry"]), "before": path(row["before"]) if row.get("before") else ""}
        for row in rows
    ]
    bar = 10 ** len(str(int(width / 4))) / 10
    return {
        "width": round(width),
        "height": round(height),
        "drawn": outlines,
        "bar": bar,
        "line": max(width, height) / 500,
    }

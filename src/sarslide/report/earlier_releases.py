"""Outlines of earlier releases, each a script beside the page that is loaded when it is chosen."""

from pathlib import Path
from typing import Any

from sarslide.grid import RegionGrid
from sarslide.inventory import records
from sarslide.inventory.changes import LANDSLIDES
from sarslide.io import vector
from sarslide.report import tables, webmap
from sarslide.report.stages import iso

MAX_RELEASES = 12  # before the current one
STYLE = {"color": "#006d5b", "weight": 2, "dashArray": "6 4", "fillOpacity": 0.01}


def read(current: Path, grid: RegionGrid) -> list[dict[str, Any]]:
    """The releases before the current one, the latest first.

    Parameters
    ----------
    current : Path
        Pointer to the release.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    list of dict
        release, label, last (its last acquisition, YYYYMMDD; empty where unknown), and layer: its
        landslides as `webmap.vector_layer` gives them. What was before a release whose folder is
        gone is left out.
    """
    folder = records.folder_of(current)
    known = {path.name: path for path in records.folders(folder.parent)}
    found: list[dict[str, Any]] = []
    parent = records.manifest(folder).parent
    while parent in known and len(found) < MAX_RELEASES:
        manifest = records.manifest(known[parent])
        frame = vector.read(known[parent] / records.PACKAGE, LANDSLIDES)
        rows = tables.landslide_rows(frame.drop(columns="geometry").to_dict("records"))
        popups = [(f"{row['ls_id']} · release {parent}", tables.popup_rows(row, tables.EARLIER)) for row in rows]
        layer = webmap.in_page(
            webmap.VectorLayer("earlier", parent, frame, STYLE, popups, list(frame["ls_id"])), grid.cell_m
        )
        dates = [date for listed in manifest.dates.values() for date in listed]
        last = max(dates, default="")
        label = f"{parent} ({len(frame)} landslides, dates to {iso(last) if last else 'unknown'})"
        found.append({"release": parent, "label": label, "last": last, "layer": webmap.vector_layer(layer, grid)})
        parent = manifest.parent
    return found

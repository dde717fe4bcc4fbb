"""The layers of the report's map: rates of all tracks as one image, rates, probability, phase and
coherence of each track, and the outlines of the release.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np

from sarslide.grid import RegionGrid
from sarslide.inventory.changes import LANDSLIDES, MASKED, PLAIN, VANISHED
from sarslide.report import better_track, colourings, look_up, map_values, tables, webmap
from sarslide.report.reading import records
from sarslide.report.scales import Scale, scale_for
from sarslide.report.stages import StackMaps, track_colours

# Outlines keep clear of the colours of the rates; a faint fill only catches the click.
OUTLINES = {
    LANDSLIDES: ("Landslides", {"color": "#111111", "weight": 2, "fillOpacity": 0.01}, True),
    PLAIN: ("Non-landslide deformation", {"color": "#7b1fa2", "weight": 2, "fillOpacity": 0.01}, True),
    MASKED: ("Masked candidates", {"color": "#8a5a00", "weight": 1.8, "dashArray": "4 4", "fillOpacity": 0.01}, False),
    VANISHED: (
        "Vanished or merged",
        {"color": "#5b6a70", "weight": 1.8, "dashArray": "2 5", "fillOpacity": 0.01},
        False,
    ),
}
# What the map shows at first, where it is there.
FIRST = ("better_track", "los_rate_mm_per_yr", "avg_phase_rad")
PLANTED_STYLE = {"color": "#0b7a3b", "weight": 2, "dashArray": "1 4", "lineCap": "square", "fill": False}
UNSEEN_STYLE = {"dashArray": "7 5"}
FAST_STYLE = {"color": "#c2185b"}  # faster than the network's training


def web_map(
    grid: RegionGrid,
    stacks: Sequence[StackMaps],
    terrain: Mapping[str, np.ndarray],
    layers: Mapping[str, gpd.GeoDataFrame],
    planted: gpd.GeoDataFrame | None,
    rate_scale: Scale,
    others: Sequence[webmap.VectorLayer] = (),
    motion: Mapping[str, Mapping] | None = None,
) -> dict[str, Any]:
    """Data of the report's map: images to choose from, outlines to click.

    Parameters
    ----------
    grid : RegionGrid
        The region grid.
    stacks : sequence of StackMaps
        Rasters of each track.
    terrain : mapping of str to (rows, cols) array
        Terrain layers by name.
    layers : mapping of str to GeoDataFrame
        Layers of the release by name.
    planted : GeoDataFrame or None
        Planted landslides of a simulated region; None: there are none.
    rate_scale : Scale
        Colours of the LOS rates.
    others : sequence of VectorLayer
        Outlines and points of others.
    motion : mapping, optional
        As for `tables.rates_by_track`.

    Returns
    -------
    dict of str to Any
        As `webmap.map_data` gives it.
    """
    shown = {
        "los_rate_mm_per_yr": ("LOS rate", rate_scale, "Blue moves towards the satellite, red away from it."),
        "probability": ("Probability", scale_for("probability"), ""),
        "avg_phase_rad": ("Averaged phase", scale_for("avg_phase_rad"), "Cyclic colours."),
        "mean_coherence": ("Mean coherence", scale_for("mean_coherence"), ""),
    }
    rasters = []
    composite = better_track.composite(stacks, list(layers.values()), grid.bounds)
    if composite is not None:
        label, scale, note = shown["los_rate_mm_per_yr"]
        note += " Each slope by the track that tells most of a motion down it, each object by the one in which it is fastest."
        image = webmap.raster_layer("better_track", f"{label}, better track", composite, scale, note)
        rasters.append(image | {"title": label, "choice": "better"})
    rasters += [
        webmap.raster_layer(layer, label, maps.layers[layer], scale, note, maps.stack)
        for layer, (label, scale, note) in shown.items()
        for maps in stacks
        if layer in maps.layers
    ]
    if "slope_deg" in terrain:
        slope = terrain["slope_deg"]
        rasters.append(webmap.raster_layer("slope_deg", "Slope", slope, scale_for("slope_deg", [slope])))
    vectors = [outline_layer(name, frame, motion) for name, frame in layers.items() if len(frame)]
    if planted is not None:
        vectors.append(webmap.VectorLayer("planted", "Planted truth (simulation)", planted, PLANTED_STYLE, shown=False))
    best = [raster["key"] for layer in FIRST for raster in rasters if raster["key"].startswith(layer)]
    first = next(iter((*best, *(raster["key"] for raster in rasters))), "")
    rows = [row for frame in layers.values() for row in records(frame)]
    return webmap.map_data(grid, terrain.get("hillshade"), rasters, [*vectors, *others], first) | {
        "colourings": colourings.legends(rows),
        "values": map_values.of_tracks(stacks),
        "colours": track_colours([maps.stack for maps in stacks]),
    }


def outline_layer(
    name: str, frame: gpd.GeoDataFrame, motion: Mapping[str, Mapping] | None = None
) -> webmap.VectorLayer:
    """One layer of the release, and what a click on an object shows.

    Parameters
    ----------
    name : str
        Of the layer, a key of `OUTLINES`.
    frame : GeoDataFrame
        Its objects.
    motion : mapping, optional
        As for `tables.rates_by_track`.

    Returns
    -------
    webmap.VectorLayer
        Outlines with style and popups.
    """
    label, style, shown = OUTLINES[name]
    ground = tables.ground_columns(frame.columns)
    popups, rows = [], tables.landslide_rows(look_up.placed(frame))
    for row, places in zip(rows, look_up.addresses(frame), strict=True):
        title = f"{row['ls_id']} · {row['object_class']}"
        facts = tables.rates_by_track(row, motion) + tables.popup_rows(row, (*tables.POPUP, *ground))
        if row.get("reason_text"):
            facts.insert(0, ("Masked because" if name == MASKED else "Note", row["reason_text"]))
        popups.append((title, [*facts, ("Look at it", places)]))
    own = [
        (FAST_STYLE if source == "velocity_threshold" and name == LANDSLIDES else {})
        | (UNSEEN_STYLE if status == "not_observable" else {})
        for source, status in zip(frame["source"], frame["status"], strict=True)
    ]
    fast = sum("color" in one for one in own)
    title = f"{label} ({len(frame)}{f'; pink: {fast} faster than the training of the network' if fast else ''})"
    own_facts = [{"track": better_track.of_object(row), "classes": colourings.classes_of(row)} for row in rows]
    return webmap.VectorLayer(name, title, frame, style, popups, list(frame["ls_id"]), own, shown, own_facts)

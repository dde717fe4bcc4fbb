"""The frames of a region in its report: their outlines, what each of them holds, and the zero and
the level of each track in it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import shapely

from sarslide.inventory.changes import LANDSLIDES, MASKED
from sarslide.report import tables
from sarslide.report.inputs import FrameInputs, StackInputs
from sarslide.report.reading import read_levels, read_zeros, reference
from sarslide.report.tables import Column
from sarslide.report.webmap import VectorLayer

FRAMES = (
    Column("frame", "Frame"),
    Column("tracks_text", "Tracks", hint="Whose swaths touch the frame"),
    Column("east_km", "East to west", "km", 1),
    Column("north_km", "North to south", "km", 1),
    Column("cells", "Cells", "", 0, "Without the margin"),
    Column("landslides", "Landslides", "", 0, "Released ones whose middle lies in the frame"),
    Column("masked", "Masked", "", 0, "Candidates whose middle lies in the frame"),
    Column("state", "State"),
)
LEVELS = (
    Column("stack", "Track"),
    Column("frame", "Frame"),
    Column("lat", "Latitude", "°", 4, "Of the reference area"),
    Column("lon", "Longitude", "°", 4, "Of the reference area"),
    Column("area_km2", "Reference area", "km²", 2),
    Column("offset_mm_per_yr", "Level", "mm/yr", 2, "Taken off the LOS rates of the frame at its middle"),
    Column("east_mm_per_yr_per_km", "Tilt to the east", "mm/yr/km", 3),
    Column("north_mm_per_yr_per_km", "Tilt to the north", "mm/yr/km", 3),
    Column("height_mm_per_yr_per_km", "With height", "mm/yr/km", 2),
    Column("std_mm_per_yr", "Standard error", "mm/yr", 2, "Of the level, over the stable ground of the frame"),
    Column("note", "Note"),
)
STYLE = {"color": "#37474f", "weight": 1, "dashArray": "6 4", "fill": False}
LEFT_OUT_STYLE = {"color": "#b71c1c", "weight": 2}


def frame_rows(
    frames: Sequence[FrameInputs], layers: Mapping[str, gpd.GeoDataFrame], left_out: Sequence[str]
) -> list[dict[str, Any]]:
    """What each frame holds.

    Parameters
    ----------
    frames : sequence of FrameInputs
        Frames of the region.
    layers : mapping of str to GeoDataFrame
        Layers of the release by name.
    left_out : sequence of str
        Frames that the release leaves out.

    Returns
    -------
    list of dict
        The columns `FRAMES`.
    """
    middles = {name: layers[name].geometry.representative_point() for name in (LANDSLIDES, MASKED)}
    rows = []
    for frame in frames:
        west, south, east, north = frame.core.bounds
        inside = {name: int(points.within(shapely.box(*frame.core.bounds)).sum()) for name, points in middles.items()}
        state = "left out of this release" if frame.name in left_out else "" if frame.stacks else "no track sees it"
        rows.append(
            {
                "frame": frame.name,
                "tracks_text": ", ".join(frame.stacks),
                "east_km": (east - west) / 1e3,
                "north_km": (north - south) / 1e3,
                "cells": frame.core.rows * frame.core.cols,
                "landslides": inside[LANDSLIDES],
                "masked": inside[MASKED],
                "state": state or "in the release",
            }
        )
    return rows


def level_rows(stacks: Sequence[StackInputs], frames: Sequence[FrameInputs]) -> list[dict[str, Any]]:
    """Reference area and level of each track in each frame, as far as their files are there.

    Parameters
    ----------
    stacks : sequence of StackInputs
        Files of each track.
    frames : sequence of FrameInputs
        Frames of the region.

    Returns
    -------
    list of dict
        The columns `LEVELS`.
    """
    rows = []
    for stack in stacks:
        levels = read_levels(stack.levels) if stack.levels else {}
        for frame in frames:
            path, level = stack.references.get(frame.name), levels.get(frame.name)
            about = reference(stack.stack, path) if path else {}
            if about or level:
                why = {"note": about["reason"]} if about and not about["cells"] else {}
                rows.append(about | (level or {}) | why | {"stack": stack.stack, "frame": frame.name})
    return rows


def outlines(frames: Sequence[FrameInputs], rows: Sequence[Mapping[str, Any]]) -> VectorLayer:
    """The frames on the map.

    Parameters
    ----------
    frames : sequence of FrameInputs
        Frames of the region.
    rows : sequence of mapping of str to Any
        Of `frame_rows`.

    Returns
    -------
    VectorLayer
        Cores without the margin; a click shows the row.
    """
    shapes = [shapely.box(*frame.core.bounds) for frame in frames]
    left_out = sum(row["state"].startswith("left out") for row in rows)
    label = f"Frames ({len(rows)}{f'; red: {left_out} left out' if left_out else ''})"
    return VectorLayer(
        "frames",
        label,
        gpd.GeoDataFrame(geometry=shapes),
        STYLE,
        [(f"Frame {row['frame']}", tables.popup_rows(row, FRAMES[1:])) for row in rows],
        own=[LEFT_OUT_STYLE if row["state"].startswith("left out") else {} for row in rows],
    )


def content(
    frames: Sequence[FrameInputs], rows: Sequence[Mapping[str, Any]], stacks: Sequence[StackInputs]
) -> dict[str, Any] | None:
    """What the template shows of the frames.

    Parameters
    ----------
    frames : sequence of FrameInputs
        Frames of the region.
    rows : sequence of mapping of str to Any
        Of `frame_rows`.
    stacks : sequence of StackInputs
        Files of each track.

    Returns
    -------
    dict of str to Any or None
        frames and levels as tables, named reference areas that are the zero of levelled rates,
        names of those left out; None of a region of one frame.
    """
    if len(frames) < 2:
        return None
    return {
        "frames": tables.build(FRAMES, rows, key="frame"),
        "levels": tables.build(LEVELS, level_rows(stacks, frames), key="frame"),
        "zeros": [zero for one in stacks if one.levels for zero in read_zeros(one.stack, one.levels)],
        "left_out": [row["frame"] for row in rows if row["state"].startswith("left out")],
    }

"""A region of several frames in its report: outlines on the map, tables of frames and of levels."""

import dataclasses
import json
from pathlib import Path

import pytest

from sarslide.errors import RateError
from sarslide.frames import frames_of
from sarslide.grid import RegionGrid
from sarslide.inventory.changes import LANDSLIDES, LAYERS
from sarslide.io import vector
from sarslide.report import frame_tables
from sarslide.report.inputs import FrameInputs, of_stack
from tests.report.test_page import Page, map_data, section
from tests.support.report_inputs import RELEASE, html_of

PLANE = {"east_mm_per_yr_per_km": 0.25, "north_mm_per_yr_per_km": -0.125, "height_mm_per_yr_per_km": 0.0}


def level(offset, reason=""):
    plane = PLANE | {"offset_mm_per_yr": offset, "x_m": 0.0, "y_m": 0.0, "z_m": 0.0}
    return {"plane": plane, "std_mm_per_yr": 0.5, "stable_cells": 900, "group": 0, "reason": reason}


@pytest.fixture(scope="module")
def frames(inputs):
    """The small region in four frames, the last of which one track does not see."""
    cut = frames_of(inputs.grid, frame_km=9.0, margin_km=0.6)
    assert len(cut) > 3
    return tuple(
        FrameInputs(frame.name, frame.core, ("A128",) if frame is cut[-1] else ("A128", "D062")) for frame in cut
    )


@pytest.fixture
def framed(inputs, frames, tmp_path):
    """Its inputs: a reference area a track and frame, levels of one track."""
    references = [Path(tmp_path, stack, frame.name, "reference.json") for stack in ("A128", "D062") for frame in frames]
    place = json.loads(inputs.stacks[0].references["f0"].read_text())
    for number, path in enumerate(references):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(place | {"area_km2": 1.0 + number}))
    levels = tmp_path / "A128" / "level_frames.json"
    content = {frame.name: level(float(k)) for k, frame in enumerate(frames)}
    content[frames[-1].name] = level(0.0, "no overlap with enough stable ground")
    levels.write_text(json.dumps({"frames": content, "overlaps": []}))
    found = [of_stack(stack.stack, {}, [], references, [levels]) for stack in inputs.stacks]
    stacks = tuple(
        dataclasses.replace(stack, references=one.references, levels=one.levels)
        for stack, one in zip(inputs.stacks, found, strict=True)
    )
    return dataclasses.replace(inputs, frames=frames, stacks=stacks)


def layers_of(inputs):
    package = inputs.current.parent / "releases" / RELEASE / "landslides.gpkg"
    return {name: vector.read(package, name) for name in LAYERS}


def test_every_object_is_counted_in_one_frame(inputs, frames):
    layers = layers_of(inputs)
    rows = frame_tables.frame_rows(frames, layers, [])
    assert sum(row["landslides"] for row in rows) == len(layers[LANDSLIDES]) == 34
    assert sum(row["cells"] for row in rows) == inputs.grid.rows * inputs.grid.cols
    assert {row["state"] for row in rows} == {"in the release"}


def test_frames_that_are_left_out_or_that_no_track_sees(inputs, frames):
    blind = (*frames[:-1], dataclasses.replace(frames[-1], stacks=()))
    rows = frame_tables.frame_rows(blind, layers_of(inputs), [frames[0].name])
    assert rows[0]["state"] == "left out of this release" and rows[-1]["state"] == "no track sees it"
    drawn = frame_tables.outlines(blind, rows)
    assert "red: 1 left out" in drawn.label and drawn.own[0] and not drawn.own[1]


def test_the_page_draws_and_lists_them(framed, frames):
    html = html_of(framed)
    assert not Page(html).open and "frames" in Page(html).ids
    (drawn,) = [layer for layer in map_data(html)["vectors"] if layer["key"] == "frames"]
    assert len(drawn["features"]) == len(frames) and not drawn["style"]["fill"]
    corner = drawn["features"][0]["polygons"][0][0][0]  # metres north and east of the region's corner
    west, south, east, north = frames[0].core.bounds
    assert corner in [
        [round(y - framed.grid.bounds[1]), round(x - framed.grid.bounds[0])]
        for x in (west, east)
        for y in (south, north)
    ]
    text = section(html, "frames")
    assert f"processed in {len(frames)} frames" in text and all(frame.name in text for frame in frames)
    assert "no overlap with enough stable ground" in text and "0.250" in text and "−0.125" in text
    assert "incomplete" not in text and "Reference area A128." not in html


def test_levels_stand_beside_the_reference_of_their_frame(framed, frames):
    rows = frame_tables.level_rows(framed.stacks, frames)
    assert [(row["stack"], row["frame"]) for row in rows] == [
        (stack, frame.name) for stack in ("A128", "D062") for frame in frames
    ]
    assert [row["area_km2"] for row in rows] == [1.0 + number for number in range(2 * len(frames))]
    assert rows[1]["offset_mm_per_yr"] == 1.0 and "offset_mm_per_yr" not in rows[len(frames) - 1]
    assert all("offset_mm_per_yr" not in row for row in rows[len(frames) :])


def test_a_frame_without_a_reference_area_says_why(framed, frames):
    path = framed.stacks[0].references[frames[1].name]
    nowhere = {
        "x_m": None,
        "y_m": None,
        "cells": 0,
        "area_km2": 0.0,
        "reason": "no rates: no cell has enough valid pairs",
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | nowhere))
    row = frame_tables.level_rows(framed.stacks, frames)[1]
    assert (row["note"], row["lat"], row["lon"]) == (nowhere["reason"], None, None)
    assert nowhere["reason"] in section(html_of(framed), "frames")


def test_files_of_one_track_are_parted_by_frame():
    paths = [Path(f"results/x/{stack}/{frame}/native/r.json") for stack in ("A1", "D2") for frame in ("f1_2", "f1_m3")]
    maps = {"probability": [Path("results/x/A1/native/p.tif"), Path("results/x/D2/native/p.tif")]}
    found = of_stack("D2", maps, [], paths)
    assert found.references == {"f1_2": paths[2], "f1_m3": paths[3]} and found.levels is None
    assert found.rasters == {"probability": maps["probability"][1]}


def test_a_region_of_one_frame_has_no_table(inputs, html):
    assert inputs.frames[0].core == inputs.grid
    assert "frames" not in Page(html).ids and "Reference area A128." in html
    assert frame_tables.content(inputs.frames, [], inputs.stacks) is None


def test_the_page_names_the_zero_of_levelled_rates(framed, frames):
    assert "that the configuration names" not in section(html_of(framed), "frames")
    levels = framed.stacks[0].levels
    zero = {"frames": [frames[1].name], "group": 0, "cells": 1234, "shift_mm_per_yr": -1.5}
    levels.write_text(json.dumps(json.loads(levels.read_text()) | {"zeros": [zero]}))
    text = " ".join(section(html_of(framed), "frames").split())
    assert "Levelled rates of A128 are zero on the mean of the reference area that the configuration names" in text
    assert f"cells of {frames[1].name})" in text and "Levelled rates of D062" not in text


def test_damaged_levels_are_named(framed, tmp_path):
    framed.stacks[0].levels.write_text('{"frames": {"f1_2": {"plane": {}}}}')
    with pytest.raises(RateError, match=r"level_frames\.json"):
        frame_tables.level_rows(framed.stacks, framed.frames)


def test_cells_without_the_margin():
    frame = FrameInputs("f1_2", RegionGrid(32647, 0.0, 6000.0, 30.0, 100, 200), ())
    empty = dict.fromkeys(LAYERS, vector_of([]))
    (row,) = frame_tables.frame_rows([frame], empty, [])
    assert (row["cells"], row["east_km"], row["north_km"]) == (20_000, 6.0, 3.0)


def vector_of(shapes):
    import geopandas as gpd

    return gpd.GeoDataFrame(geometry=shapes)

"""Figures of the papers, the flow and the factors: what is drawn of a run, where, and what it needs."""

import dataclasses
import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from rasterio.features import rasterize
from rasterio.transform import from_origin

from sarslide.io import raster, vector
from sarslide.papers import papers
from sarslide.report import flow_figure, page, paper_figures, stages, tables
from sarslide.report.figures import png
from sarslide.report.inputs import FactorFiles
from sarslide.report.paper_figures import DRAWN, Material, of_paper
from sarslide.report.reading import read_display, read_stack
from tests.support.report_inputs import html_of

ELSEWHERE = {"flow", "factors", "networks"}


@pytest.fixture(scope="module")
def material(inputs, tmp_path_factory):
    """The region of the report with what a paper's run has beside it."""
    folder, grid = tmp_path_factory.mktemp("material"), inputs.grid
    stacks = []
    for k, stack in enumerate(inputs.stacks):
        seen = np.zeros(grid.shape, np.uint8)
        seen[:, : 5 * k] = 1  # the second track does not see five columns
        rate = raster.read(stack.rasters["los_rate_mm_per_yr"])
        made = {"observable_class": seen, "phase_rate_rad_per_yr": -0.2266 * rate}
        for name, values in made.items():
            raster.write(folder / stack.stack / f"{name}.tif", values, grid, name)
        more = {name: folder / stack.stack / f"{name}.tif" for name in made}
        stacks.append(dataclasses.replace(stack, rasters={**stack.rasters, **more}))
    rock = np.ones(grid.shape, np.uint8)
    raster.write(folder / "lithology.tif", rock, grid, "lithology")
    (folder / "curves.png").write_bytes(png(Figure(figsize=(1, 1))))
    files = dataclasses.replace(
        inputs, stacks=tuple(stacks), ground={"lithology": folder / "lithology.tif"}, curves=folder / "curves.png"
    )
    layers = {layer: read_display(path, layer) for layer, path in {**inputs.terrain, **files.ground}.items()}
    landslides = vector.read(inputs.current.parent / "releases/20200216-0123abcd/landslides.gpkg", "landslides")
    table = {"key": "p4_t5.cpu", "title": "P4 Table 5", "columns": ["data", "F1, paper", "F1, ours"]}
    published = [table | {"rows": [["LOS rate", "70.65", "52.7 [31.5, 61.1]"], ["phase rate", "94.88", "not run"]]}]
    return Material(files, [read_stack(stack) for stack in stacks], layers, landslides, published)


@pytest.fixture
def panels(monkeypatch):
    """Panels of each figure in place of its picture."""
    seen = []
    monkeypatch.setattr(stages, "panel_figure", lambda panels, *_: seen.append(list(panels)) or Figure())
    monkeypatch.setattr(stages, "png", lambda figure: b"")
    return seen


def test_every_figure_that_a_paper_asks_for_has_its_row():
    asked = {figure.drawn for paper in papers().values() for figure in paper.figures} - {""}
    assert asked == set(DRAWN) | ELSEWHERE


@pytest.mark.parametrize("paper", ["P0", "P2", "P3", "P4"])
def test_a_run_that_has_all_draws_all_figures_of_its_paper(paper, material, panels):
    drawn = of_paper(paper, material)
    assert list(drawn) == list(dict.fromkeys(f.drawn for f in papers()[paper].figures if f.drawn in DRAWN))
    titles = [[panel.title for panel in figure] for figure in panels]
    if paper == "P3":
        assert titles[0][0] == "LOS rate A128" and titles[0][-1] == "Lithology" and len(titles[0]) == 6
        curvature = panels[0][titles[0].index("Curvature")].values
        profile, plan = (material.ground[f"curvature_{kind}_per_m"] for kind in ("profile", "plan"))
        np.testing.assert_array_equal(curvature, profile - plan)
    if paper == "P4":
        assert titles[1][:4] == ["Phase rate A128", "LOS rate A128", "Phase rate D062", "LOS rate D062"]
        # Three landslides, each on both tracks.
        assert len(titles[2]) == 6 and len({title.split()[0] for title in titles[2]}) == 3


def test_a_run_without_what_a_figure_needs_draws_none(material, panels):
    bare = dataclasses.replace(material.inputs, stacks=(), curves=None, ground={})
    nothing = Material(bare, [], {}, material.landslides.iloc[:0])
    for paper in papers():
        assert of_paper(paper, nothing) == {}
    assert of_paper("", material) == {}


def test_coverage_counts_the_tracks_that_acquired_a_cell(material, panels):
    DRAWN["coverage"](material)
    count = panels[0][0].values
    assert (count[:, :5] == 1).all() and (count[:, 5:] == 2).all()


def test_before_fusion_the_objects_of_each_track_are_counted(material, panels):
    DRAWN["fusion"](material)
    before, after = panels[0]
    tracks = vector.read(material.inputs.candidates, "candidates").tracks
    assert [one.label for one in before.outlines] == [
        f"{track} ({tracks.str.contains(track).sum()})" for track in ("A128", "D062")
    ]
    assert after.outlines[0].label == f"released ({len(material.landslides)})"


def test_a_close_up_has_the_object_and_its_outline_in_one_place(material, tmp_path):
    """The cells of an object, marked in the raster, lie under its moved outline."""
    grid = material.inputs.grid
    for row in paper_figures._largest(material.landslides, 5):
        marked = rasterize([(row.geometry, 1.0)], grid.shape, transform=grid.transform, dtype="float32")
        raster.write(tmp_path / "m.tif", marked, grid, "los_rate_mm_per_yr")
        stack = dataclasses.replace(material.inputs.stacks[0], rasters={"los_rate_mm_per_yr": tmp_path / "m.tif"})
        of = dataclasses.replace(material, inputs=dataclasses.replace(material.inputs, stacks=(stack,)))
        found = paper_figures._close_up(of, row, material.stacks[0], "los_rate_mm_per_yr", 20)
        outline = found.outlines[0].frame.geometry[0]
        under = rasterize(
            [(outline, 1.0)], (20, 20), transform=from_origin(0, 20 * grid.cell_m, grid.cell_m, grid.cell_m)
        )
        assert found.values.sum() == marked.sum() > 0 and np.array_equal(found.values, under)


def test_thirds_of_brightness_are_ordered(material, panels):
    DRAWN["by_brightness"](material)
    numbers = {panel.title.split()[0]: float(panel.title.split()[-1]) for panel in panels[0]}
    assert numbers["dark"] < numbers["middle"] < numbers["bright"]


def test_channels_are_the_scores_before_their_intervals():
    assert paper_figures._first_number("52.7 [31.5, 61.1]") == 52.7
    assert np.isnan(paper_figures._first_number("not run"))


def test_the_page_links_to_what_is_drawn_and_says_what_is_not(material, monkeypatch):
    monkeypatch.setattr(paper_figures, "png", lambda figure: b"")
    monkeypatch.setattr(stages, "panel_figure", lambda *_: Figure())
    files = dataclasses.replace(material.inputs, paper="P2", terrain={}, candidates=None, stacks=())
    html = html_of(files)
    links = set(re.findall(r'href="#([\w-]+)"', html)) - {"close"}  # of Leaflet
    assert links <= set(re.findall(r'id="([\w-]+)"', html))
    assert "paper-by_shape" not in links  # no track
    assert "this release has no landslide, or no track" in html.replace("\n", " ")


CHAIN = [["a", "b"], ["b", "c"], ["a", "c"], ["c", "report"], ["a", "report"], ["d", "report"], ["report", "all"]]


def test_lines_that_a_longer_way_says_are_left_out():
    assert flow_figure.reduced(map(tuple, CHAIN[:-1])) == [("a", "b"), ("b", "c"), ("c", "report"), ("d", "report")]


def test_every_line_of_the_flow_leads_down_and_no_box_lies_on_another():
    edges = flow_figure.reduced(map(tuple, CHAIN[:-1]))
    place = flow_figure.layout([*edges, ("a", "report")])  # with a line past two rows
    assert all(place[maker][0] < place[reader][0] for maker, reader in edges)
    assert {bend[2] for bend in place if isinstance(bend, tuple)} == {1, 2}
    assert len(set(place.values())) == len(place) and all(0 <= x <= 1 for _, x in place.values())


def test_the_flow_is_a_figure_of_the_page(tmp_path):
    assert page.flow_stage(tmp_path / "flow.json") is None
    (tmp_path / "flow.json").write_text(json.dumps(CHAIN))
    figure = page.flow_stage(tmp_path / "flow.json")
    assert figure.uri.startswith("data:image/png;base64,")
    drawn = flow_figure.flow_figure(CHAIN)
    assert {text.get_text() for text in drawn.axes[0].texts} - {""} == {"a", "b", "c", "d", "report"}


def test_throughput_is_area_over_wall_time_of_the_inventorys_network(tmp_path):
    """P2's own: 5.32 x 10^4 km2 in 736 s are its 72.3 km2/s (5.1)."""
    for track, model, seconds in (("A099", "mine", 700), ("D033", "mine", 36), ("A099", "other", 5000)):
        path = tmp_path / f"segment_instances/{track}/f0/{model}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tcpu_time\n{seconds}\t1\n")
    found = tables.throughput(tmp_path, {"segmentation": {"model": "mine"}}, 53_200 / 2)
    assert found.km2 == 53_200 and found.seconds == 736
    assert "72.3 km2/s" in found.text
    assert tables.throughput(tmp_path / "none", {}, 1.0) is None and tables.throughput(None, {}, 1.0) is None


def test_factors_stand_beside_the_printed_ones(inputs, tmp_path):
    row = {"factor": "rate", "vif": 1.5, "tolerance": 0.667, "vif_direction_and_class": 1.6, "vif_all_factors": 1.7}
    rank = {"factor": "rate", "gini": 0.5, "gini_rank": 1, "permutation_rank": 2, "rank_p3": 1}
    about = {
        "cells": {"region": 4000},
        "importance": [rank],
        "collinearity": [row | {"vif_p3": 1.074, "tolerance_p3": 0.931}],
    }
    (tmp_path / "factors.json").write_text(json.dumps(about))
    for name in ("correlation.png", "importance.png"):
        (tmp_path / name).write_bytes(png(Figure(figsize=(1, 1))))
    files = FactorFiles("A026", *(tmp_path / name for name in ("factors.json", "correlation.png", "importance.png")))
    bare = dataclasses.replace(inputs, paper="P3", stacks=(), terrain={}, candidates=None)
    html = html_of(dataclasses.replace(bare, factors=(files,)))
    part = html[html.index('<section id="factors">') : html.index('<section id="method">')]
    assert "A026: 4000 cells" in part and "1.500" in part and "1.074" in part and part.count("<img") == 2
    figures = html[html.index("<h3>Its figures</h3>") :]
    assert figures.count('<a href="#factors">on this page</a>') == 2
    without = html_of(bare)
    assert 'id="factors"' not in without and "sarslide factors draws it" in without

"""Files, jobs and memory of frames against a plan of Snakemake; bytes against the whole region."""

import re
from pathlib import Path

import pytest

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.preflight import frames
from sarslide.preflight.forecast import forecast
from sarslide.workflow.graph import Graph
from tests.support import plans

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
REGION = {"region": "valley", "simulation": {"dates": 4}, "grid": {"frame_km": 6, "frame_margin_km": 0.6}}


@pytest.fixture(scope="module")
def graph() -> Graph:
    config = load(REGION)
    return Graph(config, scenes.table(config, Path("resources")), SCRIPTS)


def test_files_and_memory_are_those_of_the_plan(tmp_path, graph):
    first = graph.run_frames[0]
    found = plans.costs(tmp_path, REGION | {"frames": [first]}, first)
    cost = next(cost for cost in frames.frame_costs(graph) if cost.name == first)
    # Methods and optional layers differ by some files of a stack.
    assert cost.files == pytest.approx(found["files"], abs=10 * cost.stacks)
    assert found["mem_mb"] <= cost.memory_mb < 1.1 * found["mem_mb"]
    assert (cost.stacks, cost.dates, cost.pairs) == (2, 8, len(graph.pairs("A128")) + len(graph.pairs("D062")))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"rates": {"phase_gradient": True}},
        {"grid": {"product_m": 15}, "segmentation": {"grid": "product"}},
    ],
    ids=["rates", "gradients", "finer cells"],
)
def test_memory_of_a_large_frame_is_that_of_the_plan(tmp_path, keys):
    """66 km: the strip of 6 km joins the frame, whose real cells count."""
    grid = {"bounds": [480_000, 3_180_000, 546_000, 3_240_000], "frame_km": 60, "frame_margin_km": 2}
    values = {"region": "valley", "simulation": {"dates": 4}, **keys, "grid": grid | keys.get("grid", {})}
    config = load(values)
    (cost,) = frames.frame_costs(Graph(config, scenes.table(config, Path("resources")), SCRIPTS))
    assert cost.cells == 2200 * 2000
    assert cost.memory_mb == plans.costs(tmp_path, values, cost.name)["mem_mb"] > 4000


def test_bytes_of_frames_are_those_of_the_region_with_the_margins(graph):
    rows = {stack: [row for row in graph.scenes.rows() if row["stack"] == stack] for stack in graph.config.stacks}
    whole = forecast(graph.config, rows, dict.fromkeys(graph.config.stacks, 1.0))
    of_frames = sum(cost.disk_gb for cost in frames.frame_costs(graph))
    assert of_frames == pytest.approx(whole.slc_gb + whole.pairs_gb + whole.maps_gb, rel=0.01)
    one = load({"region": "valley", "simulation": {"dates": 4}})
    alone = forecast(one, rows, dict.fromkeys(one.stacks, 1.0))
    margins = sum(cost.cells for cost in frames.frame_costs(graph)) / (270 * 510)
    assert margins > 1.2 and whole.slc_gb / alone.slc_gb == pytest.approx(margins, rel=0.01)


def test_a_new_date_adds_its_image_and_its_pairs(graph):
    cost = frames.frame_costs(graph)[0]
    more = load(REGION | {"simulation": {"dates": 5}})
    longer = Graph(more, scenes.table(more, Path("resources")), SCRIPTS)
    added_mb = 1000 * (frames.frame_costs(longer)[0].disk_gb - cost.disk_gb)
    # Two stacks; the first dates of a network have fewer pairs than later ones.
    assert added_mb / 2 == pytest.approx(cost.date_mb, rel=0.5)


def test_the_check_is_one_line_for_several_frames_and_none_for_one(graph):
    (found,) = frames.finding(graph.config, graph.scenes)
    assert found.check == "frames" and re.match(r"6 frames of [\d,]+ files; at most", found.found)
    one = load({"region": "valley"})
    assert frames.finding(one, scenes.table(one, Path("resources"))) == []

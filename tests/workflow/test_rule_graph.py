"""The flow of a region that is run frame by frame is that of one plan."""

from pathlib import Path

import pytest

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.io.sidecar import read_json
from sarslide.report.flow_figure import reduced
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.graph import Graph
from tests.support.plans import outputs, record_flow

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
# Two frames, one above the other.
REGION = {
    "region": "demo_small",
    "simulation": {"dates": 4},
    "grid": {"bounds": [517500, 3206400, 519500, 3210000], "frame_km": 2, "frame_margin_km": 0.3},
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    config = load(REGION)
    return Graph(config, scenes.table(config, Path("resources")), SCRIPTS)


@pytest.fixture
def place(tmp_path, graph, monkeypatch) -> Path:
    """A folder in which the files of all frames lie, empty, and their records."""
    monkeypatch.chdir(tmp_path)
    for path in outputs(tmp_path, REGION):
        if any(f"/{frame}/" in path for frame in graph.run_frames):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
    FrameRecords(graph).write(graph.run_frames)
    return tmp_path


def test_frames_and_what_joins_them_have_the_flow_of_one_plan(place, graph):
    path = record_flow(place, REGION)
    whole = path.read_text()
    path.unlink()
    assert len(graph.run_frames) > 1
    for frame in graph.run_frames:
        record_flow(place, REGION | {"frames": [frame]})
        assert not path.exists()
    joined = REGION | {"joined": True}
    for _ in range(2):
        assert record_flow(place, joined).read_text() == whole
    rules = {rule for edge in read_json(path) for rule in edge}
    assert {"geocode_slc", "interferogram", "stack_rates", "candidates", "mosaic", "fuse", "report"} <= rules


def test_a_rule_that_reads_its_own_files_is_no_circle(tmp_path):
    """As `link_dates`, whose mini-stacks read those before them."""
    one = {"region": "demo_small", "simulation": {"dates": 4}, "interferogram": {"ministack": 3}}
    edges = [tuple(edge) for edge in read_json(record_flow(tmp_path, one))]
    assert ("geocode_slc", "link_dates") in edges and not any(maker == reader for maker, reader in edges)
    assert ("link_dates", "interferogram") in reduced(edges)


def test_frames_without_a_record_leave_the_flow_of_what_joins_them(place):
    edges = read_json(record_flow(place, REGION | {"joined": True}))
    assert ["fuse", "release"] in edges and not any("interferogram" in edge for edge in edges)

"""Records of finished frames, the calls of a run by frames, and frames of two sizes in one folder."""

import json
import shutil
from pathlib import Path

import pytest

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.config.loading import merge
from sarslide.errors import ConfigError, FormatError
from sarslide.workflow import events, frame_calls, frame_size
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.frame_run import INTERRUPTED, FrameRun, does_other_work
from sarslide.workflow.graph import Graph

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
FORMAT1 = Path(__file__).parents[1] / "data/format1"
REGION = {"region": "valley", "simulation": {"dates": 4}, "grid": {"frame_km": 6, "frame_margin_km": 0.6}}


def graph_of(**more) -> Graph:
    config = load(merge(REGION, more))
    return Graph(config, scenes.table(config, Path("resources")), SCRIPTS)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(frame_calls, "CALL_JOBS", 260)  # two frames of the demo a call
    return tmp_path


@pytest.fixture
def graph() -> Graph:
    return graph_of()


def layer(graph: Graph, frame: str, name: str = "stacking/los_rate_mm_per_yr.tif") -> Path:
    path = Path(graph.paths.of_frame("A128", frame, name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)
    return path


def test_a_frame_is_finished_as_long_as_nothing_has_changed(graph):
    first, second = graph.run_frames[:2]
    made = layer(graph, first)
    FrameRecords(graph).write([first, second])
    assert FrameRecords(graph).finished() == (first, second)
    made.write_text("another value")
    assert FrameRecords(graph).finished() == (second,)
    FrameRecords(graph).write([first])
    made.unlink()
    assert FrameRecords(graph).finished() == (second,)


def test_the_unfinished_file_of_a_killed_job_is_no_file_of_a_frame(graph):
    frame = graph.run_frames[0]
    made = layer(graph, frame)
    FrameRecords(graph).write([frame])
    made.with_name(f".{made.name}.0123abcd.1.part").touch()
    assert FrameRecords(graph).finished() == (frame,)


@pytest.mark.parametrize(
    "changed",
    [{"rates": {"min_coherence": 0.41}}, {"simulation": {"dates": 5}}, {"network": {"neighbours": 1}}],
)
def test_another_configuration_or_another_date_is_planned(graph, changed):
    FrameRecords(graph).write(graph.run_frames)
    assert FrameRecords(graph_of(**changed)).finished() == ()
    with pytest.raises(FormatError, match="6 of 6 frames are not finished with this configuration"):
        FrameRecords(graph_of(**changed)).check_joined()


@pytest.mark.parametrize(
    "changed",
    [{"inventory": {"match_iou": 0.4}}, {"slc": {"device": "cpu"}}, {"joined": True}, {"retrieve": {"tries": 3}}],
)
def test_what_decides_nothing_about_a_frame_plans_none(graph, changed):
    FrameRecords(graph).write(graph.run_frames)
    assert FrameRecords(graph_of(**changed)).finished() == graph.run_frames


@pytest.mark.parametrize("text", ["", "[]", "{", '{"plan": 3}', "\x00"])
def test_a_damaged_record_is_none(graph, text):
    records = FrameRecords(graph)
    records.write(graph.run_frames)
    records.path(graph.run_frames[0]).write_text(text)
    assert records.finished() == graph.run_frames[1:]


def run(graph: Graph, codes=(), failing=(), **options):
    """A run whose calls end with these codes, after events of failed jobs of these frames."""
    called, lines, left = [], [], list(codes)
    path = Path("events.jsonl")

    def call(one, further):
        called.append(one)
        code = left.pop(0) if left else 0
        with open(path, "a") as stream:
            for frame in failing if code else ():
                wildcards = {"frame": frame} if frame else {"stack": "A128"}
                line = {"event": events.FAILED, "rule": "unwrap", "wildcards": wildcards, "logs": [], "problem": ""}
                stream.write(json.dumps(line) + "\n")
        return code

    made = FrameRun(FrameRecords(graph), call, lines.append, path)
    return made.all(**options), called, lines


def test_frames_are_called_in_groups_and_then_joined(graph):
    code, called, lines = run(graph)
    groups = [call.frames for call in called[:-1]]
    assert code == 0 and sum(groups, ()) == graph.run_frames and len(groups) == 3
    assert called[-1].values == ("joined=true",)
    assert called[0].values == (f"frames=[{', '.join(groups[0])}]",)
    assert lines[0].startswith("frames 1 to 2 of 6: ") and lines[-1].startswith("6 of 6 frames are joined")


def test_a_second_run_calls_what_joins_them_alone(graph):
    run(graph)
    code, called, lines = run(graph)
    assert code == 0 and [call.frames for call in called] == [()] and lines[0] == "6 of 6 frames are finished"
    # Snakemake is to make them again all the same.
    assert len(run(graph, options=["-R", "unwrap"])[1]) == 4


def test_a_killed_run_goes_on_where_it_was(graph):
    def killed(one, further):
        raise KeyboardInterrupt

    run(graph, codes=[0, INTERRUPTED])
    assert FrameRecords(graph).finished() == graph.run_frames[:2]
    with pytest.raises(KeyboardInterrupt):
        FrameRun(FrameRecords(graph), killed, print, Path("events.jsonl")).all()
    assert FrameRecords(graph).finished() == graph.run_frames[:2]


def test_a_failed_frame_stops_no_other_and_the_release(graph):
    bad = graph.run_frames[0]
    code, called, lines = run(graph, codes=[1], failing=[bad])
    assert code == 1 and len(called) == 3 and FrameRecords(graph).finished() == graph.run_frames[1:]
    assert f"1 frames are not finished: {bad}" in lines[-1] and "--incomplete" in lines[-1]
    code, called, _ = run(graph, codes=[1], failing=[bad], incomplete=True)
    assert code == 1 and called[-1].values == ("joined=true", f"inventory.without_frames=[{bad}]")


def test_a_failed_download_fails_all_frames_of_its_call(graph):
    code, called, _ = run(graph, codes=[1], failing=[""])
    assert code == 1 and len(called) == 3 and FrameRecords(graph).finished() == graph.run_frames[2:]


def test_what_ends_a_call_without_a_failed_job_ends_the_run(graph):
    code, called, _ = run(graph, codes=[1])
    assert code == 1 and len(called) == 1 and FrameRecords(graph).finished() == ()


def test_some_frames_alone_are_not_joined(graph):
    some = graph_of(frames=list(graph.run_frames[:3]))
    code, called, _ = run(some)
    assert code == 0 and sum((call.frames for call in called), ()) == graph.run_frames[:3]


@pytest.mark.parametrize(
    ("options", "other"),
    [
        (["--jobs", "100"], False),
        (["--cores", "2", "--use-conda"], False),
        (["-R", "unwrap"], True),
        (["--forceall"], True),
        (["-n"], True),
    ],
)
def test_options_that_make_finished_frames_again(options, other):
    assert does_other_work(options) is other


def test_a_frame_that_no_stack_sees_has_no_job():
    # A region 450 km wide, and a swath of 250 km.
    west, south, east, north = load({"region": "valley"}).grid.bounds
    keys = {"source": "safe", "stacks": ["A128"], "simulation": {}, "catalog": {"archive": "asf"}}
    grid = {"bounds": [west, south, west + 450_000, north], "frame_km": 60, "dem": "glo30", "epsg": 32647}
    keys = {"region": "valley", **keys, "grid": grid}
    config = load({key: value for key, value in keys.items() if key != "simulation"})
    graph = Graph(config, scenes.table(config, Path("resources")), SCRIPTS)
    first = graph.frames[0]
    assert first not in graph.run_frames and graph.run_frames and frame_calls.jobs_of(graph, first) == 0
    with pytest.raises(ConfigError, match=f"frames names {first}, which no stack of valley sees"):
        Graph(config.model_copy(update={"frames": (first,)}), graph.scenes, SCRIPTS).run_frames  # noqa: B018


def sized(**grid) -> object:
    return load(merge(REGION, {"grid": grid}))


def test_frames_of_two_sizes_are_refused_before_any_job(graph):
    results = Path(graph.paths.results)
    frame_size.record(results, graph.config)
    other = sized(frame_km=7)
    assert frame_size.check(results, other) == []  # nothing is made yet
    layer(graph, graph.run_frames[0])
    assert frame_size.check(results, graph.config) == []
    with pytest.raises(FormatError, match=r"frames of 6 km with a margin of 0.6 km.*`sarslide clean valley`"):
        frame_size.check(results, other)
    with pytest.raises(FormatError, match="frame_margin_km = 0.5"):
        frame_size.check(results, sized(frame_margin_km=0.5))


def test_a_region_that_has_outgrown_its_frame_is_made_again_and_says_so(graph):
    results = Path(graph.paths.results)
    one = load({"region": "valley", "simulation": {"dates": 4}})
    frame_size.record(results, one)
    layer(graph, "f0")
    (warning,) = frame_size.check(results, graph.config)
    assert "region valley has outgrown its one frame: all of it is made again; A128" in warning
    frame_size.record(results, graph.config)
    assert frame_size.check(results, graph.config) == []  # said once
    assert frame_size.check(results, one)[0].startswith("region valley has become one frame")


def test_results_without_a_record_are_known_by_their_frame(graph):
    layer(graph, "f0")
    assert len(frame_size.check(Path(graph.paths.results), graph.config)) == 1


def test_releases_in_another_crs_are_told_before_any_job(tmp_path):
    """The inventory of the demo of before, which lay in zone 47, under the demo of now."""
    shutil.copytree(FORMAT1 / "inventory", tmp_path / "inventory")
    with pytest.raises(FormatError, match="releases in EPSG:32647, and grid.epsg = 32632; cure: .* region `valley`"):
        frame_size.check(tmp_path, load({"region": "demo"}))
    assert frame_size.check(tmp_path, load({"region": "valley"})) == []


@pytest.mark.parametrize("text", ["", "60", '{"frame_km": 60}', '{"frame_km": "x", "margin_km": 2}'])
def test_a_damaged_record_of_the_size_is_named(graph, text):
    layer(graph, graph.run_frames[0])
    record = Path(graph.paths.results) / frame_size.RECORD
    record.parent.mkdir(parents=True)
    record.write_text(text)
    with pytest.raises(FormatError, match=r"inventory/FRAMES.*restore or delete it"):
        frame_size.check(Path(graph.paths.results), graph.config)

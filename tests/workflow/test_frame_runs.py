"""A large region is run frame by frame, then joined: together the plans are that of the whole region."""

from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import box

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.errors import FormatError
from sarslide.workflow import frame_calls
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.graph import Graph
from tests.support.plans import Plan, check, files, outputs, plan

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
# Six frames over the seam of a column and of two rows; both tracks see all of them.
REGION = {"region": "valley", "simulation": {"dates": 4}, "grid": {"frame_km": 6, "frame_margin_km": 0.6}}


@pytest.fixture(scope="module")
def graph() -> Graph:
    config = load(REGION)
    return Graph(config, scenes.table(config, Path("resources")), SCRIPTS)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("frames")


@pytest.fixture(scope="module")
def whole(place) -> Plan:
    return plan(place, REGION)


@pytest.fixture(scope="module")
def by_frame(place, graph) -> dict[str, Plan]:
    return {frame: plan(place, REGION | {"frames": [frame]}) for frame in graph.run_frames}


def of_frames(jobs: Plan, frames) -> set[str]:
    return {frame for frame in frames if any(f"/{frame}/" in path for path in jobs.jobs)}


def test_a_run_of_frames_plans_these_alone(graph, by_frame):
    assert len(graph.run_frames) == 6
    for frame, planned in by_frame.items():
        assert of_frames(planned, graph.run_frames) == {frame}
        assert not planned.rules() & set(frame_calls.JOINING)


def test_the_frames_and_what_joins_them_are_the_whole_region(whole, by_frame):
    made = {path: job for planned in by_frame.values() for path, job in planned.jobs.items()}
    rest = {path: job for path, job in whole.jobs.items() if path not in made}
    assert {job.rule for job in rest.values()} <= set(frame_calls.JOINING)
    assert all(whole.jobs[path] == job for path, job in made.items())  # same parameters, inputs, resources


def test_a_frame_has_about_the_jobs_that_its_estimate_names(graph, by_frame):
    for frame, planned in by_frame.items():
        own = sum(f"/{frame}/" in path for path in planned.jobs)
        assert own <= frame_calls.jobs_of(graph, frame) <= own + 2 * frame_calls.OF_STACK


def test_what_is_joined_needs_frames_that_were_finished_with_this_configuration(tmp_path, graph, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"E1010 region valley: 6 of 6 frames are not finished.*`sarslide run valley`"):
        plan(tmp_path, REGION | {"joined": True})
    FrameRecords(graph).write(graph.run_frames[1:])
    with pytest.raises(FormatError, match="1 of 6 frames"):
        FrameRecords(graph).check_joined()


def test_what_is_joined_takes_frames_as_they_are(tmp_path, graph, whole, monkeypatch):
    """Files of dates and pairs are inputs at most, whatever their number: no job of the plan makes any."""
    monkeypatch.chdir(tmp_path)
    for path in outputs(tmp_path, REGION):
        if any(f"/{frame}/" in path for frame in graph.run_frames):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
    FrameRecords(graph).write(graph.run_frames)
    joined = plan(tmp_path, REGION | {"joined": True})
    assert {job.rule for job in whole.jobs.values()} & set(frame_calls.JOINING) <= joined.rules()
    assert not joined.rules() & {"geocode_slc", "interferogram", "unwrap", "stack_rates", "average_phase"}
    assert all(whole.jobs[path].reruns == job.reruns for path, job in joined.jobs.items() if path in whole.jobs)


def test_a_plan_of_too_many_jobs_is_refused_before_it_is_made(place, graph, monkeypatch):
    monkeypatch.setattr(frame_calls, "MAX_JOBS", 100)
    with pytest.raises(
        SystemExit, match=r"E1001 region valley: 6 frames with about \d+ jobs are too many.*`sarslide run valley`"
    ):
        plan(place, REGION)
    with pytest.raises(SystemExit, match=r"E1001 region valley: 6 frames .* too many"):
        check(place, REGION, ["report"])
    # One frame is one plan, however many jobs it has.
    assert plan(place, REGION | {"frames": [graph.run_frames[0]]}).jobs


def test_a_region_below_the_limit_is_one_plan(graph, whole):
    assert set(frame_calls.JOINING) & whole.rules() and frame_calls.jobs(graph) < frame_calls.MAX_JOBS


@pytest.mark.parametrize("name", ["f99_99", "f0"])
def test_frames_that_the_region_does_not_have_are_refused(place, name, graph):
    with pytest.raises(SystemExit, match=rf"E1001.*frames.*{name}.*{graph.run_frames[0]}"):
        plan(place, REGION | {"frames": [name]})


def test_a_name_that_is_none_is_refused(place):
    with pytest.raises(SystemExit, match=r"E1001.*frames"):
        plan(place, REGION | {"frames": ["../f1_2"]})


def test_what_makes_files_of_the_region_from_frames_is_known(place, graph):
    """At once or by way of other files of the region, and what reads them: a run of frames leaves it out, no record of a
    frame holds its code.
    """
    slides = gpd.GeoDataFrame(geometry=[box(517000, 3206000, 517400, 3206400)], crs=32647)
    slides.to_file(place / "slides.gpkg")
    everything = REGION | {
        "segmentation": {"beside": ["drs_unet"]},
        "evaluation": {"inventory": "slides.gpkg"},
        "rates": {"series_polygons": "slides.gpkg"},
    }
    jobs = files(place, everything, targets=["factors"])

    names = tuple(f"/{frame}/" for frame in graph.run_frames)
    of_frames = {path for _, read, made in jobs for path in read + made if any(name in path for name in names)}
    joined: set[str] = set()
    of_region = [job for job in jobs if of_frames.isdisjoint(job[2])]
    for _ in of_region:  # a chain has no more links than there are jobs
        joined.update(path for _, read, made in of_region if not (of_frames | joined).isdisjoint(read) for path in made)
    found = {rule for rule, read, _ in of_region if not (of_frames | joined).isdisjoint(read)}
    found |= {rule for rule, read, _ in jobs if not joined.isdisjoint(read)}
    assert found - {"all"} == set(frame_calls.JOINING)

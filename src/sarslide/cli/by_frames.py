"""Runs of a region in the terminal, frame by frame where one plan would hold too many jobs."""

from collections.abc import Sequence
from contextlib import chdir
from dataclasses import replace

from sarslide.cli import start
from sarslide.cli.start import Request
from sarslide.workflow import events, frame_calls
from sarslide.workflow.frame_calls import Call
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.frame_run import FrameRun, large_graph
from sarslide.workflow.graph import Graph


def run(request: Request, *options: str, incomplete: bool = False) -> int:
    """Bring a region up to date.

    A region whose plan has at most `frame_calls.MAX_JOBS` jobs is one call of Snakemake, as is a
    run with targets after `--`.

    Parameters
    ----------
    request : Request
        Region, where and how.
    *options : str
        Options of Snakemake.
    incomplete : bool, default False
        Whether finished frames are released where others failed.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ConfigError, FormatError
        For a wrong configuration or results of another version.
    LockError
        Where another run works in the folder.
    """
    graph = _large_graph(request)
    if graph is None or _targets(start.further):
        return start.snakemake(request, *options)
    with start.session(request) as (held, events_path):

        def call(one: Call, further: Sequence[str]) -> int:
            values = [*request.values, *one.values]
            return start.call(replace(request, values=values), [*options, *further], held, events_path)

        by_frames = FrameRun(FrameRecords(graph, request.folder), call, _show, events_path)
        code = by_frames.all(start.further, incomplete)
        return start.failure_code(code, events.read_events(events_path))


def show(request: Request) -> bool:
    """Print the frames of a region that is run by frames, with their jobs.

    Parameters
    ----------
    request : Request
        Region, where and how.

    Returns
    -------
    bool
        False for a region that one plan holds.
    """
    graph = _large_graph(request)
    if graph is None:
        return False
    finished, frames = set(FrameRecords(graph, request.folder).finished()), graph.run_frames
    for number, frame in enumerate(frames, start=1):
        state = "finished" if frame in finished else f"about {frame_calls.jobs_of(graph, frame):,} jobs"
        _show(f"frame {number} of {len(frames)}: {frame}, {state}")
    for call in frame_calls.calls(graph, finished):
        _show(f"one plan: {call.title}")
    return True


def _show(line: str) -> None:
    print(line, flush=True)


def _large_graph(request: Request) -> Graph | None:
    config = request.config()
    with chdir(request.folder):  # where Snakemake looks for what the configuration names
        return large_graph(config)


def _targets(words: Sequence[str]) -> list[str]:
    """Targets among what stands after `--` on the command line."""
    if not words:
        return []
    from snakemake.cli import get_argument_parser

    return list(get_argument_parser().parse_known_args(list(words))[0].targets or ())

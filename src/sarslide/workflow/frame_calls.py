"""How a large region is planned: Snakemake is called for some frames at a time, then to join them.

A plan costs about 3 ms of CPU and 14 kB a job (studies/frames/plans.py): what has more jobs than
`MAX_JOBS` is refused in one plan.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sarslide.config import Config
from sarslide.errors import ConfigError
from sarslide.workflow.events import FAILED
from sarslide.workflow.graph import Graph

MAX_JOBS, CALL_JOBS = 15_000, 10_000  # of one plan that is made, and that `sarslide run` makes
MAX_NAMED = 4
# Jobs of a date and of a pair by engine, unwrapping in the workflow aside; at most.
OF_ENGINE = {"native": (1, 1), "isce2": (4, 1), "snap": (0, 4), "hyp3": (0, 3), "files": (0, 0), "displacement": (0, 0)}
OF_STACK, OF_FRAME = 45, 6  # further jobs at most: of a stack in a frame, of a frame
# Rules that make files of the region from those of frames, at once or by way of each other, and
# those that read them.
JOINING = (
    *("mosaic", "mosaic_ground", "level_frames", "level_figure", "join_series"),
    *("fuse", "object_motion", "release", "compare_networks", "report", "score", "score_external"),
    *("factors", "rank_factors"),
)


@dataclass(frozen=True)
class Call:
    """One call of Snakemake.

    Attributes
    ----------
    frames : tuple of str
        Frames that it runs; none for the call that joins them.
    values : tuple of str
        Its keys, each `key=value` as for `--set`.
    title : str
        One line about it.
    """

    frames: tuple[str, ...]
    values: tuple[str, ...]
    title: str


def jobs_of(graph: Graph, frame: str) -> int:
    """About how many jobs a frame has, downloads and other jobs of the whole region aside.

    Parameters
    ----------
    graph : Graph
        Of the region.
    frame : str
        Name of the frame.

    Returns
    -------
    int
        Seldom fewer than it has; 0 for a frame that no stack sees.
    """
    of_date, of_pair = OF_ENGINE[graph.engine.name]
    of_pair += graph.method.has_rates and not graph.engine.unwraps
    found = [
        OF_STACK
        + of_date * len(graph.dates(stack))
        + of_pair * len(graph.pairs(stack))
        + graph.links(stack) * len(graph.ministacks(stack).parts)
        for stack in graph.stacks_of(frame)
    ]
    return sum(found) + OF_FRAME * bool(found)


def jobs(graph: Graph) -> int:
    """About how many jobs a plan of all frames of a graph has.

    Parameters
    ----------
    graph : Graph
        Of the region, or of some of its frames.

    Returns
    -------
    int
        With downloads.
    """
    downloads = sum(len(graph.dates(stack)) for stack in graph.config.stacks if graph.frames_of(stack))
    return downloads + sum(jobs_of(graph, frame) for frame in graph.run_frames)


def check_size(graph: Graph) -> None:
    """Refuse a plan of several frames that has too many jobs.

    Parameters
    ----------
    graph : Graph
        Of the region, or of some of its frames.

    Raises
    ------
    ConfigError
        For more than `MAX_JOBS`, with the command that goes by frames.
    """
    frames, region = graph.run_frames, graph.config.region
    if not graph.config.joined and len(frames) > 1 and (count := jobs(graph)) > MAX_JOBS:
        raise ConfigError(
            f"region {region}: {len(frames)} frames with about {count:,} jobs are too many for one plan ({MAX_JOBS:,})",
            f"`sarslide run {region}`, which goes by frames, or name some: --config frames=[{frames[0]}]",
        )


def calls(graph: Graph, finished: Iterable[str] = ()) -> list[Call]:
    """The calls that run the frames of a large region.

    Parameters
    ----------
    graph : Graph
        Of the region, or of some of its frames.
    finished : iterable of str
        Frames that need none.

    Returns
    -------
    list of Call
        Neighbouring frames together, up to `CALL_JOBS`.
    """
    frames = graph.run_frames
    left = [frame for frame in frames if frame not in set(finished)]
    return [Call(group, (f"frames=[{', '.join(group)}]",), _title(graph, group)) for group in _groups(graph, left)]


def runs_frames(config: Config) -> bool:
    """Whether a run is about some frames alone.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    bool
        False for the run that joins them.
    """
    return bool(config.frames) and not config.joined


def _groups(graph: Graph, frames: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Neighbours in order, as many as fit one call."""
    group: list[str] = []
    size = 0
    for frame in frames:
        more = jobs_of(graph, frame)
        if group and size + more > CALL_JOBS:
            yield tuple(group)
            group, size = [], 0
        group.append(frame)
        size += more
    if group:
        yield tuple(group)


def _title(graph: Graph, group: Sequence[str]) -> str:
    frames, count = graph.run_frames, sum(jobs_of(graph, frame) for frame in group)
    first, last = frames.index(group[0]) + 1, frames.index(group[-1]) + 1
    which = f"frame {first}" if first == last else f"frames {first} to {last}"
    return f"{which} of {len(frames)}: {named(group)}; about {count:,} jobs"


def named(frames: Sequence[str]) -> str:
    """Names of frames in one line.

    Parameters
    ----------
    frames : sequence of str
        Their names.

    Returns
    -------
    str
        The first ones, and how many there are beside them.
    """
    more = f" and {len(frames) - MAX_NAMED} more" if len(frames) > MAX_NAMED else ""
    return ", ".join(frames[:MAX_NAMED]) + more


def failed_frames(call: Call, happened: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The frames of a call that failed jobs belong to.

    Parameters
    ----------
    call : Call
        The call, in which a failed job stopped no other frame.
    happened : iterable of mapping
        Events of the call, as of `events.read_events`.

    Returns
    -------
    tuple of str
        All frames for a failed job of none, such as a download; none where no job failed.
    """
    failed: dict[str, str] = {}
    for event in happened:
        job = f"{event['rule']} {event['wildcards']}"
        if event["event"] == FAILED:
            failed[job] = event["wildcards"].get("frame", "")
        else:
            failed.pop(job, None)
    frames = set(failed.values())
    return call.frames if "" in frames else tuple(frame for frame in call.frames if frame in frames)


def join(graph: Graph, failed: Sequence[str]) -> Call:
    """The call that joins frames: mosaics, levels, inventory, report.

    Parameters
    ----------
    graph : Graph
        Of the region.
    failed : sequence of str
        Frames that the release is to leave out.

    Returns
    -------
    Call
        The last one of a run.
    """
    total = len(graph.run_frames)
    left_out = [*graph.config.inventory.without_frames, *failed]
    values = ("joined=true", *([f"inventory.without_frames=[{', '.join(left_out)}]"] if failed else []))
    title = f"{total - len(failed)} of {total} frames are joined: mosaics, inventory, report"
    return Call((), values, title)

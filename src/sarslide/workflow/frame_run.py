"""One run of a large region, as calls of Snakemake: its frames, then what joins them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sarslide.catalog import scenes
from sarslide.config import Config
from sarslide.workflow import events, frame_calls
from sarslide.workflow.frame_calls import Call
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.graph import Graph

INTERRUPTED = 130  # exit code of a call that ended by an interrupt from the terminal
# Options of Snakemake that make it run what is finished, or something else than the final products.
OTHER_WORK = ("-f", "-F", "-R", "--force", "-t", "--touch", "-n", "--dry", "-U", "--until", "-O", "--omit", "--batch")


def large_graph(config: Config) -> Graph | None:
    """The graph of a region that one plan does not hold.

    It reads the scene table below the current folder.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    Graph or None
        None for a region that one plan holds, and for one without scenes.
    """
    if config.joined or not config.grid.in_frames:
        return None
    table = scenes.table(config, Path("resources"))
    if not table.ready:
        return None
    graph = Graph.of(config, table)
    return graph if len(graph.run_frames) > 1 and frame_calls.jobs(graph) > frame_calls.MAX_JOBS else None


def does_other_work(options: Sequence[str]) -> bool:
    """Whether options of Snakemake make it run what is finished.

    Parameters
    ----------
    options : sequence of str
        Options of the command line.

    Returns
    -------
    bool
        Whether records of finished frames say nothing about the run.
    """
    return any(option.startswith(OTHER_WORK) for option in options)


class FrameRun:
    """The calls of a run that holds the working folder.

    Parameters
    ----------
    records : FrameRecords
        Records of the region's frames.
    call : callable
        Starts Snakemake for a `Call`, with further options; gives its exit code.
    show : callable
        Shows a line.
    events_path : Path
        File of events, which the calls add to.
    """

    def __init__(
        self,
        records: FrameRecords,
        call: Callable[[Call, Sequence[str]], int],
        show: Callable[[str], None],
        events_path: Path,
    ) -> None:
        self.records, self.call, self.show, self.events = records, call, show, events_path
        self.failed: list[str] = []

    def all(self, options: Sequence[str] = (), incomplete: bool = False) -> int:
        """Run the frames that are not finished, then join them.

        Parameters
        ----------
        options : sequence of str
            Options of Snakemake that the user gives.
        incomplete : bool, default False
            Whether finished frames are joined where others failed.

        Returns
        -------
        int
            Exit code of the last call that failed; 0 for none.
        """
        graph = self.records.graph
        code = self._frames(() if does_other_work(options) else self.records.finished())
        if not (graph.config.frames or code == INTERRUPTED or self.failed and not incomplete):
            code = self._join() or code
        if self.failed:
            again = f"`sarslide run {graph.config.region}`"
            self.show(
                f"{len(self.failed)} frames are not finished: {frame_calls.named(self.failed)};"
                f" {again} goes on, with --incomplete to a release of the others"
            )
        return code

    def _frames(self, finished: Sequence[str]) -> int:
        """Run the frames that are not finished; a failed one stops no other."""
        code = 0
        if finished:
            self.show(f"{len(finished)} of {len(self.records.graph.run_frames)} frames are finished")
        for call in frame_calls.calls(self.records.graph, finished):
            self.records.forget(call.frames)
            before = len(events.read_events(self.events))
            self.show(call.title)
            ended = self.call(call, ["--keep-going"])
            if not ended:
                self.records.write(call.frames)
                continue
            code = ended
            failed = frame_calls.failed_frames(call, events.read_events(self.events)[before:])
            self.failed += failed or call.frames
            if ended == INTERRUPTED or not failed:
                break  # what ends a call without a failed job ends the next one, too
            self.records.write([frame for frame in call.frames if frame not in failed])
        return code

    def _join(self) -> int:
        """Make mosaics, inventory and report of the finished frames."""
        graph = self.records.graph
        if set(graph.run_frames) <= set(self.failed):
            return 0
        call = frame_calls.join(graph, self.failed)
        self.show(call.title)
        return self.call(call, [])

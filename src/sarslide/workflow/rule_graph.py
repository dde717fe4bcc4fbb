"""Which rule reads what another one makes: the processing flow of a region, as it was planned.

The plan that joins the frames of a large region takes their files as they are. Its flow is joined
with those of the plans of the frames, which lie in a folder beside it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sarslide.config import Config
from sarslide.io.sidecar import read_json, write_json
from sarslide.workflow.frame_calls import runs_frames

LAST, LAST_OF_FRAME = "report", "candidates"
Edges = set[tuple[str, str]]


def edges(dag: Any) -> Edges:
    """Pairs of rules of a plan, as in `snakemake --rulegraph`.

    Parameters
    ----------
    dag : snakemake.dag.DAG
        The plan.

    Returns
    -------
    set of tuple of str
        Rule that makes a file, another one that reads it: mini-stacks read those before them.
    """
    pairs = {(made.rule.name, job.rule.name) for job in dag.jobs for made in dag.dependencies[job]}
    return {(maker, reader) for maker, reader in pairs if maker != reader}


def record(dag: Any, path: Path, config: Config) -> None:
    """Write the flow of a plan that ends with the report, for its figure, or that of some frames.

    Parameters
    ----------
    dag : snakemake.dag.DAG
        The plan.
    path : Path
        JSON file of the region; those of frames lie below its folder.
    config : Config
        Configuration of the region.
    """
    found = edges(dag)
    readers = {reader for _, reader in found}
    if runs_frames(config):
        if LAST_OF_FRAME in readers:
            content = {"edges": sorted(found), "made": sorted(_made(dag))}
            for frame in config.frames:
                _write(_of_frame(path, frame), content)
    elif LAST in readers:
        _write(path, sorted(found | _from_frames(dag, path, config) if config.joined else found))


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, content)


def _of_frame(path: Path, frame: str) -> Path:
    return path.parent / "flow" / f"{frame}.json"


def _from_frames(dag: Any, path: Path, config: Config) -> Edges:
    """Edges of the plans of the frames, and those from their rules to the rules of this plan."""
    within: Edges = set()
    makers: Edges = set()
    for frame in config.grid.frames():
        if (of_frame := _of_frame(path, frame.name)).is_file():
            content = read_json(of_frame)
            within.update(map(tuple, content["edges"]))
            makers.update(map(tuple, content["made"]))
    rules: dict[str, set[str]] = {}
    for name, rule in makers:
        rules.setdefault(name, set()).add(rule)
    return within | {(rule, reader) for name, reader in _read(dag) for rule in rules.get(name, ())}


def _made(dag: Any) -> Iterator[tuple[str, str]]:
    """Files of a plan without their numbers, and the rules that make them."""
    yield from {(_without_numbers(file), job.rule.name) for job in dag.jobs for file in job.output}


def _read(dag: Any) -> Iterator[tuple[str, str]]:
    """Files of a plan without their numbers, and the rules that read them."""
    yield from {(_without_numbers(file), job.rule.name) for job in dag.jobs for file in job.input}


def _without_numbers(path: str) -> str:
    """A path that dates, pairs, tracks and frames have in common."""
    return re.sub(r"\d+", "0", path)

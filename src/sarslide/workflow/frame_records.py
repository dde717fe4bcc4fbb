"""Which frames of a large region are finished: a record of each, instead of a plan of each.

A record holds two digests: of all that the plan of the frame follows from (configuration, scenes,
pairs, code, weights, files of the user), and of names, sizes and times of its files. Where both
still hold, Snakemake would find nothing to do.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import chdir, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from sarslide.config import reach, resolve
from sarslide.errors import FormatError, SarslideError
from sarslide.io.atomic import atomic_file
from sarslide.io.hashes import sha256
from sarslide.workflow.fingerprint import fingerprint
from sarslide.workflow.frame_calls import JOINING, named
from sarslide.workflow.graph import Graph
from sarslide.workflow.network_inputs import networks_of
from sarslide.workflow.paths import GROUND

# Keys that reach nothing else decide nothing about a frame. Scenes and pairs are compared.
ELSEWHERE = {*JOINING, reach.SCENES, reach.PAIRS}
STAMP = ".snakemake_timestamp"  # of a folder that a job made


class FrameRecords:
    """Records of the frames of a region.

    Parameters
    ----------
    graph : Graph
        Of the region.
    folder : Path
        Working folder.
    """

    def __init__(self, graph: Graph, folder: Path = Path()) -> None:
        self.graph, self.folder = graph, folder

    def path(self, frame: str) -> Path:
        """Where the record of a frame lies.

        Parameters
        ----------
        frame : str
            Name of the frame.

        Returns
        -------
        Path
            JSON file.
        """
        return self.folder / self.graph.paths.results / "frames" / f"{frame}.json"

    def finished(self) -> tuple[str, ...]:
        """Frames for which Snakemake would find nothing to do.

        Returns
        -------
        tuple of str
            Of those that the graph runs.
        """
        return tuple(
            frame for frame in self.graph.run_frames if (held := self._held(frame)) and held == self._state(frame)
        )

    def write(self, frames: Iterable[str]) -> None:
        """Record that frames are finished.

        Parameters
        ----------
        frames : iterable of str
            Frames of which every job has ended well.

        Raises
        ------
        OutputError
            When a record cannot be written.
        """
        for frame in frames:
            with atomic_file(self.path(frame)) as temporary:
                temporary.write_text(json.dumps(self._state(frame)) + "\n")

    def forget(self, frames: Iterable[str]) -> None:
        """Remove the records of frames whose jobs are about to run.

        Parameters
        ----------
        frames : iterable of str
            Names of frames.
        """
        for frame in frames:
            self.path(frame).unlink(missing_ok=True)

    def check_joined(self) -> None:
        """Refuse to join frames that were not finished with this configuration.

        Raises
        ------
        FormatError
            Names them, with the command that finishes them.
        """
        wrong = [frame for frame in self.graph.run_frames if self._held(frame).get("plan") != self._plan(frame)]
        if wrong:
            region = self.graph.config.region
            raise FormatError(
                f"region {region}: {len(wrong)} of {len(self.graph.run_frames)} frames are not finished with this"
                f" configuration: {named(wrong)}",
                f"`sarslide run {region}`, which finishes them first",
            )

    def _held(self, frame: str) -> dict[str, str]:
        """The record of a frame; an empty one where there is none that can be read."""
        try:
            found = json.loads(self.path(frame).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _state(self, frame: str) -> dict[str, str]:
        return {"plan": self._plan(frame), "files": self._files(frame)}

    def _plan(self, frame: str) -> str:
        """Digest of what the plan of a frame follows from."""
        stacks = self.graph.stacks_of(frame)
        own = {stack: self._of_stack[stack] for stack in stacks}
        return _digest({"region": self._of_region, "stacks": own, "grid": self.graph.grid(frame).to_dict()})

    @cached_property
    def _of_region(self) -> str:
        graph = self.graph
        plain = graph.config.model_dump(mode="json")
        keys = {}
        for name in reach.key_names():
            if not set(reach.reached(name)) <= ELSEWHERE:
                section, _, leaf = name.rpartition(".")
                keys[name] = plain[section][leaf] if section else plain[leaf]
        rules = graph.scripts.parent
        texts = [path for pattern in ("Snakefile", "rules/**/*.smk", "envs/*.yaml") for path in rules.glob(pattern)]
        code = {path.name: fingerprint(path) for path in graph.scripts.glob("*.py") if path.stem not in JOINING}
        with chdir(self.folder):  # where Snakemake looks for trained weights
            weights = [_weights(network) for network in networks_of(graph.config).values()]
        return _digest(
            {
                "keys": keys,
                "files": [[text, *_stat(self.folder / text)] for text in _named_files(keys, self.folder)],
                "rules": [sha256(path) for path in sorted(texts)],
                "code": dict(sorted(code.items())),
                "weights": weights,
                "external": {kind: list(paths) for kind, paths in graph.scenes.external.items()},
            }
        )

    @cached_property
    def _of_stack(self) -> dict[str, str]:
        """Digest of scenes and pairs by stack."""
        rows: dict[str, list[dict[str, str]]] = {stack: [] for stack in self.graph.config.stacks}
        for row in self.graph.scenes.rows():
            rows[row["stack"]].append(row)
        return {stack: _digest([rows[stack], self.graph.pairs(stack)]) for stack in rows}

    @cached_property
    def _inputs(self) -> dict[str, str]:
        """Digest of the files that all frames of a stack read, by stack."""
        resources = self.folder / self.graph.paths.resources
        dem = [_stat(resources / name) for name in ("dem_m.tif", "product/dem_m.tif")]
        found = {}
        for stack in self.graph.config.stacks:
            products = [resources / "slc" / stack / date for date in self.graph.dates(stack)]
            products += [self.folder / path for path in self.graph.scenes.external.get(stack, ())]
            found[stack] = _digest([dem, [[_stat(product), _stat(product / STAMP)] for product in products]])
        return found

    def _files(self, frame: str) -> str:
        """Digest of names, sizes and times of the files of a frame, and of its inputs."""
        results, graph = self.folder / self.graph.paths.results, self.graph
        folders = [results / stack / frame / graph.engine.name for stack in self.graph.stacks_of(frame)]
        folders += [results / place / name / frame for place in ("", "product") for name in GROUND]
        digest = hashlib.sha256()
        for folder in folders:
            for path, size, time_ns in sorted(_listing(folder)):
                digest.update(f"{path} {size} {time_ns}\n".encode())
        shared = [self._inputs[stack] for stack in self.graph.stacks_of(frame)]
        return _digest([digest.hexdigest(), shared])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stat(path: Path) -> list[int]:
    """Size and time of a file, or nothing."""
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]


def _listing(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of all files below a folder, but for those that are still written."""
    for place, _, names in os.walk(folder):
        for name in names:
            if not name.startswith("."):
                path = os.path.join(place, name)
                with suppress(OSError):
                    found = os.stat(path)
                    yield os.path.relpath(path, folder.parent), found.st_size, found.st_mtime_ns


def _named_files(keys: Any, folder: Path) -> list[str]:
    """Texts of a configuration that name something that is there."""
    if isinstance(keys, str):
        with suppress(SarslideError, OSError, ValueError):
            text = resolve(keys)
            return [text] if text and len(text) < 4096 and (folder / text).exists() else []
        return []
    inner = keys.values() if isinstance(keys, dict) else keys if isinstance(keys, list) else ()
    return [path for one in inner for path in _named_files(one, folder)]


def _weights(network: Any) -> Any:
    """What a network's weights are known by; nothing where they are still missing."""
    try:
        return network.weights_record
    except SarslideError:
        return None

"""What a report is made of: plain paths and values.

Everything but the release and the grid may be absent; its part of the report is then left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sarslide.grid import RegionGrid


@dataclass(frozen=True)
class StackInputs:
    """One stack. rasters: registered layer -> file on the region grid; `wrapped_rad` and `cor` are those of `example_pair`.
    pairs: sidecars of all pairs. reference: description of the reference area."""

    stack: str
    rasters: Mapping[str, Path] = field(default_factory=dict)
    pairs: tuple[Path, ...] = ()
    example_pair: str = ""
    reference: Path | None = None


@dataclass(frozen=True)
class ReportInputs:
    """The whole report. current: pointer to the release. candidates: fused objects before the release. scores, planted: only of
    simulated regions. terrain: registered layer -> file. weights: file with a model card. benchmarks: folder of Snakemake's
    benchmark tables. settings: the configuration as nested plain values. paper: key of `papers.papers()` whose recipe the
    region follows; assumptions: what it does not say, with reasons, by key; assumed: our values, by key; published:
    studies/records/benchmark.json."""

    region: str
    grid: RegionGrid
    stacks: tuple[StackInputs, ...]
    current: Path
    engine: str = "native"
    method: str = "stacking"
    simulated: bool = False
    candidates: Path | None = None
    scores: Path | None = None
    planted: Path | None = None
    terrain: Mapping[str, Path] = field(default_factory=dict)
    weights: Path | None = None
    benchmarks: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    paper: str = ""
    assumptions: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, Any] = field(default_factory=dict)
    published: Path | None = None


def of_stack(
    stack: str, layers: Mapping[str, Sequence[Path]], pairs: Sequence[Path], references: Sequence[Path]
) -> StackInputs:
    """What belongs to one stack among the files of all: its name is a folder of their paths.

    The example pair is the one whose wrapped phase is there.
    """
    mine = {layer: path for layer, paths in layers.items() for path in paths if stack in path.parts}
    return StackInputs(
        stack,
        mine,
        tuple(path for path in pairs if stack in path.parts),
        mine["wrapped_rad"].name.partition(".")[0] if "wrapped_rad" in mine else "",
        next((path for path in references if stack in path.parts), None),
    )

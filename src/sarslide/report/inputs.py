"""What a report is made of: plain paths and values.

Everything but the release and the grid may be absent; its part of the report is then left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sarslide.grid import RegionGrid
from sarslide.rates.methods import DEFAULT


@dataclass(frozen=True)
class StackInputs:
    """Files of one stack.

    Attributes
    ----------
    stack : str
        Name of the stack.
    rasters : mapping of str to Path
        Registered layer -> file on the region grid; `wrapped_rad` and `cor` are those of
        `example_pair`.
    pairs : tuple of Path
        Sidecars of all pairs.
    example_pair : str
        The pair that the report shows.
    references : mapping of str to Path
        Description of the reference area by name of the frame.
    levels : Path or None
        What levelling takes off the rates of each frame; None of a region of one frame.
    """

    stack: str
    rasters: Mapping[str, Path] = field(default_factory=dict)
    pairs: tuple[Path, ...] = ()
    example_pair: str = ""
    references: Mapping[str, Path] = field(default_factory=dict)
    levels: Path | None = None


@dataclass(frozen=True)
class FrameInputs:
    """A frame of the region.

    Attributes
    ----------
    name : str
        Its name.
    core : RegionGrid
        Its cells without the margin.
    stacks : tuple of str
        Those whose swaths touch it.
    """

    name: str
    core: RegionGrid
    stacks: tuple[str, ...]


@dataclass(frozen=True)
class ExternalFiles:
    """What the rule `score_external` has made.

    Attributes
    ----------
    scores, objects : Path
        external_scores.json and external.gpkg.
    """

    scores: Path
    objects: Path


@dataclass(frozen=True)
class FactorFiles:
    """What the rule `rank_factors` has made of a track.

    Attributes
    ----------
    stack : str
        Name of the track.
    sidecar : Path
        factors.json, with all tables.
    heat_map, bars : Path
        Figures of correlation and importance.
    """

    stack: str
    sidecar: Path
    heat_map: Path
    bars: Path


@dataclass(frozen=True)
class BaseMap:
    """Tiles of the internet that the page may show.

    Attributes
    ----------
    address : str
        Of a tile, with {z}, {x} and {y}; empty: none.
    credit : str
        What stands on the map while they are shown.
    zoom : int
        Largest zoom.
    """

    address: str = ""
    credit: str = ""
    zoom: int = 0

    @property
    def server(self) -> str:
        """Scheme, host and port: the one place that the page may ask; empty without tiles."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}" if self.address else ""


@dataclass(frozen=True)
class ReportInputs:
    """What a whole report is made of.

    Attributes
    ----------
    region : str
        Its name.
    grid : RegionGrid
        The region grid.
    stacks : tuple of StackInputs
        Files of each stack.
    current : Path
        Pointer to the release.
    frames : tuple of FrameInputs
        Frames of the region.
    engine, method : str
        Keys of `ENGINES` and `METHODS`.
    simulated : bool
        Whether the region is simulated.
    candidates : Path or None
        Objects before the release: layer `candidates` fused, layer `by_track` of each track.
    network_maps : tuple of Path
        Pictures of all networks side by side, one a stack; none of a region with one network.
    scores, planted : Path or None
        Only of simulated regions.
    external : ExternalFiles or None
        Of regions that are compared with an inventory of others or with field checks.
    terrain : mapping of str to Path
        Registered layer -> file.
    weights : Path or None
        File with a model card.
    benchmarks : Path or None
        Folder of Snakemake's benchmark tables.
    settings : mapping of str to Any
        The configuration as nested plain values.
    paper : str
        Key of `papers.papers()` whose recipe the region follows.
    assumptions : mapping of str to str
        Values that the paper does not give, with reasons, by key.
    assumed : mapping of str to Any
        Our values, by key.
    published : Path or None
        studies/records/benchmark.json.
    flow : Path or None
        Rules and who reads whom (`workflow.rule_graph`).
    curves : Path or None
        Figure of the training of the weights.
    factors : tuple of FactorFiles
        Of each track, where they were made.
    ground : mapping of str to Path
        Optical and lithology layers that the network reads, by registered name.
    series : mapping of str to Path
        Tables of `sarslide series` of the objects by track, where they were made.
    timeseries : mapping of str to Path
        Series of every cell by track, of methods that have one, in a region of one frame: those of
        several frames are not levelled.
    motion : tuple of Path
        What each track and frame tells of the objects (rule `object_motion`).
    products : tuple of Path
        Sidecars of displacement products, of each track and frame (rule `ingest_displacement`).
    base_map : BaseMap
        What the reader can put under the images.
    """

    region: str
    grid: RegionGrid
    stacks: tuple[StackInputs, ...]
    current: Path
    frames: tuple[FrameInputs, ...] = ()
    engine: str = "native"
    method: str = DEFAULT
    simulated: bool = False
    candidates: Path | None = None
    network_maps: tuple[Path, ...] = ()
    scores: Path | None = None
    planted: Path | None = None
    external: ExternalFiles | None = None
    terrain: Mapping[str, Path] = field(default_factory=dict)
    weights: Path | None = None
    benchmarks: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    paper: str = ""
    assumptions: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, Any] = field(default_factory=dict)
    published: Path | None = None
    flow: Path | None = None
    curves: Path | None = None
    factors: tuple[FactorFiles, ...] = ()
    ground: Mapping[str, Path] = field(default_factory=dict)
    series: Mapping[str, Path] = field(default_factory=dict)
    timeseries: Mapping[str, Path] = field(default_factory=dict)
    motion: tuple[Path, ...] = ()
    products: tuple[Path, ...] = ()
    base_map: BaseMap = BaseMap()


def of_stack(
    stack: str,
    layers: Mapping[str, Sequence[Path]],
    pairs: Sequence[Path],
    references: Sequence[Path],
    levels: Sequence[Path] = (),
) -> StackInputs:
    """The files of one stack among those of all: its name is a folder of their paths.

    The example pair is the one whose wrapped phase is there. The folder below that of the stack is
    the frame of a reference area.

    Parameters
    ----------
    stack : str
        Name of the stack.
    layers : mapping of str to sequence of Path
        Files of all stacks by layer.
    pairs : sequence of Path
        Sidecars of all pairs of all stacks.
    references : sequence of Path
        Descriptions of the reference areas, one a stack and frame.
    levels : sequence of Path, optional
        Levels of the frames, one a stack.

    Returns
    -------
    StackInputs
        Those of the stack.
    """

    def mine(paths: Sequence[Path]) -> tuple[Path, ...]:
        return tuple(path for path in paths if stack in path.parts)

    rasters = {layer: found[0] for layer, paths in layers.items() if (found := mine(paths))}
    return StackInputs(
        stack,
        rasters,
        mine(pairs),
        rasters["wrapped_rad"].name.partition(".")[0] if "wrapped_rad" in rasters else "",
        {path.parts[path.parts.index(stack) + 1]: path for path in mine(references)},
        next(iter(mine(levels)), None),
    )

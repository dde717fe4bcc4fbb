"""How the results of a region are cut into frames: recorded beside their format.

Frames of another size may have the same name and other cells: they are refused, as are releases
in another CRS. A region that has outgrown its one frame is made again, and said so.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from sarslide import names
from sarslide.config import Config
from sarslide.errors import FormatError, ReleaseError
from sarslide.frames import WHOLE
from sarslide.inventory.records import RELEASES, last
from sarslide.io.atomic import atomic_file
from sarslide.workflow.paths import GROUND

RECORD = "inventory/FRAMES"


@dataclass(frozen=True)
class Cut:
    """How a region is cut.

    Attributes
    ----------
    frame_km, margin_km : float
        Side of a frame and margin around it, km; both 0 for a region of one frame, `f0`.
    """

    frame_km: float
    margin_km: float

    @property
    def is_whole(self) -> bool:
        """Whether the region is one frame."""
        return not self.frame_km


def cut_of(config: Config) -> Cut:
    """How a configuration cuts its region.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    Cut
        Side and margin.
    """
    grid = config.grid
    return Cut(grid.frame_km, grid.frame_margin_km) if grid.in_frames else Cut(0, 0)


def check(results: Path, config: Config) -> list[str]:
    """Compare the frames of a results folder with those of a configuration.

    Parameters
    ----------
    results : Path
        Folder of a region's results, there or not.
    config : Config
        Configuration of the region.

    Returns
    -------
    list of str
        A warning where a region of one frame has become one of several, or the reverse.

    Raises
    ------
    FormatError
        For frames of another size or margin, a record that cannot be read, or releases in another
        CRS.
    """
    _check_crs(results, config)
    before, now, made = _recorded(results), cut_of(config), _folders(results)
    if before is None or before == now or not made:
        return []
    if not before.is_whole and not now.is_whole:
        raise FormatError(
            f"{results}: holds frames of {before.frame_km:g} km with a margin of {before.margin_km:g} km, and"
            f" grid.frame_km = {now.frame_km:g}, grid.frame_margin_km = {now.margin_km:g}",
            f"set these two keys to {before.frame_km:g} and {before.margin_km:g}, or `sarslide clean {config.region}`,"
            " which keeps releases: all frames are then made again",
        )
    grown = "has outgrown its one frame" if before.is_whole else "has become one frame"
    return [f"region {config.region} {grown}: all of it is made again; {', '.join(made)} in {results} hold the old one"]


def record(results: Path, config: Config) -> None:
    """Record how the results of a region are cut.

    Parameters
    ----------
    results : Path
        Folder of a region's results; it is made where there is none.
    config : Config
        Configuration of the region.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    if _recorded(results) != cut_of(config):
        with atomic_file(results / RECORD) as temporary:
            temporary.write_text(json.dumps(asdict(cut_of(config))) + "\n")


def _check_crs(results: Path, config: Config) -> None:
    """Refuse releases in another CRS before any job, not in rule `release` after all of them."""
    try:
        release = last(results / "inventory" / RELEASES)
    except ReleaseError:
        return  # `sarslide verify` and the rule `release` name what is damaged
    parameters = (release.model_extra or {}).get("parameters", {}) if release else {}
    epsg = parameters.get("grid", {}).get("epsg", config.grid.epsg)
    if epsg != config.grid.epsg:
        raise FormatError(
            f"{results}: holds releases in EPSG:{epsg}, and grid.epsg = {config.grid.epsg}",
            "set it back, or give the region another name; results of the demo before it moved to the Engadin belong to"
            " region `valley`: rename demo in results/, resources/ and logs/",
        )


def _recorded(results: Path) -> Cut | None:
    """The recorded cut; without a record that of results in one frame, or None."""
    path = results / RECORD
    if not path.is_file():
        return Cut(0, 0) if any((results / name / WHOLE).is_dir() for name in _folders(results)) else None
    try:
        found = json.loads(path.read_text())
        return Cut(float(found["frame_km"]), float(found["margin_km"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise FormatError(f"{path}: does not hold side and margin of frames", "restore or delete it") from None


def _folders(results: Path) -> list[str]:
    """Folders of stacks and of the ground that hold frames."""
    if not results.is_dir():
        return []
    places = [path for path in sorted(results.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    return [
        path.name
        for path in places
        if re.fullmatch("|".join((names.STACK, *GROUND)), path.name)
        and any(re.fullmatch(names.FRAME, entry.name) for entry in path.iterdir())
    ]

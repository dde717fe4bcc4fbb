"""What ISCE2's product files (IW2.xml) state of the bursts of a swath."""

import re
from dataclasses import dataclass
from pathlib import Path

from defusedxml import ElementTree

from sarslide.errors import ProcessorError


@dataclass(frozen=True)
class IsceBurst:
    """A burst of the reference grid.

    Attributes
    ----------
    number : int
        From 1 on, as in the names of its files.
    lines, samples : int
        Size.
    near_range_m : float
        Slant range of the first sample, m.
    range_spacing_m : float
        Distance of samples, m.
    """

    number: int
    lines: int
    samples: int
    near_range_m: float
    range_spacing_m: float

    @property
    def slc(self) -> str:
        """Stem of its samples."""
        return f"burst_{self.number:02d}.slc"


@dataclass(frozen=True)
class IsceSwath:
    """A swath and its bursts.

    Attributes
    ----------
    name : str
        IW1 to IW3.
    bursts : tuple of IsceBurst
        In order.
    """

    name: str
    bursts: tuple[IsceBurst, ...]


def read_swaths(folder: Path) -> list[IsceSwath]:
    """The swaths of a product folder that have bursts.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    list of IsceSwath
        The swaths.

    Raises
    ------
    ProcessorError
        For a product file that cannot be read.
    """
    return [swath for path in sorted(folder.glob("IW[123].xml")) if (swath := _read(path)).bursts]


def _read(path: Path) -> IsceSwath:
    try:
        root = ElementTree.parse(path).getroot()
        bursts = root.find("./component[@name='instance']/component[@name='bursts']") if root is not None else None
        if bursts is None:
            raise ValueError("no bursts")
        found = [_burst(part) for part in bursts.findall("component") if part.findtext("factoryname") == "BurstSLC"]
    except (OSError, ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise ProcessorError(f"{path}: is not a product of ISCE2 2.6 ({error})", "run the step again") from error
    return IsceSwath(path.stem, tuple(sorted(found, key=lambda burst: burst.number)))


def _burst(part) -> IsceBurst:
    values = {item.get("name"): item.findtext("value") for item in part.findall("property")}
    return IsceBurst(
        int(values["burstnumber"]), int(values["numberoflines"]), int(values["numberofsamples"]),
        float(values["startingrange"]), float(values["rangepixelsize"]),
    )  # fmt: skip


def isce_version(folder: Path) -> str:
    """Release of ISCE2 that wrote the images of a date's folder.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    str
        Release, or unknown.
    """
    for path in sorted(folder.glob("reference/IW[123]/burst_*.slc.xml")):
        if match := re.search(r"Release: ([\w.]+)", path.read_text()):
            return match[1]
    return "unknown"

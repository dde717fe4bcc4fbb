"""What ISCE2's product files (IW2.xml) state of the bursts of a swath."""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from sarslide.errors import ProcessorError
from sarslide.insar.external.values import number, whole
from sarslide.io.bounded import text, xml_file

AGAIN = "run the step again"
# What a burst of Sentinel-1 may have: number, lines, samples; range of the first sample and
# spacing, m.
NUMBERS, LINES, SAMPLES = (1, 99), (1, 10_000), (1, 100_000)
NEAR_RANGE_M, SPACING_M = (500e3, 2000e3), (0.5, 50.0)


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
    root = xml_file(path, ProcessorError, cure=AGAIN)
    bursts = root.find("./component[@name='instance']/component[@name='bursts']")
    if bursts is None:
        raise ProcessorError(f"{path}: is not a product of ISCE2 2.6 (no bursts)", AGAIN)
    found = [_burst(path, part) for part in bursts.findall("component") if part.findtext("factoryname") == "BurstSLC"]
    if len({burst.number for burst in found}) != len(found):
        raise ProcessorError(f"{path}: is not a product of ISCE2 2.6 (two bursts of one number)", AGAIN)
    return IsceSwath(path.stem, tuple(sorted(found, key=lambda burst: burst.number)))


def _burst(path: Path, part: Element) -> IsceBurst:
    values = {item.get("name"): item.findtext("value") for item in part.findall("property")}

    def of(read, name: str, within: tuple):
        return read(path, name, values.get(name), within, AGAIN, ProcessorError)

    return IsceBurst(
        of(whole, "burstnumber", NUMBERS),
        of(whole, "numberoflines", LINES),
        of(whole, "numberofsamples", SAMPLES),
        of(number, "startingrange", NEAR_RANGE_M),
        of(number, "rangepixelsize", SPACING_M),
    )


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

    Raises
    ------
    ProcessorError
        For a description that cannot be read.
    """
    for path in sorted(folder.glob("reference/IW[123]/burst_*.slc.xml")):
        if match := re.search(r"Release: ([\w.]+)", text(path, ProcessorError, encoding="latin-1", cure=AGAIN)):
            return match[1]
    return "unknown"

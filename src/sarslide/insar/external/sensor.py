"""What the files of another processor state of their sensor, and what holds where they do not.

The tags are those of PyRate's GeoTIFFs (pyrate/core/ifgconstants.py: WAVELENGTH_METRES,
INCIDENCE_DEGREES, INSAR_PROCESSOR), of ROI_PAC's `.rsc` and MintPy, which keeps its names
(its list of attributes: WAVELENGTH, CENTER_INCIDENCE_ANGLE, HEADING, ORBIT_DIRECTION, PLATFORM,
PROCESSOR), of GAMMA's parameter files (radar_frequency in Hz, incidence_angle, heading, sensor),
and of LiCSAR's `metadata.txt` (avg_incidence_angle, heading), in capitals or not.

Sentinel-1's own values stand only for products that are known to be of Sentinel-1: by their naming,
or by such a tag. What key, tag and the pass of the stack state may not contradict each other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.errors import InterferogramError
from sarslide.insar.external import values
from sarslide.io.bounded import shown

SENTINEL1_WAVELENGTH_M = 0.05546576
SENTINEL1_INCIDENCE_DEG = 39.0  # the middle of the swath
SENTINEL1_HEADING_DEG = {"A": 347.4, "D": 192.6}
SENTINEL1_NAMINGS = ("licsar", "aria", "hyp3")
SENTINEL1 = re.compile(r"(SENTINEL[-_ ]?1|S1[ABCD]?\b|SEN$)")
# Motion that makes the phase grow where the earlier date comes first; all form first x
# conj(second). GAMMA as seen on the ground of Mexico City (J10); ROI_PAC and ISCE, whose phase
# MintPy takes as it is, positive away from the satellite (its FAQ, question 1; Yunjun et al. 2019,
# doi:10.1016/j.cageo.2019.104331), as PyRate takes GAMMA's and ROI_PAC's (Rosen et al. 2004,
# Eos 85, 5).
GROWS = {"GAMMA": "away", "ROIPAC": "away", "ISCE": "away", "ISCE2": "away"}
TAGS = {
    "wavelength_m": ("WAVELENGTH_METRES", "WAVELENGTH", "RADAR_WAVELENGTH"),
    "frequency_hz": ("RADAR_FREQUENCY",),
    "incidence_deg": (
        "INCIDENCE_DEGREES",
        "CENTER_INCIDENCE_ANGLE",
        "INCIDENCE_ANGLE",
        "AVG_INCIDENCE_ANGLE",
        "INCIDENCE",
    ),
    "heading_deg": ("HEADING_DEGREES", "HEADING", "HEADING_DEG"),
    "platform": ("PLATFORM", "SENSOR", "MISSION", "SATELLITE"),
    "processor": ("INSAR_PROCESSOR", "PROCESSOR"),
    "orbit": ("ORBIT_DIRECTION", "PASS_DIRECTION"),
}
FREQUENCY_HZ = tuple(SPEED_OF_LIGHT / end for end in reversed(values.WAVELENGTH_M))
# Largest differences that contradict nothing. A rate is off by as much as the wavelength; the tag's
# incidence is that of the centre of a scene, at whose edges it differs by 8 degrees.
SAME_WAVELENGTH, SAME_INCIDENCE_DEG, SAME_HEADING_DEG = 0.005, 10.0, 10.0


@dataclass(frozen=True)
class Sensor:
    """The sensor of a stack.

    Attributes
    ----------
    wavelength_m : float
        Radar wavelength, m.
    incidence_deg : float
        Incidence angle from the ellipsoid normal, degree; where the product has none by cell.
    heading_deg : float
        Flight direction, degree clockwise from north; where the product has none by cell.
    sentinel1 : bool
        Whether it is known to be Sentinel-1.
    """

    wavelength_m: float
    incidence_deg: float
    heading_deg: float
    sentinel1: bool


@dataclass(frozen=True)
class Declared:
    """What the configuration states; None where it does not.

    Attributes
    ----------
    wavelength_m, incidence_deg, heading_deg : float or None
        The keys of the section `files`.
    """

    wavelength_m: float | None = None
    incidence_deg: float | None = None
    heading_deg: float | None = None


class Tags:
    """Tags of a file, by what they mean.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    tags : mapping of str to str
        Its tags; the case of their names does not count.
    """

    def __init__(self, path: str | Path, tags: Mapping[str, str]) -> None:
        self.path = path
        self._tags = {name.upper(): str(value).strip() for name, value in tags.items()}

    def text(self, kind: str) -> str:
        """A text.

        Parameters
        ----------
        kind : str
            One of `TAGS`.

        Returns
        -------
        str
            In capitals; empty where there is none.
        """
        return self._tags.get(self._name(kind), "").upper()

    def number(self, kind: str, within: tuple[float, float]) -> tuple[float, str] | None:
        """A number.

        Parameters
        ----------
        kind : str
            One of `TAGS`.
        within : tuple of float
            The least and the largest that it can be.

        Returns
        -------
        tuple of float and str, or None
            The number and the name of its tag; None where there is none.

        Raises
        ------
        InterferogramError
            For what is no number, or outside.
        """
        name = self._name(kind)
        if not self._tags.get(name):
            return None
        text = self._tags[name].split()[0]  # GAMMA writes units behind
        cure = "correct the tag, or remove it and set the key of the section files"
        return values.number(self.path, f"its tag {name}", text, within, cure), name

    def wavelength_m(self) -> tuple[float, str] | None:
        """The wavelength, also from a radar frequency.

        Returns
        -------
        tuple of float and str, or None
            m, and the name of the tag; None where there is none.

        Raises
        ------
        InterferogramError
            As `number`.
        """
        if found := self.number("wavelength_m", values.WAVELENGTH_M):
            return found
        frequency = self.number("frequency_hz", (FREQUENCY_HZ[0], FREQUENCY_HZ[1]))
        return frequency and (SPEED_OF_LIGHT / frequency[0], frequency[1])

    def grows(self) -> tuple[str | None, str]:
        """Motion that makes the phase grow, by the processor.

        Returns
        -------
        grows : str or None
            "away"; None where the processor is not stated, or its sign is not known.
        because : str
            What states it; empty where the processor is not stated.
        """
        processor = self.text("processor")
        because = f"its tag {self._name('processor')} is {shown(processor)}" if processor else ""
        return GROWS.get(processor.replace("_", "").replace("-", "")), because

    def _name(self, kind: str) -> str:
        return next((name for name in TAGS[kind] if name in self._tags), "")


def flies(heading_deg: float) -> str:
    """Letter of the pass of a flight direction.

    Parameters
    ----------
    heading_deg : float
        Degree clockwise from north.

    Returns
    -------
    str
        A, or D for a track to the south.
    """
    return "D" if 90 < heading_deg % 360 < 270 else "A"


def sensor(tags: Tags, stack: str, declared: Declared, sentinel1: bool = False, by_cell: bool = False) -> Sensor:
    """The sensor of a stack: as declared, else as its files state, else Sentinel-1 if it is known.

    Parameters
    ----------
    tags : Tags
        Of its first file.
    stack : str
        Name of the stack.
    declared : Declared
        Keys of the configuration.
    sentinel1 : bool
        Whether the naming is one of Sentinel-1.
    by_cell : bool
        Whether the product has its line of sight by cell, so that the angles decide nothing.

    Returns
    -------
    Sensor
        The sensor.

    Raises
    ------
    InterferogramError
        For key, tag and stack that contradict each other, a tag out of range, and what is neither
        stated nor known.
    """
    sentinel1 = sentinel1 or bool(SENTINEL1.match(tags.text("platform")))
    known = sentinel1 or by_cell
    stated = tags.wavelength_m()
    if sentinel1 and stated is None:
        stated = SENTINEL1_WAVELENGTH_M, ""
    wavelength = _agreed(tags.path, "wavelength_m", declared.wavelength_m, stated, None)
    incidence = _agreed(
        tags.path,
        "incidence_deg",
        declared.incidence_deg,
        tags.number("incidence_deg", values.INCIDENCE_DEG),
        SENTINEL1_INCIDENCE_DEG if known else None,
    )
    heading = _agreed(
        tags.path,
        "heading_deg",
        declared.heading_deg,
        tags.number("heading_deg", values.HEADING_DEG),
        SENTINEL1_HEADING_DEG[stack[0]] if known else None,
    )
    _check_pass(tags, stack, heading)
    return Sensor(wavelength, incidence, heading % 360, sentinel1)


def check_wavelength(path: str | Path, stated: float | None, stack: Sensor) -> None:
    """Check a pair's wavelength against that of its stack.

    Parameters
    ----------
    path : str or Path
        Its file, for messages.
    stated : float or None
        What it states, m.
    stack : Sensor
        The sensor of the stack.

    Raises
    ------
    InterferogramError
        For another one.
    """
    if stated is not None and _differ("wavelength_m", stated, stack.wavelength_m):
        raise InterferogramError(
            f"{path}: its wavelength is {stated:g} m, that of the stack {stack.wavelength_m:g} m",
            "correct files.wavelength_m, or leave pairs of another sensor out",
        )


def _agreed(
    path: str | Path, key: str, declared: float | None, stated: tuple[float, str] | None, otherwise: float | None
) -> float:
    if declared is not None and stated is not None and _differ(key, declared, stated[0]):
        source = f"its tag {stated[1]}" if stated[1] else "that of Sentinel-1, which made it,"
        raise InterferogramError(
            f"{path}: files.{key} is {declared:g}, {source} is {stated[0]:g}",
            f"correct files.{key}, or leave it out",
        )
    found = declared if declared is not None else stated[0] if stated else otherwise
    if found is None:
        raise InterferogramError(
            f"{path}: no tag states {key}, nor that it is of Sentinel-1",
            f"set files.{key}",
        )
    return found


def _differ(key: str, one: float, other: float) -> bool:
    if key == "wavelength_m":
        return abs(one / other - 1) > SAME_WAVELENGTH
    if key == "incidence_deg":
        return abs(one - other) > SAME_INCIDENCE_DEG
    return abs((one - other + 180) % 360 - 180) > SAME_HEADING_DEG


def _check_pass(tags: Tags, stack: str, heading_deg: float) -> None:
    orbit = tags.text("orbit")
    if orbit[:1] in ("A", "D") and orbit[:1] != stack[0]:
        raise InterferogramError(f"{tags.path}: is {shown(orbit.lower())}, the stack {stack}", "correct stacks")
    if flies(heading_deg) != stack[0]:
        raise InterferogramError(
            f"{tags.path}: heading {heading_deg % 360:g} degrees contradicts the pass of stack {stack}",
            "correct stacks (A or D), files.heading_deg or the tag",
        )

"""SAFE products as they are delivered, folders or zips that are read in place."""

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

import numpy as np

from sarslide import names
from sarslide.errors import NamingError, SafeError
from sarslide.io import bounded
from sarslide.io.zip import MAX_MEMBERS, check_archive, member_bytes
from sarslide.sentinel1.orbit import utc

log = logging.getLogger(__name__)

COPY_AGAIN = "copy or download the product again"
POLARISATIONS = ("VV", "HH", "VH", "HV")
ANNOTATION = re.compile(r"annotation/s1[a-d]-iw[123]-slc-(vv|vh|hh|hv)-[0-9a-z\-]+\.xml")
# Relative orbit = (absolute orbit - offset) mod 175 + 1, from an absolute orbit on (ESA SentiWiki,
# S-1 products; S1C changed its place in June 2026). Manifests of 2014 state others, which the
# ground tracks of their orbits contradict. Beyond the date no formula is known to hold.
OFFSETS = {"S1A": {1: 73}, "S1B": {1: 27}, "S1C": {1: 172, 8019: 99}, "S1D": {1: 42}}
OFFSETS_UNTIL = np.datetime64("2026-07-01", "us")
LONGEST = np.timedelta64(10, "m")  # of a product


@dataclass(frozen=True)
class SwathFiles:
    """One swath of a product in one polarisation.

    Attributes
    ----------
    name : str
        Of the annotation, for messages.
    annotation : bytes
        Content of its annotation.
    raster : str
        The path that GDAL opens for its samples.
    only : int, optional
        Position in the burst list of the single burst that the raster holds; None: all.
    """

    name: str
    annotation: bytes
    raster: str
    only: int | None = None


@dataclass(frozen=True)
class Facts:
    """What a manifest states.

    Attributes
    ----------
    mission : str
        S1A ...
    stack : str
        Pass and relative orbit.
    absolute_orbit : int
        Number of the orbit.
    start, stop : numpy.datetime64
        UTC.
    ipf_version : str
        Version of the processor.
    processed : str
        When it ran.
    """

    mission: str
    stack: str
    absolute_orbit: int
    start: np.datetime64
    stop: np.datetime64
    ipf_version: str
    processed: str


class FactsMixin:
    """Facts of a manifest as properties of what lies under it.

    Attributes
    ----------
    facts : Facts
        What the manifest states.
    """

    facts: Facts

    @property
    def mission(self) -> str:
        """S1A ..."""
        return self.facts.mission

    @property
    def stack(self) -> str:
        """Pass and relative orbit."""
        return self.facts.stack

    @property
    def start(self) -> np.datetime64:
        """First time, UTC."""
        return self.facts.start

    @property
    def stop(self) -> np.datetime64:
        """Last time, UTC."""
        return self.facts.stop

    @property
    def ipf_version(self) -> str:
        """Version of the processor."""
        return self.facts.ipf_version


@dataclass(frozen=True)
class SafeProduct(FactsMixin):
    """One SAFE, a folder or a zip that is read in place.

    Attributes
    ----------
    path : Path
        Folder or zip.
    root : str
        Leads to the SAFE inside a zip; empty for a folder.
    members : tuple of str
        Paths below the SAFE folder.
    facts : Facts
        What its manifest states.
    """

    path: Path
    root: str
    members: tuple[str, ...]
    facts: Facts

    def read(self, member: str) -> bytes:
        """Bytes of a member.

        Parameters
        ----------
        member : str
            Such as `annotation/s1a-iw2-slc-vv-....xml`.

        Returns
        -------
        bytes
            Its content.
        """
        return _read(self.path, self.root, member)

    def gdal_path(self, member: str) -> str:
        """What GDAL opens for a raster member.

        Parameters
        ----------
        member : str
            Path below the SAFE folder.

        Returns
        -------
        str
            A path, in a zip one of `/vsizip/`.
        """
        if self.path.is_dir():
            return str(self.path / member)
        return f"/vsizip/{{{self.path}}}/{self.root}{member}"

    def annotation_members(self, polarisation: str) -> list[str]:
        """Annotation files of one polarisation.

        Parameters
        ----------
        polarisation : str
            VV, VH, HH or HV.

        Returns
        -------
        list of str
            One a swath, in order of the swaths.
        """
        return [
            member
            for member in self.members
            if (match := ANNOTATION.fullmatch(member)) and match[1] == polarisation.lower()
        ]

    @property
    def polarisations(self) -> tuple[str, ...]:
        """What there is of VV, HH, VH, HV."""
        return tuple(one for one in POLARISATIONS if self.annotation_members(one))

    def swaths(self, polarisation: str) -> list[SwathFiles]:
        """The swaths of one polarisation.

        A SAFE made of single bursts may hold annotations of swaths without samples: they are left
        out where others have theirs.

        Parameters
        ----------
        polarisation : str
            VV, VH, HH or HV.

        Returns
        -------
        list of SwathFiles
            In order of the swaths.
        """
        found = {member: _measurement(member) for member in self.annotation_members(polarisation)}
        held = {member: raster for member, raster in found.items() if raster in self.members} or found
        return [
            SwathFiles(f"{self.path}/{member}", self.read(member), self.gdal_path(raster))
            for member, raster in held.items()
        ]


def _measurement(annotation_member: str) -> str:
    return annotation_member.replace("annotation/", "measurement/").replace(".xml", ".tiff")


def open_product(path: str | Path) -> SafeProduct:
    """The product of a SAFE folder or of a zip that holds one.

    Parameters
    ----------
    path : str or Path
        Folder or zip.

    Returns
    -------
    SafeProduct
        The product.

    Raises
    ------
    SafeError
        Where the manifest is missing or broken.
    """
    path = Path(path)
    if path.is_dir():
        root, members = "", tuple(_files(path))
    else:
        held = [
            name for name in check_archive(path, error=SafeError, cure=COPY_AGAIN) if not name.startswith("__MACOSX")
        ]
        manifests = [name for name in held if PurePosixPath(name).name == "manifest.safe"]
        if len(manifests) > 1:
            raise SafeError(f"{path}: holds {len(manifests)} products", "give each product by itself")
        root = manifests[0].removesuffix("manifest.safe") if manifests else ""
        members = tuple(name.removeprefix(root) for name in held if name.startswith(root))
    if "manifest.safe" not in members:
        raise SafeError(f"{path}: has no manifest.safe", COPY_AGAIN)
    name = f"{path}/manifest.safe"
    manifest = bounded.xml(_read(path, root, "manifest.safe"), name, SafeError, COPY_AGAIN)
    return SafeProduct(path, root, tuple(sorted(members)), facts_of(manifest, name))


def _files(folder: Path) -> Iterator[str]:
    """Files below a SAFE folder; links may not lead out of it."""
    inside = folder.resolve()
    count = 0
    for place, folders, names_here in os.walk(folder):
        for path in (Path(place) / name for name in (*folders, *names_here)):
            count += 1
            if count > MAX_MEMBERS:
                raise SafeError(f"{folder}: holds more than {MAX_MEMBERS} files", "give one product a folder")
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                raise SafeError(f"{path}: is a link that leads out of the product", "copy the product, not links")
            if path.is_file():
                yield path.relative_to(folder).as_posix()


def _read(path: Path, root: str, member: str) -> bytes:
    if path.is_dir():
        return bounded.content(path / member, SafeError, cure=COPY_AGAIN)
    return member_bytes(path, root + member, error=SafeError, cure=COPY_AGAIN)


def facts_of(manifest: Element, name: str) -> Facts:
    """Facts of a manifest.

    Parameters
    ----------
    manifest : xml.etree.ElementTree.Element
        Its root element.
    name : str
        For messages.

    Returns
    -------
    Facts
        What it states.

    Raises
    ------
    SafeError
        For what is no manifest of Sentinel-1.
    """
    elements = list(manifest.iter())
    first: dict[str, str] = {}
    for element in elements:
        tag = element.tag.rpartition("}")[2]
        key = f"{tag}.{element.get('type')}" if element.get("type") else tag
        if element.text and element.text.strip():
            first.setdefault(key, element.text.strip())
    software = [e.get("version", "") for e in elements if e.tag.endswith("}software") and "IPF" in e.get("name", "")]
    processed = [e.get("stop", "") for e in elements if e.tag.endswith("}processing")]
    try:
        mission, start, stop = f"S1{first['number']}", utc(first["startTime"]), utc(first["stopTime"])
        absolute, stated = int(first["orbitNumber.start"]), int(first["relativeOrbitNumber.start"])
        if mission not in OFFSETS or absolute < 1 or not start < stop <= start + LONGEST:
            raise ValueError(f"{bounded.shown(mission)}, orbit {absolute}, {start} to {stop}")
        return Facts(
            mission=mission,
            stack=names.stack_name(first["pass"], relative_orbit(mission, absolute, start, stated, name)),
            absolute_orbit=absolute,
            start=start,
            stop=stop,
            ipf_version=next((one for one in software if re.fullmatch(r"\d{3}\.\d{2}", one)), ""),
            processed=next((one for one in processed if re.fullmatch(r"[\d:.TZ\-]{10,30}", one)), ""),
        )
    except (KeyError, ValueError, NamingError) as error:
        problem = error.problem if isinstance(error, NamingError) else error
        raise SafeError(f"{name}: not a Sentinel-1 manifest ({bounded.shown(problem)})", COPY_AGAIN) from error


def relative_orbit(mission: str, absolute: int, start: np.datetime64, stated: int, name: str) -> int:
    """Relative orbit of a product: by its absolute orbit where its manifest contradicts it.

    Parameters
    ----------
    mission : str
        S1A ...
    absolute : int
        Number of the orbit.
    start : numpy.datetime64
        Of the product, UTC.
    stated : int
        What the manifest states.
    name : str
        Of the manifest, for the log.

    Returns
    -------
    int
        1 to 175; what is stated where no formula is known to hold.
    """
    if start > OFFSETS_UNTIL:
        return stated
    offset = next(offset for first, offset in reversed(OFFSETS[mission].items()) if absolute >= first)
    found = (absolute - offset) % 175 + 1
    if found != stated:
        log.warning("%s: states relative orbit %d, orbit %d of %s is %d", name, stated, absolute, mission, found)
    return found

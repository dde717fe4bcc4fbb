"""SAFE products as they are delivered, folders or zips that are read in place."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml import ElementTree

from sarslide import names
from sarslide.errors import SafeError

COPY_AGAIN = "copy or download the product again"
POLARISATIONS = ("VV", "HH", "VH", "HV")


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
        return f"/vsizip/{self.path}/{self.root}{member}"

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
            if member.startswith("annotation/s1") and member.endswith(".xml") and f"-{polarisation.lower()}-" in member
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
    try:
        if path.is_dir():
            members = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
            root = ""
        else:
            with zipfile.ZipFile(path) as archive:
                held = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
            manifests = [name for name in held if PurePosixPath(name).name == "manifest.safe"]
            root = manifests[0].removesuffix("manifest.safe") if manifests else ""
            members = [name.removeprefix(root) for name in held if name.startswith(root) and not name.endswith("/")]
    except (OSError, zipfile.BadZipFile) as error:
        raise SafeError(f"{path}: cannot be read ({error})", COPY_AGAIN) from error
    if "manifest.safe" not in members:
        raise SafeError(f"{path}: has no manifest.safe", COPY_AGAIN)
    name = f"{path}/manifest.safe"
    try:
        manifest = ElementTree.fromstring(_read(path, root, "manifest.safe"))
    except (ElementTree.ParseError, ValueError) as error:  # entities are a ValueError of defusedxml
        raise SafeError(f"{name}: not a Sentinel-1 manifest ({error})", COPY_AGAIN) from error
    return SafeProduct(path, root, tuple(sorted(members)), facts_of(manifest, name))


def _read(path: Path, root: str, member: str) -> bytes:
    try:
        if path.is_dir():
            return (path / member).read_bytes()
        with zipfile.ZipFile(path) as archive:
            return archive.read(root + member)
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise SafeError(f"{path}: {member} cannot be read ({error})", COPY_AGAIN) from error


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
    processed = [stop for e in elements if e.tag.endswith("}processing") and (stop := e.get("stop"))]
    try:
        return Facts(
            mission=f"S1{first['number']}",
            stack=names.stack_name(first["pass"], int(first["relativeOrbitNumber.start"])),
            absolute_orbit=int(first["orbitNumber.start"]),
            start=np.datetime64(first["startTime"], "us"),
            stop=np.datetime64(first["stopTime"], "us"),
            ipf_version=software[0] if software else "",
            processed=processed[0] if processed else "",
        )
    except (KeyError, ValueError) as error:
        raise SafeError(f"{name}: not a Sentinel-1 manifest ({error})", COPY_AGAIN) from error

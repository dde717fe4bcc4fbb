"""A release becomes a folder for others: the formats that are asked for, and a list of the files
with their hashes. An earlier export is replaced as a whole; any other folder is never touched.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from sarslide.errors import ConfigError, OutputError
from sarslide.inventory import records
from sarslide.io import bounded
from sarslide.io.atomic import atomic_folder
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import write_json
from sarslide.publish import coco, files, kml, points, project, registers, results, stac
from sarslide.publish.source import Publication

LIST = "EXPORT.json"
FORMAT_VERSION = 1
MAX_LIST = 4 << 20
# In the order in which they are made: those at the end name files of those before them.
FORMATS: dict[str, Callable[[Publication, Path], None]] = {
    "gpkg": files.geopackage,
    "geojson": files.geojson,
    "kmz": kml.kmz,
    "shapefile": files.shapefile,
    "geoparquet": files.geoparquet,
    "coolr": registers.coolr,
    "iffi": registers.iffi,
    "series": results.series,
    "points": points.points,
    "rasters": results.rasters,
    "coco": coco.coco,
    "qgis": project.project,
    "stac": stac.catalogue,
}


# What the files of a format refer to.
NEEDS = {"qgis": ("gpkg", "rasters")}


class Export(BaseModel):
    """EXPORT.json.

    Attributes
    ----------
    format : int
        Version of this file's form.
    region, release, content_hash : str
        What was exported.
    formats : list of str
        Keys of `FORMATS`.
    files : dict of str to str
        SHA-256 by path in the folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    format: Annotated[int, Field(ge=1)] = FORMAT_VERSION
    region: str
    release: records.Name
    content_hash: records.Digest
    formats: list[str]
    files: dict[str, records.Digest]


class Published(Protocol):
    """What a folder is written of: the entries of EXPORT.json that tell it."""

    @property
    def region(self) -> str:
        """Name of the region, or of the register."""

    @property
    def release(self) -> str:
        """Its id."""

    @property
    def content_hash(self) -> str:
        """SHA-256 of its content."""


def chosen(words: Sequence[str]) -> list[str]:
    """Formats by name.

    Parameters
    ----------
    words : sequence of str
        Names, each perhaps several parted by commas; none: all.

    Returns
    -------
    list of str
        Keys of `FORMATS`, in their order, with what they need.

    Raises
    ------
    ConfigError
        For an unknown name; it tells the nearest ones.
    """
    asked = {name for word in words for name in word.replace(",", " ").split()}
    for name in sorted(asked - set(FORMATS)):
        near = get_close_matches(name, FORMATS, 2, 0.4)
        raise ConfigError(
            f"format {bounded.shown(name)}: is none that a release is exported to",
            f"use {' or '.join(near)}" if near else f"use {', '.join(FORMATS)}",
        )
    asked |= {needed for name in asked for needed in NEEDS.get(name, ())}
    return [name for name in FORMATS if name in asked or not asked]


def export(publication: Publication, folder: Path, formats: Sequence[str]) -> Export:
    """Export a release.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where to: new, empty, or an earlier export, which is replaced as a whole.
    formats : sequence of str
        Keys of `FORMATS`.

    Returns
    -------
    Export
        What the folder holds.

    Raises
    ------
    OutputError
        For a folder that holds anything else, or cannot be written.
    """

    def write(made: Path) -> None:
        for name in formats:
            FORMATS[name](publication, made)

    return written(publication, folder, formats, write)


def written(publication: Published, folder: Path, formats: Sequence[str], write: Callable[[Path], None]) -> Export:
    """Write a folder as a whole, with the list of its files.

    Parameters
    ----------
    publication : Published
        A release, or several that are joined.
    folder : Path
        As of `export`.
    formats : sequence of str
        What is written, for the list.
    write : callable
        Writes the files into a folder.

    Returns
    -------
    Export
        What the folder holds.

    Raises
    ------
    OutputError
        For a folder that holds anything else, or cannot be written.
    """
    refuse_others(folder)
    with atomic_folder(folder) as made:
        write(made)
        content = Export(
            region=publication.region,
            release=publication.release,
            content_hash=publication.content_hash,
            formats=list(formats),
            files={path.relative_to(made).as_posix(): sha256(path) for path in _files(made)},
        )
        write_json(made / LIST, content.model_dump())
    return content


def refuse_others(folder: Path) -> None:
    """Refuse a folder that holds what no export has written.

    Parameters
    ----------
    folder : Path
        The folder, there or not.

    Raises
    ------
    OutputError
        It names one of the files.
    """
    cure = "give a new or empty folder, or that of an earlier export"
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is no folder", cure)
    found = {path.relative_to(folder).as_posix() for path in _files(folder)} - {LIST}
    ours: set[str] = set()
    if (folder / LIST).exists():
        content = bounded.json(folder / LIST, OutputError, MAX_LIST, cure)
        ours = set(bounded.typed(Export, content, folder / LIST, OutputError, cure).files)
    if others := sorted(found - ours):
        raise OutputError(f"{folder}: holds {bounded.shown(others[0])}, which no export has written", cure)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())

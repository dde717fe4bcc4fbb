"""What is published: a release, found by its id, its region or its folder, with its objects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely import unary_union
from shapely.geometry import box

from sarslide import names
from sarslide.errors import ReleaseError
from sarslide.inventory import records
from sarslide.inventory.changes import LAYERS
from sarslide.inventory.records import Manifest
from sarslide.inventory.tables import OBJECTS, further, rows_of, typed
from sarslide.io import bounded, vector


@dataclass(frozen=True)
class Publication:
    """A release, checked against its hashes.

    Attributes
    ----------
    folder : Path
        Of the release.
    manifest : Manifest
        Its manifest.
    layers : mapping of str to GeoDataFrame
        Its objects by layer, in the CRS of the region: `tables.OBJECTS`, those of `tables.further`,
        and two columns `lon` and `lat`, degree (WGS 84), a point inside each object.
    """

    folder: Path
    manifest: Manifest
    layers: Mapping[str, gpd.GeoDataFrame]

    @property
    def region(self) -> str:
        """Name of the region."""
        return str((self.manifest.model_extra or {}).get("region", "")) or self.folder.parents[2].name

    @property
    def release(self) -> str:
        """Its id."""
        return self.manifest.release

    @property
    def content_hash(self) -> str:
        """Hash of its rows."""
        return self.manifest.content_hash

    @property
    def dates(self) -> list[str]:
        """All dates of all tracks, YYYYMMDD, in order."""
        return sorted({date for dates in self.manifest.dates.values() for date in dates})

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Those that it was made with, by section; empty of a release that does not tell them."""
        return (self.manifest.model_extra or {}).get("parameters", {})

    @property
    def simulated(self) -> bool:
        """Whether its acquisitions are simulated."""
        return self.parameters.get("source") == "simulated"

    @property
    def epsg(self) -> int:
        """Code of the region's CRS."""
        return int(next(iter(self.layers.values())).crs.to_epsg())

    @property
    def bounds(self) -> tuple[float, ...]:
        """West, south, east, north of the region, m; of a release that does not tell it, what its
        objects lie in.
        """
        known = [box(*frame.total_bounds) for frame in self.layers.values() if len(frame)]
        if bounds := self.parameters.get("grid", {}).get("bounds"):
            return tuple(bounds)
        if not known:
            raise ReleaseError(
                f"{self.folder}: tells no region and has no objects", "export files alone: gpkg, geojson"
            )
        return unary_union(known).bounds

    @property
    def is_current(self) -> bool:
        """Whether it is the current release of its region: the results hold its rasters."""
        current = records.current(self.folder.parents[1])
        return current is not None and current.release == self.manifest.release


def find(name: str, working: Path) -> Path:
    """The folder of a release.

    Parameters
    ----------
    name : str
        Its folder, its id, or a region, whose current release is meant.
    working : Path
        Working folder, with `results/`.

    Returns
    -------
    Path
        Folder of the release.

    Raises
    ------
    ReleaseError
        Where there is none, or two regions have one of that id.
    """
    if (Path(name) / records.MANIFEST).is_file():
        return Path(name)
    known = sorted(working.glob(f"results/*/inventory/{records.RELEASES}/*/{records.MANIFEST}"))
    found = [path.parent for path in known if path.parent.name == name]
    if len(found) > 1:
        raise ReleaseError(f"{name}: is a release of {len(found)} regions", f"give its folder, such as {found[0]}")
    inventory = working / "results" / name / "inventory"
    if not found and re.fullmatch(names.IDENTIFIER, name) and inventory.is_dir():
        if current := records.current(inventory):
            return inventory / records.RELEASES / current.release
        raise ReleaseError(f"{inventory}: has no release", f"sarslide run {name}")
    if not found:
        ids = [path.parent.name for path in known]
        regions = sorted({path.parents[3].name for path in known})
        near = get_close_matches(name, [*ids, *regions], 3, 0.5) or [*regions, *ids[-3:]]
        listed = ", ".join(near) or f"none is in {working / 'results'}"
        raise ReleaseError(
            f"{bounded.shown(name)}: no release of that id or region, and no folder of one", f"use {listed}"
        )
    return found[0]


def find_all(name: str, working: Path) -> list[Path]:
    """The folders of one release, or of the current release of every region of a working folder.

    Parameters
    ----------
    name : str
        As of `find`, or a folder with `results/`.
    working : Path
        Working folder.

    Returns
    -------
    list of Path
        By region.

    Raises
    ------
    ReleaseError
        As `find`; for a folder of which no region has a release.
    """
    if not (Path(name) / "results").is_dir():
        return [find(name, working)]
    current = [(inventory, records.current(inventory)) for inventory in _inventories(Path(name))]
    found = [inventory / records.RELEASES / one.release for inventory, one in current if one]
    if not found:
        raise ReleaseError(f"{Path(name) / 'results'}: no region has a release", "sarslide run REGION")
    return found


def without_release(working: Path) -> list[str]:
    """Regions of a working folder that have no release yet.

    Parameters
    ----------
    working : Path
        Working folder; any other has none.

    Returns
    -------
    list of str
        Their names.
    """
    return [one.parent.name for one in _inventories(working) if records.current(one) is None]


def _inventories(working: Path) -> list[Path]:
    return sorted(path for path in working.glob("results/*/inventory") if path.is_dir())


def read(folder: Path) -> Publication:
    """A release with its objects.

    Parameters
    ----------
    folder : Path
        Folder of the release.

    Returns
    -------
    Publication
        The release.

    Raises
    ------
    ReleaseError
        For files that are not as they were released.
    """
    manifest = records.check(folder)
    path = folder / records.PACKAGE
    frames = {layer: vector.read(path, layer) for layer in LAYERS}
    crs = next(iter(frames.values())).crs
    columns = {layer: OBJECTS | further(frame.columns) for layer, frame in frames.items()}
    layers = {
        layer: with_places(typed(rows_of(frame, columns[layer], f"{path} layer {layer}"), columns[layer], crs))
        for layer, frame in frames.items()
    }
    return Publication(folder, manifest, layers)


def with_places(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Objects with `lon` and `lat`, degree to seven decimals (1 cm), of a point inside each.

    Parameters
    ----------
    frame : GeoDataFrame
        The objects.

    Returns
    -------
    GeoDataFrame
        With the two columns before the geometry.
    """
    places = frame.geometry.representative_point().to_crs(4326)
    columns = {"lon": places.x.round(7), "lat": places.y.round(7)}
    return frame.drop(columns=frame.geometry.name).assign(**columns, geometry=frame.geometry).set_geometry("geometry")

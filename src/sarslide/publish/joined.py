"""Current releases of several regions as one register, in which the ground of a landslide is once.

Regions overlap along their borders, and an object there is in the releases of both, cut by the
border of one or of each. Two objects of different regions are one where half of the smaller one is
common, both taken on the ground that both regions hold: beyond it one of them sees nothing. Two
grids draw the same ground up to half a cell apart, which parts an object of one or two cells from
itself. Outlines that agree when both are grown by half a cell are therefore one, too, but one to
one, by the largest sum of IoUs. Whether the same tracks saw them does not matter. Of each group one
is kept, the first by

1. a reviewer's decision before none,
2. a landslide before other deformation before a masked object,
3. the larger area: a border cuts the other one,
4. more tracks, then the names of region and object.

What is one with a kept object is its duplicate; with several, that of the one it is paired with,
then of the one with the larger common area. Duplicates stay in a layer of their own, with the uid
of what is kept and why. Outlines and numbers are never mixed, objects of one region never taken for
one another, and vanished ones, its history, are all kept.

Areas are compared in Lambert's azimuthal equal-area projection about the middle of the regions.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReleaseError
from sarslide.inventory.changes import LAYERS
from sarslide.inventory.matching import CONTAINED, assign, intersections
from sarslide.inventory.tables import VANISHED, further
from sarslide.publish.source import Publication

# Why an object is kept, in the order of the rule above.
REASONS = ("reviewed", "layer", "larger", "more tracks", "by name")
CORNERS = 20  # of an edge of a region in another CRS
# Common share of outlines grown by half a cell: two drawings of one cell, half a cell apart in both
# directions, have 9/16, two cells with a common edge 1/2.
GROWN = 0.55


@dataclass(frozen=True)
class Register:
    """Releases joined.

    Attributes
    ----------
    publications : tuple of Publication
        One a region, by the names of the regions.
    epsg : int
        Code of the CRS of all layers.
    layers : mapping of str to GeoDataFrame
        Objects by layer: `region`, `release`, the columns of a release with `lon` and `lat`, and
        `also`, the uids of their duplicates.
    duplicates : GeoDataFrame
        Objects that are left out: the same columns, then `layer`, `kept_uid`, `kept_region`,
        `common_km2`, `share` (of the smaller one, on common ground; below one half where two grids
        draw a small object half a cell apart), `alone_km2` (ground that the kept one lacks) and
        `why`, one of `REASONS`.
    regions : GeoDataFrame
        Footprint of each region: `region`, `release`, `content_hash`, `first_date`, `last_date`,
        `tracks`, and how many landslides, and duplicates left out, it has.
    """

    publications: tuple[Publication, ...]
    epsg: int
    layers: Mapping[str, gpd.GeoDataFrame]
    duplicates: gpd.GeoDataFrame
    regions: gpd.GeoDataFrame

    region = "register"  # its name where an export has that of its region

    @property
    def content_hash(self) -> str:
        """SHA-256 of what was joined and what was left out."""
        joined = [[one.region, one.release, one.content_hash] for one in self.publications]
        left_out = self.duplicates[["uid", "kept_uid"]].values.tolist()
        return hashlib.sha256(json.dumps([self.epsg, joined, left_out]).encode()).hexdigest()

    @property
    def release(self) -> str:
        """Its id: the last date of its releases, and what is in it."""
        return f"{max(one.release[:8] for one in self.publications)}-{self.content_hash[:8]}"


def join(publications: Sequence[Publication], epsg: int = 4326) -> Register:
    """Join releases of several regions.

    Parameters
    ----------
    publications : sequence of Publication
        Releases, one a region, in any order.
    epsg : int
        Code of the CRS of the register; 4326, longitude and latitude.

    Returns
    -------
    Register
        The same for the same releases.

    Raises
    ------
    ReleaseError
        For no release, two of one region, one of another version, objects without a uid, or one
        object in two regions; for a code that is no CRS.
    """
    ordered = tuple(sorted(publications, key=lambda one: one.region))
    _check(ordered, epsg)
    equal_area = equal_area_about(ordered)
    parts = [_objects(one, layer, epsg) for one in ordered for layer in LAYERS if len(one.layers[layer])]
    if not parts:
        raise ReleaseError(f"{ordered[0].folder}: no release here has an object", "merge regions with objects")
    objects = pd.concat(parts, ignore_index=True)
    # Text that files of the user bring to some regions alone.
    words = [name for name, kind in further(objects.columns).items() if kind is str]
    objects = objects.fillna(dict.fromkeys(words, ""))
    grounds = {one.region: footprint(one, equal_area) for one in ordered}
    cells_m = {one.region: float(one.parameters.get("grid", {}).get("cell_m", 0)) for one in ordered}
    found = duplicates(objects.assign(geometry=objects.geometry.to_crs(equal_area)), grounds, cells_m)
    also: dict[int, list[str]] = {}
    for i, one in found.items():
        also.setdefault(one["kept"], []).append(objects.at[i, "uid"])
    objects.insert(objects.columns.get_loc("lat") + 1, "also", [" ".join(also.get(i, ())) for i in objects.index])
    kept = objects.drop(index=list(found))
    layers = {layer: kept[kept.layer == layer].drop(columns="layer").reset_index(drop=True) for layer in LAYERS}
    left_out = _left_out(objects, found)
    return Register(ordered, epsg, layers, left_out, _regions(ordered, epsg, layers, left_out))


def equal_area_about(publications: Sequence[Publication]) -> CRS:
    """Lambert's azimuthal equal-area projection about the middle of the regions, m.

    Parameters
    ----------
    publications : sequence of Publication
        At least one.

    Returns
    -------
    CRS
        Its centre lies on a whole degree.
    """
    bounds = gpd.GeoSeries([footprint(one, 4326) for one in publications], crs=4326).total_bounds
    lon, lat = round((bounds[0] + bounds[2]) / 2), round((bounds[1] + bounds[3]) / 2)
    return CRS.from_proj4(f"+proj=laea +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m")


def footprint(publication: Publication, crs: Any) -> BaseGeometry:
    """The region of a release.

    Parameters
    ----------
    publication : Publication
        The release.
    crs : CRS or int
        That of the outline.

    Returns
    -------
    Polygon
        Its rectangle, with corners along the edges.
    """
    west, south, east, north = publication.bounds
    outline = box(west, south, east, north).segmentize(max(east - west, north - south) / CORNERS)
    return gpd.GeoSeries([outline], crs=publication.epsg).to_crs(crs).iloc[0]


def duplicates(
    objects: gpd.GeoDataFrame, grounds: Mapping[str, BaseGeometry], cells_m: Mapping[str, float]
) -> dict[int, dict[str, Any]]:
    """Objects whose ground another region has, too, and better.

    Parameters
    ----------
    objects : GeoDataFrame
        `region`, `layer`, `ls_id`, `review`, `tracks` and outlines in an equal-area CRS, m.
    grounds : mapping of str to BaseGeometry
        Footprint of each region in that CRS.
    cells_m : mapping of str to float
        Size of the cells of each region, m; 0 where its release does not tell it.

    Returns
    -------
    dict of int to dict
        By row: `kept`, the row of the object that stands for it, `common_km2`, `share`,
        `alone_km2` and `why`.
    """
    links = _links(objects[objects.layer != VANISHED], grounds, cells_m)
    ranks = {i: _rank(objects.loc[i]) for i in links}
    kept: set[int] = set()
    found = {}
    for i in sorted(links, key=ranks.__getitem__):
        better = {j: about for j, about in links[i].items() if j in kept}
        if not better:
            kept.add(i)
            continue
        j = min(better, key=lambda one: (not better[one]["matched"], -better[one]["common_km2"], ranks[one]))
        differ = next(k for k, (mine, its) in enumerate(zip(ranks[i], ranks[j], strict=True)) if mine != its)
        alone = objects.geometry[i].difference(objects.geometry[j]).area / 1e6
        found[i] = {"kept": j, **better[j], "alone_km2": alone, "why": REASONS[min(differ, len(REASONS) - 1)]}
    return found


def _rank(row: Mapping[str, Any]) -> tuple:
    """Smaller for what is kept; in the order of `REASONS`."""
    area = round(row["geometry"].area, -2)  # a CRS moves corners by less
    return (
        not row["review"],
        LAYERS.index(row["layer"]),
        -area,
        -len(row["tracks"].split("+")),
        row["region"],
        row["ls_id"],
    )


def _links(
    objects: gpd.GeoDataFrame, grounds: Mapping[str, BaseGeometry], cells_m: Mapping[str, float]
) -> dict[int, dict[int, dict[str, Any]]]:
    """Objects of different regions that are one, by row, both ways."""
    links: dict[int, dict[int, dict[str, Any]]] = {}
    for one, other in combinations(sorted(grounds), 2):
        common = grounds[one].intersection(grounds[other])
        if not common.area:
            continue
        sides = [objects.geometry[objects.region == name] for name in (one, other)]
        shares = {pair: share for pair, (_, share) in _overlaps(*(_within(side, common) for side in sides)).items()}
        halves = {pair for pair, share in shares.items() if share >= CONTAINED}
        reach = max(cells_m[one], cells_m[other]) / 2
        grown = _overlaps(*(side.buffer(reach, join_style="mitre") for side in sides))
        # One to one, so that of cells that touch at a corner each finds its own.
        pairs = assign({pair: iou for pair, (iou, share) in grown.items() if pair in halves or share >= GROWN})
        matched = {(i, j) for j, i in pairs.items()}
        for i, j in halves | matched:
            area = objects.geometry[i].intersection(objects.geometry[j]).area / 1e6
            about = {"common_km2": area, "share": shares.get((i, j), 0.0), "matched": (i, j) in matched}
            links.setdefault(i, {})[j] = links.setdefault(j, {})[i] = about
    return links


def _overlaps(mine: gpd.GeoSeries, theirs: gpd.GeoSeries) -> dict[tuple[int, int], tuple[float, float]]:
    """As `intersections`, by the rows of the outlines."""
    found = intersections(mine.tolist(), theirs.tolist())
    return {(mine.index[a], theirs.index[b]): about for (a, b), about in found.items()}


def _within(outlines: gpd.GeoSeries, ground: BaseGeometry) -> gpd.GeoSeries:
    """Outlines on a ground; those without a part of it are left out."""
    inside = outlines.intersection(ground)
    return inside[inside.area > 0]


def _objects(publication: Publication, layer: str, epsg: int) -> gpd.GeoDataFrame:
    frame = publication.layers[layer].to_crs(epsg)
    frame.insert(0, "region", publication.region)
    frame.insert(1, "release", publication.release)
    return frame.assign(layer=layer)


def _left_out(objects: gpd.GeoDataFrame, found: Mapping[int, Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """The objects of `found`, in the order of the register."""
    rows = sorted(found)
    frame = objects.loc[rows].drop(columns=["also", "layer", "geometry"]).reset_index(drop=True)
    columns = {
        "layer": objects.loc[rows, "layer"].tolist(),
        "kept_uid": [objects.at[found[i]["kept"], "uid"] for i in rows],
        "kept_region": [objects.at[found[i]["kept"], "region"] for i in rows],
        **{name: [round(found[i][name], 6) for i in rows] for name in ("common_km2", "share", "alone_km2")},
        "why": [found[i]["why"] for i in rows],
    }
    geometry = gpd.GeoSeries(objects.geometry.loc[rows].tolist(), crs=objects.crs)
    return gpd.GeoDataFrame(frame.assign(**columns), geometry=geometry, crs=objects.crs)


def _regions(
    publications: Sequence[Publication], epsg: int, layers: Mapping[str, gpd.GeoDataFrame], left_out: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    rows = [
        {
            "region": one.region,
            "release": one.release,
            "content_hash": one.content_hash,
            "first_date": one.dates[0] if one.dates else "",
            "last_date": one.dates[-1] if one.dates else "",
            "tracks": " ".join(sorted(one.manifest.dates)),
            "landslides": int((layers["landslides"].region == one.region).sum()),
            "left_out": int((left_out.region == one.region).sum()),
        }
        for one in publications
    ]
    return gpd.GeoDataFrame(rows, geometry=[footprint(one, epsg) for one in publications], crs=epsg)


def _check(publications: Sequence[Publication], epsg: int) -> None:
    """Refuse what cannot be joined."""
    if not publications:
        raise ReleaseError("merge: no release is named", "name regions, releases, or folders with results/")
    try:
        CRS.from_epsg(epsg)
    except CRSError:
        raise ReleaseError(f"EPSG:{epsg}: is no CRS", "give a code of the EPSG, such as 4326") from None
    for one, other in pairwise(publications):
        if one.region == other.region:
            raise ReleaseError(
                f"{other.folder}: is of region {other.region}, as {one.folder}", "name one release of each region"
            )
    versions = {_version(one): one for one in publications}
    if len(versions) > 1:
        (first, one), (second, other) = sorted(versions.items())[:2]
        raise ReleaseError(
            f"{one.folder}: is of sarslide {first or 'unknown'}, {other.folder} of {second or 'unknown'}",
            "bring all regions up to date with one version",
        )
    seen: dict[str, Publication] = {}
    for one in publications:
        for uid in {uid for frame in one.layers.values() for uid in frame["uid"]}:
            if not uid:
                raise ReleaseError(f"{one.folder}: has objects without a uid", "run the region again for a new release")
            if (other := seen.setdefault(uid, one)) is not one:
                raise ReleaseError(
                    f"{one.folder}: has object {uid}, as {other.folder}", "leave out the copy of that region"
                )


def _version(publication: Publication) -> str:
    """The first two numbers of the version that made a release: others write other columns."""
    made = (publication.manifest.model_extra or {}).get("versions", {}).get("sarslide", "")
    return ".".join(str(made).split(".")[:2])

"""Sheets of single objects of a release, each as a page and as PDF."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd

from sarslide.errors import ReleaseError
from sarslide.grid import RegionGrid
from sarslide.inventory import followed
from sarslide.inventory.tables import LANDSLIDES, MASKED, PLAIN
from sarslide.io import bounded, raster
from sarslide.io.sidecar import read_json
from sarslide.publish.results import hillshade, of_tracks
from sarslide.publish.source import Publication
from sarslide.report import better_track, object_series, page, sheet_pdf, sheets
from sarslide.report.reading import read_display
from sarslide.report.scales import scale_for
from sarslide.report.stages import StackMaps, track_colours

LAYERS = (LANDSLIDES, PLAIN, MASKED)  # what has vanished has no sheet


def write(publication: Publication, names: Sequence[str], folder: Path) -> None:
    """`sheet-{ls_id}.html` and `.pdf` of objects.

    Parameters
    ----------
    publication : Publication
        The release; maps, profiles and errors of rates are those of a current one.
    names : sequence of str
        Their uid or ls_id; none: all landslides.
    folder : Path
        Where they are written.

    Raises
    ------
    ReleaseError
        For a name that no object has.
    """
    colours = track_colours(sorted(publication.manifest.dates))
    about = {
        "region": publication.region,
        "release": publication.release,
        "simulated": publication.simulated,
        "css": (page.FOLDER / "assets" / "sheet.css").read_text(),
    }
    template = page.template_of("sheet.html")
    for ls_id, sheet in contents(publication, names).items():
        path = folder / sheets.name_of(ls_id)
        links = {"links": [("PDF", path.with_suffix(".pdf").name)]}
        path.write_bytes(sheets.page(sheet, colours, about | links, template))
        path.with_suffix(".pdf").write_bytes(sheet_pdf.pdf(sheet, colours, about))


def contents(publication: Publication, names: Sequence[str]) -> dict[str, sheets.Sheet]:
    """What stands on the sheets.

    Parameters
    ----------
    publication : Publication
        The release.
    names : sequence of str
        As of `write`.

    Returns
    -------
    dict of str to Sheet
        By ls_id.
    """
    ground, tracks = _ground(publication), dict(of_tracks(publication))
    made = {track: base / "series" / "inventory.csv" for track, base in tracks.items()}
    series = object_series.read(publication.folder, {track: path for track, path in made.items() if path.is_file()})
    # Of a region of several frames the rates are levelled after the objects were measured.
    measured = [path for base in tracks.values() if (path := base / "object_motion.json").is_file()]
    motion = {track: one["rates"] for track, one in followed.joined(map(read_json, measured)).items()}
    found: dict[str, sheets.Sheet] = {}
    for objects in _chosen(publication, names):
        if len(objects):
            found |= sheets.contents(objects, ground, series, motion, publication.parameters)
    return found


def _chosen(publication: Publication, names: Sequence[str]) -> list[gpd.GeoDataFrame]:
    """The objects of each layer."""
    if not names:
        return [publication.layers[LANDSLIDES]]
    known = {
        name: row["ls_id"]
        for layer in LAYERS
        for row in publication.layers[layer].to_dict("records")
        for name in (row["uid"], row["ls_id"])
        if name
    }
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 3, 0.5) or sorted(known)[-3:]
            raise ReleaseError(
                f"{bounded.shown(name)}: is no uid or ls_id of release {publication.release}",
                f"use {', '.join(near)}" if near else "the release has no objects",
            )
    ids = {known[name] for name in names}
    return [frame[frame["ls_id"].isin(ids)] for frame in (publication.layers[layer] for layer in LAYERS)]


def _ground(publication: Publication) -> sheets.Ground:
    """What maps and profiles are cut from: relief of the region, rates of the tracks."""
    west, south, east, north = publication.bounds
    grid = RegionGrid(publication.epsg, west, north, max(east - west, north - south), 1, 1)  # without any raster
    stacks, terrain = [], {}
    for track, base in of_tracks(publication):
        path = base / f"{better_track.RATE}.tif"
        stacks.append(StackMaps(track, {better_track.RATE: read_display(path, better_track.RATE)}))
        grid = raster.grid_of(path)
    if (relief := hillshade(publication)) is not None:
        grid = raster.grid_of(relief)
        for layer in ("hillshade", "elevation_m"):
            if (path := relief.with_name(f"{layer}.tif")).is_file():
                terrain[layer] = read_display(path, layer)
    scale = scale_for(better_track.RATE, [maps.layers[better_track.RATE] for maps in stacks])
    return sheets.Ground(grid, stacks, terrain, scale)

"""What the results of a region hold beside its current release: rasters and series of its tracks.

Rasters are copied with tags that tell where they are from, as a file alone has no folder: region,
release, track, and the dates that they were made of. The results have those of the last run, so of
an earlier release only its own rasters are published.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sarslide import __version__, layers, names
from sarslide.errors import ReleaseError
from sarslide.inventory import records
from sarslide.io import bounded, raster
from sarslide.io.blocks import blocks
from sarslide.publish.source import Publication

RASTERS, SERIES = "rasters", "series"
HILLSHADE = "hillshade"
OF_METHOD = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "downslope_rate_mm_per_yr", "mean_coherence")
BLOCK = 1024  # cells
OWN_TAGS = ("layer", "unit", "meaning", "AREA_OR_POINT")  # that the writer gives


def rasters(publication: Publication, folder: Path) -> None:
    """`rasters/{layer}.tif` of a release and `rasters/{track}_{layer}.tif` of its tracks:
    Cloud-Optimized GeoTIFFs with tags.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where they are written.
    """
    for stack, layer, path in found(publication):
        (folder / RASTERS).mkdir(exist_ok=True)
        name = f"{stack}_{layer}.tif" if stack else f"{layer}.tif"
        _copy(path, folder / RASTERS / name, layer, tags(publication, stack, layer))


def series(publication: Publication, folder: Path) -> None:
    """`series/{track}.csv`: displacement of each landslide, in the columns of EGMS; where they are
    in the release, or `sarslide series` has made them.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where they are written.
    """
    paths = {stack: base / "series" / "inventory.csv" for stack, base in of_tracks(publication)}
    for stack in publication.manifest.dates:  # those of the release itself, where it has them
        if (mine := publication.folder / f"series_{stack}.csv").name in publication.manifest.files:
            paths[stack] = mine
    for stack, path in paths.items():
        if path.is_file():
            (folder / SERIES).mkdir(exist_ok=True)
            shutil.copyfile(path, folder / SERIES / f"{stack}.csv")


def found(publication: Publication) -> list[tuple[str, str, Path]]:
    """The rasters of a release, those of the release itself first.

    Parameters
    ----------
    publication : Publication
        The release.

    Returns
    -------
    list of (str, str, Path)
        Track, empty for the release; registered layer; file.
    """
    mine = [("", layer, publication.folder / f"{layer}.tif") for layer in layers.SMALLEST_SPEED]
    mine = [one for one in mine if one[2].name in publication.manifest.files]
    if publication.is_current and (relief := hillshade(publication)):
        mine.append(("", HILLSHADE, relief))
    for stack, base in of_tracks(publication):
        paths = {layer: base / f"{layer}.tif" for layer in OF_METHOD}
        for candidates in sorted(base.glob("segment/*/candidates.gpkg")):  # of the network of the inventory
            paths["probability"] = candidates.with_name("probability.tif")
        mine += [(stack, layer, path) for layer, path in paths.items() if path.is_file()]
    return mine


def tags(publication: Publication, stack: str, layer: str) -> dict[str, str]:
    """What a published raster tells of itself.

    Parameters
    ----------
    publication : Publication
        The release.
    stack : str
        Its track; empty for a raster of all tracks.
    layer : str
        Registered layer.

    Returns
    -------
    dict of str to str
        Tags of the file; `dates` has all acquisitions, those of TIFF are read by other programs.
    """
    dates = publication.manifest.dates[stack] if stack else publication.dates if layer != HILLSHADE else []
    spec = layers.get(layer)
    found = {
        "region": publication.region,
        "release": publication.manifest.release,
        "TIFFTAG_IMAGEDESCRIPTION": f"{spec.meaning}; {spec.unit}",
        "TIFFTAG_SOFTWARE": f"sarslide {__version__}",
    }
    if stack:
        found["track"] = stack
    if dates:
        found |= {
            "first_date": names.parse_date(dates[0]).isoformat(),
            "last_date": names.parse_date(dates[-1]).isoformat(),
            "dates": " ".join(dates),
            "TIFFTAG_DATETIME": f"{names.parse_date(dates[-1]):%Y:%m:%d} 00:00:00",
        }
    return found


def hillshade(publication: Publication) -> Path | None:
    """The shaded relief of the region.

    Parameters
    ----------
    publication : Publication
        The release.

    Returns
    -------
    Path or None
        None where the results have none.
    """
    terrain = results_of(publication) / "terrain"
    paths = (terrain / f"{HILLSHADE}.tif", terrain / "f0" / f"{HILLSHADE}.tif")
    return next((path for path in paths if path.is_file()), None)


def results_of(publication: Publication) -> Path:
    """The results of the region of a release.

    Parameters
    ----------
    publication : Publication
        The release.

    Returns
    -------
    Path
        `results/{region}`.
    """
    return publication.folder.parents[2]


def of_tracks(publication: Publication) -> Iterator[tuple[str, Path]]:
    """Tracks of a current release whose rates are of its dates.

    Parameters
    ----------
    publication : Publication
        The release.

    Yields
    ------
    (str, Path)
        Track, and the folder of its rates: of the whole region, else of its only frame.
    """
    parameters = publication.parameters
    engine, method = str(parameters.get("engine", "")), str(parameters.get("rates", {}).get("method", ""))
    if not (engine and method and publication.is_current):
        return
    for stack in publication.manifest.dates:
        for part in ("", "f0"):
            base = results_of(publication) / stack / part / engine / method
            if (base / "los_rate_mm_per_yr.tif").is_file():
                frames = (results_of(publication) / stack).glob(f"f*/{engine}/{method}")
                if _dates([base, *frames]) == publication.manifest.dates[stack]:
                    yield stack, base
                break


def _dates(folders: Iterable[Path]) -> list[str]:
    """Dates that rates were made of, by the pairs in the sidecars of their folders."""
    pairs: list[str] = []
    for path in (path for folder in folders for path in folder.glob("*.json")):
        content = bounded.json(path, ReleaseError, records.MAX_MANIFEST, "run again")
        pairs += content.get("params", {}).get("pairs", ()) if isinstance(content, dict) else ()
    return sorted({date for pair in pairs for date in names.split_pair(pair)})


def _copy(source: Path, target: Path, layer: str, added: Mapping[str, str]) -> None:
    """A raster once more, with further tags."""
    kept = {name: text for name, text in raster.tags_of(source).items() if name not in OWN_TAGS}
    grid = raster.grid_of(source)
    with raster.create_cog(target, grid, layer, kept | dict(added)) as put:
        for rows, cols in blocks(grid.shape, BLOCK, BLOCK):
            put(rows, cols, raster.read_block(source, rows, cols))

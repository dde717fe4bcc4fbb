"""Sentinel-2 L2A over a region: a STAC search, and of each scene the part that covers the region.

Bands 2, 3, 4, 8 and the scene classification, as files that `retrieve.optical` reads. A scene of
110 km is a gigabyte; its files are cloud-optimised, so that GDAL requests the tiles under the
region only. Scale and offset are those that the item states: in the collection
`sentinel-2-c1-l2a` they are those of the numbers, in `sentinel-2-l2a` they are not always
(Element84/earth-search, issues 66 and 71).
"""

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sarslide import extras
from sarslide.errors import DownloadError
from sarslide.grid import RegionGrid
from sarslide.io import bounded, raster
from sarslide.io.atomic import atomic_file
from sarslide.retrieve.retry import PAUSE_S, TRIES, TransientError, retry_or_fail

log = logging.getLogger(__name__)

# Names of the assets at Element84 and at the Copernicus Data Space.
ASSETS = {
    "B02": ("blue", "B02"),
    "B03": ("green", "B03"),
    "B04": ("red", "B04"),
    "B08": ("nir", "B08"),
    "SCL": ("scl", "SCL"),
}
MAX_ITEMS = 2000
MAX_BLOCK = 1 << 24  # pixels that must be read at once; files for the web have blocks of 1024 x 1024
MAX_PIXELS = 11_000  # side of a part: a Sentinel-2 tile has 10980


class BandRecord(BaseModel):
    """A band of a scene at the catalogue.

    Attributes
    ----------
    address : str
        Of its file.
    scale, offset : float
        Reflectance = scale x number + offset.
    """

    model_config = ConfigDict(allow_inf_nan=False)
    address: str = Field(pattern=r"^https?://[^\s?#\"']{1,2000}$")
    scale: float = Field(ge=1e-7, le=1)
    offset: float = Field(ge=-1, le=1)


class SceneRecord(BaseModel):
    """A scene of the catalogue: what `search` gives.

    Attributes
    ----------
    id : str
        Its name, which becomes that of a folder.
    tile : str
        Of the grid of Sentinel-2.
    cloud : float
        Cover, %.
    bands : dict of BandRecord
        By the names of ASSETS.
    """

    model_config = ConfigDict(allow_inf_nan=False)
    id: str = Field(pattern=r"^[A-Za-z0-9_\-]{5,100}$")
    tile: str = Field(pattern=r"^[A-Za-z0-9_\-]{1,40}$")
    cloud: float = Field(ge=0, le=100)
    bands: dict[str, BandRecord]


def search(
    address: str,
    collection: str,
    bounds: tuple[float, float, float, float],
    start: str,
    end: str,
    max_cloud: float,
    per_tile: int,
    timeout_s: float = 60.0,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> list[dict[str, Any]]:
    """Items of a STAC catalogue over a box; of each tile those with the least cloud.

    Parameters
    ----------
    address : str
        Of the catalogue.
    collection : str
        Its collection.
    bounds : tuple of float
        West, south, east, north, degree.
    start, end : str
        `YYYYMMDD`, inclusive.
    max_cloud : float
        Most cloud, %.
    per_tile : int
        Scenes of a tile.
    timeout_s : float
        How long the server may be silent, s.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.

    Returns
    -------
    list of dict
        Plain records: id, tile, cloud cover in %, and by band address, scale and offset.

    Raises
    ------
    DownloadError
        For a catalogue that fails, has nothing, or states no scale and offset.
    """
    found = _items(
        address, collection, bounds, (start, end), {"eo:cloud_cover": {"lte": max_cloud}}, timeout_s, tries, pause_s
    )
    if not found:
        raise DownloadError(
            f"{address}: has no scene of {collection} from {start} to {end} with at most {max_cloud:g} % of cloud",
            "widen retrieve.sentinel2_start and _end, or retrieve.sentinel2_cloud",
        )
    return _clearest([scene_of(item) for item in found], per_tile)


def named(
    address: str,
    collection: str,
    bounds: tuple[float, float, float, float],
    granules: Sequence[str],
    timeout_s: float = 60.0,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> list[dict[str, Any]]:
    """The items of a STAC catalogue that have given names (A10).

    A granule is named by the start of its datatake and its tile, as in the name of its product.
    Where it was processed again the newest one is taken.

    Parameters
    ----------
    address : str
        Of the catalogue.
    collection : str
        Its collection.
    bounds : tuple of float
        West, south, east, north, degree.
    granules : sequence of str
        Such as `20230529T034541_T48RTR`.
    timeout_s : float
        How long the server may be silent, s.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.

    Returns
    -------
    list of dict
        As of `search`, in the order of the granules.

    Raises
    ------
    DownloadError
        As `search`; names the granules that the catalogue does not have over the region.
    """
    found: dict[str, list[dict[str, Any]]] = {granule: [] for granule in granules}
    for day in sorted({granule[:8] for granule in granules}):
        for item in _items(address, collection, bounds, (day, day), {}, timeout_s, tries, pause_s):
            for granule in granules:
                if _is(item, granule):
                    found[granule].append(item)
    if missing := [granule for granule, items in found.items() if not items]:
        raise DownloadError(
            f"{address}: has no {', '.join(missing)} of {collection} over the region",
            "correct retrieve.sentinel2_granules, or leave it out, so that the clearest scenes are searched for",
        )
    return [scene_of(max(items, key=_processed)) for items in found.values()]


def _is(item: dict[str, Any], granule: str) -> bool:
    """Whether an item is a granule: start of the datatake, which some ids lack, and tile."""
    sensed, tile = granule.split("_T")
    words = " ".join(_named_by(item))
    return sensed in words and tile in words


def _named_by(item: dict[str, Any]) -> list[str]:
    about = item.get("properties")
    keys = ("s2:product_uri", "s2:datatake_id", "grid:code", "s2:mgrs_tile")
    return [str(item.get("id")), *(str(about.get(key)) for key in keys if isinstance(about, dict))]


def _processed(item: dict[str, Any]) -> str:
    """What grows when a granule is processed again: the time at the end of its product's name."""
    return (_named_by(item)[1:2] or [""])[0].rsplit("_", 1)[-1]


def _items(
    address: str,
    collection: str,
    bounds: tuple[float, float, float, float],
    days: tuple[str, str],
    query: dict[str, Any],
    timeout_s: float,
    tries: int,
    pause_s: float,
) -> list[dict[str, Any]]:
    """Items of a STAC catalogue over a box, from one day (YYYYMMDD) to another one."""
    extras.require("pystac_client", "the search for optical images")
    import requests
    from pystac_client import Client
    from pystac_client.exceptions import APIError
    from pystac_client.stac_api_io import StacApiIO

    first, last = (f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in days)
    window = f"{first}T00:00:00Z/{last}T23:59:59Z"

    def attempt() -> list[dict[str, Any]]:
        try:
            client = Client.open(address, stac_io=StacApiIO(timeout=timeout_s, max_retries=0))
            found = client.search(
                collections=[collection],
                bbox=list(bounds),
                datetime=window,
                query=query or None,
                limit=100,
                max_items=MAX_ITEMS,
            )
            return list(found.items_as_dicts())
        except APIError as error:
            status = getattr(error, "status_code", None)
            if status is None or status == 429 or status >= 500:
                raise TransientError(f"the catalogue answers {status or 'nothing'}") from error
            raise DownloadError(
                f"{address}: the catalogue answers {status}", "check retrieve.stac and retrieve.sentinel2_collection"
            ) from error
        except (requests.RequestException, OSError) as error:
            raise TransientError(f"the catalogue does not answer ({type(error).__name__})") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DownloadError(
                f"{address}: is no STAC catalogue ({type(error).__name__})", "check retrieve.stac"
            ) from error

    return retry_or_fail(address, attempt, tries, pause_s)


def _clearest(scenes: list[dict[str, Any]], per_tile: int) -> list[dict[str, Any]]:
    by_tile: dict[str, list[dict[str, Any]]] = {}
    for scene in sorted({one["id"]: one for one in scenes}.values(), key=lambda one: (one["cloud"], one["id"])):
        by_tile.setdefault(scene["tile"], []).append(scene)
    return sorted((one for mine in by_tile.values() for one in mine[:per_tile]), key=lambda one: one["id"])


def scene_of(item: dict[str, Any]) -> dict[str, Any]:
    """The plain record of an item.

    Parameters
    ----------
    item : dict
        STAC item.

    Returns
    -------
    dict
        As of `search`.

    Raises
    ------
    DownloadError
        For one that lacks a band, or whose bands have no scale and offset.
    """
    cure = "choose a collection whose items state bands, scale and offset: sentinel-2-c1-l2a"
    try:
        name, about = item["id"], item["properties"]
        bands = {band: _stated(item["assets"], band, words) for band, words in ASSETS.items()}
        tile = about.get("grid:code") or about.get("s2:mgrs_tile") or name.split("_")[1]
        record = {"id": name, "tile": tile, "cloud": about.get("eo:cloud_cover", 100), "bands": bands}
    except (KeyError, IndexError, TypeError, StopIteration, AttributeError) as error:
        name = bounded.shown(item.get("id") if isinstance(item, dict) else item)
        problem = f"states no bands ({bounded.shown(error) or 'one is missing'})"
        raise DownloadError(f"the catalogue's item {name}: {problem}", cure) from error
    shown = f"the catalogue's item {bounded.shown(name)}"
    return bounded.typed(SceneRecord, record, shown, DownloadError, cure).model_dump()


def _stated(assets: dict[str, Any], band: str, words: Sequence[str]) -> dict[str, Any]:
    """Address, scale and offset of a band as its asset states them; classes have no scale."""
    asset = next(assets[word] for word in words if word in assets)
    stated = (asset.get("raster:bands") or [asset])[0]
    numbers = {word: stated.get(word, stated.get(f"raster:{word}")) for word in ("scale", "offset")}
    return {"address": asset["href"], **({"scale": 1, "offset": 0} if band == "SCL" else numbers)}


def retrieve(
    scene: dict[str, Any],
    grid: RegionGrid,
    folder: Path,
    timeout_s: float = 60.0,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> Path:
    """The part of a scene that covers the region, one file a band, whole or not there.

    Bands that have arrived are not downloaded again.

    Parameters
    ----------
    scene : dict
        Record of `search`.
    grid : RegionGrid
        Grid of the region.
    folder : Path
        Above the scene's folder.
    timeout_s : float
        How long the server may be silent, s.
    tries : int
        How often at most.
    pause_s : float
        First pause between two tries, s.

    Returns
    -------
    Path
        The scene's folder.

    Raises
    ------
    DownloadError
        For a file that cannot be fetched.
    """
    place = folder / scene["id"]
    for band, about in scene["bands"].items():
        path = place / f"{band}.tif"
        if path.is_file():
            continue
        retry_or_fail(about["address"], partial(_cut, about, grid, path, timeout_s), tries, pause_s)
    return place


@contextmanager
def _remote(address: str, timeout_s: float) -> Iterator[Any]:
    """An open raster of a web server, without credentials, whatever this machine's netrc holds."""
    import rasterio

    how = {
        "GDAL_HTTP_TIMEOUT": str(timeout_s),
        "GDAL_HTTP_CONNECTTIMEOUT": str(min(timeout_s, 20)),
        "GDAL_HTTP_NETRC": "NO",
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "CPL_VSIL_CURL_USE_HEAD": "NO",
        "VSI_CACHE": "FALSE",
        "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/",
    }
    with rasterio.Env(**how), raster.dataset(f"/vsicurl/{address}", raster.OPTICAL) as source:
        yield source


def _cut(about: dict[str, Any], grid: RegionGrid, path: Path, timeout_s: float) -> None:
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds
    from rasterio.windows import Window, from_bounds

    try:
        with _remote(about["address"], timeout_s) as source:
            band = source.count == 1 and source.dtypes[0] in ("uint8", "uint16") and source.crs is not None
            if not band or math.prod(source.block_shapes[0]) > MAX_BLOCK:
                raise DownloadError(f"{about['address']}: is no band of Sentinel-2", "check retrieve.stac")
            around = transform_bounds(f"EPSG:{grid.epsg}", source.crs, *grid.pad(2 * grid.cell_m).bounds)
            window = from_bounds(*around, source.transform)
            if not all(map(math.isfinite, window.flatten())):
                raise DownloadError(f"{about['address']}: lies nowhere near the region", "check retrieve.stac")
            left, top = max(math.floor(window.col_off), 0), max(math.floor(window.row_off), 0)
            right = min(math.ceil(window.col_off + window.width), source.width)
            bottom = min(math.ceil(window.row_off + window.height), source.height)
            # A scene that the search returned for its outline may miss the region: one pixel then
            # stands for it.
            window = Window(
                min(left, source.width - 1), min(top, source.height - 1), max(right - left, 1), max(bottom - top, 1)
            )
            if max(window.width, window.height) > MAX_PIXELS:
                raise DownloadError(f"{about['address']}: a part of {window.width} pixels", "check the region")
            numbers = source.read(1, window=window)
            profile = {
                "driver": "GTiff", "crs": source.crs, "transform": source.window_transform(window), "nodata": 0,
                "compress": "deflate",
            }  # fmt: skip
    except RasterioError as error:
        raise TransientError(f"cannot be read ({str(error).splitlines()[0][:120]})") from error
    with atomic_file(path) as temporary:
        temporary.write_bytes(raster.encoded(numbers[None], about["scale"], about["offset"], **profile))

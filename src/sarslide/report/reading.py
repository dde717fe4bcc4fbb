"""The inputs of a report as arrays and records, reduced to what a screen can show."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
import numpy as np
from pydantic import BaseModel, Field

from sarslide import layers, names
from sarslide.errors import InterferogramError, RateError, WeightsError
from sarslide.inventory import records as release_records
from sarslide.io import bounded, raster
from sarslide.models.weights import read_card
from sarslide.rates.observability import CLASSES
from sarslide.report.inputs import StackInputs
from sarslide.report.network_plot import NetworkPair
from sarslide.report.stages import StackMaps

log = logging.getLogger(__name__)

MAX_SIDE = 1400
HIDDEN = [CLASSES.index(word) for word in ("layover", "shadow")]
OF_THE_GROUND = ("avg_phase_rad", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr")
Finite = Annotated[float, Field(allow_inf_nan=False)]
FrameName = Annotated[str, Field(pattern=f"^{names.FRAME}$")]
Time = Annotated[str, Field(max_length=40)]


class _Pair(BaseModel):
    """What the report shows of a pair's sidecar; None: unknown."""

    dates: tuple[release_records.Date, release_records.Date]
    utc: tuple[Time | None, Time | None]
    bperp_m: Finite | None = None
    mean_coherence: Annotated[float, Field(ge=0, le=1)] | None = None


class _Place(BaseModel):
    """The description of a reference area; without a place where a frame has none."""

    epsg: Annotated[int, Field(ge=1024, le=32767)]
    x_m: Annotated[float, Field(ge=-2e7, le=2e7)] | None
    y_m: Annotated[float, Field(ge=-2e7, le=2e7)] | None
    cells: release_records.Count
    area_km2: Annotated[float, Field(ge=0, le=1e6)]
    reason: Annotated[str, Field(max_length=1000)]


class _Plane(BaseModel):
    """What the report shows of what levelling takes off a frame; mm/yr, LOS, and mm/yr per km."""

    offset_mm_per_yr: Finite
    east_mm_per_yr_per_km: Finite
    north_mm_per_yr_per_km: Finite
    height_mm_per_yr_per_km: Finite


class _Level(BaseModel):
    """The level of a frame."""

    plane: _Plane
    std_mm_per_yr: Finite
    reason: Annotated[str, Field(max_length=1000)]


class _Zero(BaseModel):
    """The named reference area on which levelled rates are zero on average."""

    frames: tuple[FrameName, ...]
    cells: release_records.Count


class _Levels(BaseModel):
    """The levels of a stack."""

    frames: dict[FrameName, _Level]
    zeros: tuple[_Zero, ...] = ()


def _typed(model: type[bounded.Model], path: Path, error: bounded.Coded) -> bounded.Model:
    return bounded.typed(model, bounded.json(path, error), path, error)


def read_display(path: Path, layer: str, band: int = 1) -> np.ndarray:
    """A raster for the screen, no side over `MAX_SIDE`.

    Parameters
    ----------
    path : Path
        The file.
    layer : str
        Its registered name.
    band : int, default 1
        Number of the band.

    Returns
    -------
    (rows, cols) array
        No-data is NaN, but in the hillshade.
    """
    values = raster.read_reduced(path, MAX_SIDE, band)
    nodata = layers.get(layer).nodata
    if layer == "hillshade" or nodata is None:
        return values
    return np.where(values == nodata, np.nan, values).astype(np.float32)


def speed_maps(current: Path) -> dict[str, Path]:
    """The smallest speeds that can be seen, which a release holds.

    Parameters
    ----------
    current : Path
        Pointer to the release.

    Returns
    -------
    dict of str to Path
        By registered layer; empty of a method without rates, and of releases that lack them.
    """
    folder = release_records.folder_of(current)
    files = release_records.manifest(folder).files
    return {layer: path for layer in layers.SMALLEST_SPEED if (path := folder / f"{layer}.tif").name in files}


def read_stack(stack: StackInputs) -> StackMaps:
    """The rasters of a stack for the screen; the filtered phase is the second band of
    `wrapped_rad`, where it differs from the first.

    Phase and rates are left out in layover and shadow: several slopes or none answer there, which
    looks like motion.

    Parameters
    ----------
    stack : StackInputs
        Files of the stack.

    Returns
    -------
    StackMaps
        Arrays by layer.
    """
    found = {layer: read_display(path, layer) for layer, path in stack.rasters.items()}
    if {"probability", "mean_coherence"} <= set(found):
        shape = found["mean_coherence"].shape
        if found["probability"].shape != shape:  # on the finer grid of the products
            found["probability"] = raster.read_mean(stack.rasters["probability"], shape)
    if "wrapped_rad" in found:
        filtered = read_display(stack.rasters["wrapped_rad"], "wrapped_rad", band=2)
        if not np.array_equal(filtered, found["wrapped_rad"], equal_nan=True):
            found["filtered_rad"] = filtered
    if "observable_class" in found:
        hidden = np.isin(found["observable_class"], HIDDEN)
        found |= {layer: np.where(hidden, np.nan, found[layer]) for layer in OF_THE_GROUND if layer in found}
    return StackMaps(stack.stack, found, stack.example_pair)


def read_pairs(paths: Sequence[Path]) -> list[NetworkPair]:
    """The pairs of a stack in order of their names.

    Parameters
    ----------
    paths : sequence of Path
        Their sidecars.

    Returns
    -------
    list of NetworkPair
        One a sidecar.
    """
    found = [_typed(_Pair, path, InterferogramError) for path in sorted(paths)]
    return [NetworkPair(*pair.dates, pair.bperp_m, pair.mean_coherence, *pair.utc) for pair in found]


def records(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Rows of a table without the outline.

    Parameters
    ----------
    frame : GeoDataFrame
        The table.

    Returns
    -------
    list of dict
        Plain values by column.
    """
    return frame.drop(columns="geometry").to_dict("records")


def reference(stack: str, path: Path) -> dict[str, Any]:
    """The reference area of a stack with its place in degrees.

    Parameters
    ----------
    stack : str
        Name of the stack.
    path : Path
        Description of the reference area.

    Returns
    -------
    dict of str to Any
        The description, with stack, lon and lat (None where a frame has no reference area).
    """
    from pyproj import Transformer

    about = _typed(_Place, path, RateError)
    lon = lat = None
    if about.x_m is not None and about.y_m is not None:
        lon, lat = Transformer.from_crs(about.epsg, 4326, always_xy=True).transform(about.x_m, about.y_m)
    return {"stack": stack, "lon": lon, "lat": lat, **about.model_dump()}


def read_levels(path: Path) -> dict[str, dict[str, Any]]:
    """What levelling takes off the rates of each frame of a stack.

    Parameters
    ----------
    path : Path
        JSON of rule `level_frames`.

    Returns
    -------
    dict of str to dict of str to Any
        By frame: terms of the plane, std_mm_per_yr, and as note why the frame was left as it is.
    """
    found = _typed(_Levels, path, RateError).frames
    return {
        frame: {
            "note": level.reason,
            **({} if level.reason else level.plane.model_dump() | {"std_mm_per_yr": level.std_mm_per_yr}),
        }
        for frame, level in found.items()
    }


def read_zeros(stack: str, path: Path) -> list[dict[str, Any]]:
    """The named reference area on which the levelled rates of a stack are zero on average.

    Parameters
    ----------
    stack : str
        Name of the stack.
    path : Path
        JSON of rule `level_frames`.

    Returns
    -------
    list of dict
        stack, frames that used it, cells; one of each group of frames, empty where it is not named.
    """
    return [{"stack": stack, **zero.model_dump()} for zero in _typed(_Levels, path, RateError).zeros]


def model_card(path: Path | None) -> dict[str, str] | None:
    """Items of the weights' card, from the file's metadata alone.

    Parameters
    ----------
    path : Path or None
        The weights.

    Returns
    -------
    dict of str to str or None
        Text by key; None when there are no weights or no card.
    """
    if path is None:
        return None
    try:
        card = read_card(path)
    except WeightsError as error:
        log.warning("%s", error)
        return None
    keys = ("label", "network", "channels", "normalisation", "threshold", "licence")
    values = {key: value for key, value in card.model_dump(include=set(keys)).items() if value not in (None, "")}
    texts = {key: ", ".join(map(str, v)) if isinstance(v, list) else str(v) for key, v in values.items()}
    facts = {key: texts[key] for key in keys if key in texts}
    return facts | ({"trained on": card.trained_on.text} if card.trained_on else {})

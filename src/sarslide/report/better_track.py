"""The LOS rates of all tracks as one image: each cell by the track that tells most of a motion down
its slope, each object by the track in which it moves fastest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np

from sarslide.inventory.tables import rates_of
from sarslide.report.stages import Bounds, StackMaps

RATE, STD, SENSITIVITY = "los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "downslope_sensitivity"
MIN_SENSITIVITY = 0.05  # so that no cell has an endless error


def of_object(row: Mapping[str, Any]) -> str:
    """The track that shows an object best.

    Parameters
    ----------
    row : mapping of str to Any
        Row of a release: `los_rate_by_track` and `track`.

    Returns
    -------
    str
        The one with the largest mean rate either way; without rates the one whose outline it has.
    """
    rates = rates_of(row.get("los_rate_by_track") or "", str(row["ls_id"]))
    return max(sorted(rates), key=lambda track: abs(rates[track]), default=str(row.get("track") or ""))


def composite(stacks: Sequence[StackMaps], objects: Sequence[gpd.GeoDataFrame], bounds: Bounds) -> np.ndarray | None:
    """LOS rate by the better track.

    Of a cell that is the track with the smallest error of the speed down the slope, |error of the
    LOS rate / sensitivity|; on flat ground, where no slope has a direction, that with the smallest
    error of the LOS rate. Cells of an object are those of its track, where that has a rate.

    Parameters
    ----------
    stacks : sequence of StackMaps
        Rasters of each track; those without rates are left out.
    objects : sequence of GeoDataFrame
        Layers of the release.
    bounds : Bounds
        West, south, east, north of the rasters, m.

    Returns
    -------
    (rows, cols) array or None
        mm/yr, positive towards the satellite of the cell's track, NaN where no track has a rate;
        None with fewer than two tracks that have rates.
    """
    from rasterio.features import rasterize
    from rasterio.transform import from_bounds

    rated = [maps for maps in stacks if RATE in maps.layers]
    if len(rated) < 2:
        return None
    rates = np.stack([maps.layers[RATE] for maps in rated])
    errors = np.stack([_downslope_error(maps) for maps in rated])
    image = np.take_along_axis(rates, np.argmin(errors, axis=0)[None], axis=0)[0]
    numbers = {maps.stack: number for number, maps in enumerate(rated, start=1)}
    shapes = [
        (shape, numbers[track])
        for frame in objects
        for shape, row in zip(frame.geometry, frame.to_dict("records"), strict=True)
        if (track := of_object(row)) in numbers
    ]
    if shapes:
        of_objects = rasterize(shapes, image.shape, transform=from_bounds(*bounds, *image.shape[::-1]), dtype="uint8")
        for number, rate in enumerate(rates, start=1):
            image = np.where((of_objects == number) & np.isfinite(rate), rate, image)
    return image


def _downslope_error(maps: StackMaps) -> np.ndarray:
    """Error of the speed down the slope, mm/yr; infinite where there is no rate."""
    rate = maps.layers[RATE]
    std, sensitivity = (
        maps.layers.get(STD, np.ones_like(rate)),
        maps.layers.get(SENSITIVITY, np.full_like(rate, np.nan)),
    )
    share = np.where(np.isfinite(sensitivity), np.clip(np.abs(sensitivity), MIN_SENSITIVITY, None), 1.0)
    return np.where(np.isfinite(rate), np.where(np.isfinite(std), std, np.inf) / share, np.inf)

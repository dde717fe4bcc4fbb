"""The inputs of a report as arrays and records, reduced to what a screen can show."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from sarslide import layers
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.rates.observability import CLASSES
from sarslide.report.inputs import StackInputs
from sarslide.report.network_plot import NetworkPair
from sarslide.report.stages import StackMaps

log = logging.getLogger(__name__)

MAX_SIDE = 1400
HIDDEN = [CLASSES.index(word) for word in ("layover", "shadow")]
OF_THE_GROUND = ("avg_phase_rad", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr")


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


def read_stack(stack: StackInputs) -> StackMaps:
    """The rasters of a stack for the screen; the filtered phase is the second band of
    `wrapped_rad`.

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
    if "wrapped_rad" in found:
        found["filtered_rad"] = read_display(stack.rasters["wrapped_rad"], "wrapped_rad", band=2)
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
    found = []
    for path in sorted(paths):
        about = read_json(path)
        earlier, later = about["dates"]
        utc = about["utc"]
        found.append(NetworkPair(earlier, later, about.get("bperp_m"), about.get("mean_coherence"), *utc))
    return found


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
        The description, with stack, lon and lat.
    """
    from pyproj import Transformer

    about = read_json(path)
    lon, lat = Transformer.from_crs(about["epsg"], 4326, always_xy=True).transform(about["x_m"], about["y_m"])
    return {"stack": stack, "lon": lon, "lat": lat, **about}


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
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            card = json.loads((file.metadata() or {})["card"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        log.warning("%s: no model card (%s)", path, error)
        return None
    keys = ("label", "network", "channels", "normalisation", "threshold", "licence")
    facts = {key: card[key] for key in keys if card.get(key) not in (None, "")}
    return {key: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in facts.items()}

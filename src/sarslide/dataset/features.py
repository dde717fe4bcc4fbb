"""Features: named lists of registered layers, some stored, some computed from stored ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from sarslide import layers
from sarslide.dataset.fusion import phase_colours
from sarslide.errors import ConfigError, WeightsError
from sarslide.terrain import downslope
from sarslide.terrain.curvature import total_curvature

COLOURS = ("red", "green", "blue")

# P0's input is "the three-channel fusion of D-InSAR phase and SAR intensity" (B06); the recipe is
# not printed. Two readings: sine and cosine of the phase and the intensity, numbers that are
# continuous where the phase wraps; or the colours of `dataset.fusion`, phase as hue and intensity
# as brightness (`hsv`), which is what a picture shows.
_P0 = ("avg_phase_sin", "avg_phase_cos", "mean_amplitude_db")
_P0_HSV = tuple(f"phase_intensity_{colour}" for colour in COLOURS)
_CURVATURE = ("curvature_profile_per_m", "curvature_plan_per_m")
# The single curvature of ArcGIS, with which P0 and P3 may have worked (C03).
_TOTAL = "curvature_total_per_m"

# Ours: what moves, how sure that is, and whether it moves the way the slope lets it. No elevation
# and no amplitude: they differ from valley to valley and from sensor to sensor.
_OURS = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence", "slope_deg", "downslope_sensitivity")
# The same with the rate in its standard errors, for fast and noisy ground.
_OURS_SURE = (_OURS[0], "los_rate_over_std", *_OURS[1:])

# P3 stacks rate, elevation, slope, curvature, optical, aspect and lithology (Fig. 2, E18) without
# saying how direction and rock enter. Aspect as sine and cosine has no step at north. Rock classes
# have no order, which the code as a number would claim: each class is a channel of its own, and
# unknown rock is none of them. One legend for the world, so that weights travel.
CLASSES = tuple(f"lithology_{word}" for word in layers.LITHOLOGY)
_P3 = (
    "elevation_m",
    "slope_deg",
    *_CURVATURE,
    "aspect_sin",
    "aspect_cos",
    *layers.OPTICAL,
    *CLASSES,
)
# The same as P3's Fig. 2 counts it, up to ten channels: one curvature, aspect in degrees, the code
# of the rock as a number.
_P3_PARITY = ("elevation_m", "slope_deg", _TOTAL, *layers.OPTICAL, "aspect_raw_deg", "lithology")


@dataclass(frozen=True)
class ChannelSet:
    """A named list of channels, as `training.channels` and `dataset.channels` choose it.

    Attributes
    ----------
    name : str
        Name of the set.
    channels : tuple of str
        Registered layers, in order.
    source : str
        Paper and table.
    """

    name: str
    channels: tuple[str, ...]
    source: str


CHANNEL_SETS: dict[str, ChannelSet] = {
    row.name: row
    for row in (
        ChannelSet("sarslide", _OURS, "ours"),
        ChannelSet("sarslide_ranges", _OURS_SURE, "ours"),
        # E16
        ChannelSet("p0_insar", _P0, "P0 Table 3"),
        ChannelSet("p0_dem", (*_P0, "elevation_m"), "P0 Table 3"),
        ChannelSet("p0_slope", (*_P0, "slope_deg"), "P0 Table 3"),
        ChannelSet("p0_curvature", (*_P0, *_CURVATURE), "P0 Table 3"),
        ChannelSet("p0_curvature_total", (*_P0, _TOTAL), "P0 Table 3"),
        ChannelSet("p0_insar_hsv", _P0_HSV, "P0 section 3.2"),
        ChannelSet("p0_dem_hsv", (*_P0_HSV, "elevation_m"), "P0 section 3.2"),
        ChannelSet("p0_slope_hsv", (*_P0_HSV, "slope_deg"), "P0 section 3.2"),
        ChannelSet("p0_curvature_hsv", (*_P0_HSV, *_CURVATURE), "P0 section 3.2"),
        ChannelSet("p0_curvature_total_hsv", (*_P0_HSV, _TOTAL), "P0 section 3.2"),
        # Pictures of wrapped phase, one turn of the colour wheel a cycle (B12, D06)
        ChannelSet("p2_colours", tuple(f"avg_phase_{colour}" for colour in COLOURS), "P2 section 4.2.3"),
        # Without and with the deformation rate (D12)
        ChannelSet("p3_rs", _P3, "P3 Table 4"),
        ChannelSet("p3_rs_dr", ("los_rate_mm_per_yr", *_P3), "P3 Table 4"),
        # E18
        ChannelSet("p3_parity_rs", _P3_PARITY, "P3 Table 4, Fig. 2"),
        ChannelSet("p3_parity", ("los_rate_mm_per_yr", *_P3_PARITY), "P3 Table 4, Fig. 2"),
        # E17
        ChannelSet("p4_los", ("los_rate_mm_per_yr",), "P4 Tables 5, 6"),
        ChannelSet("p4_phase", ("phase_rate_rad_per_yr",), "P4 Tables 5, 6"),
        ChannelSet("p4_phase_los", ("phase_rate_rad_per_yr", "los_rate_mm_per_yr"), "P4 Tables 5, 6"),
        ChannelSet("p4_phase_dem", ("phase_rate_rad_per_yr", "elevation_m"), "P4 Tables 5, 6"),
        ChannelSet("p4_phase_slope", ("phase_rate_rad_per_yr", "slope_deg"), "P4 Tables 5, 6"),
        ChannelSet("p4_phase_dem_slope", ("phase_rate_rad_per_yr", "elevation_m", "slope_deg"), "P4 Tables 5, 6"),
        ChannelSet(
            "p4_all", ("phase_rate_rad_per_yr", "los_rate_mm_per_yr", "elevation_m", "slope_deg"), "P4 Tables 5, 6"
        ),
    )
}


# The fused picture of phase and intensity: three bands, of which three channels are made.
PICTURE = "phase_intensity_rgb"

# What a track measures. Its phase means nothing where layover or shadow hide the ground (P0 section
# 6, B26), so that these layers are unknown there, and so is the probability: noise in layover is as
# strong as a landslide.
HIDDEN = "layover_shadow"
MEASURED = frozenset(
    {
        "avg_phase_rad",
        "avg_phase_std_rad",
        PICTURE,
        "phase_rate_rad_per_yr",
        "phase_rate_std_rad_per_yr",
        "los_rate_mm_per_yr",
        "los_rate_std_mm_per_yr",
    }
)


@dataclass(frozen=True)
class Derived:
    """A layer computed cell by cell from stored layers.

    Attributes
    ----------
    sources : tuple of str
        The stored layers.
    compute : callable
        Takes their arrays in this order.
    """

    sources: tuple[str, ...]
    compute: Callable[..., np.ndarray]


def _on_slopes(value: np.ndarray, slope_deg: np.ndarray) -> np.ndarray:
    """`value` of a downslope direction; 0 on flat ground, NaN where the slope is unknown."""
    return np.where(np.isfinite(slope_deg), np.nan_to_num(value, nan=0.0), np.nan)


def _over(rate: np.ndarray, std: np.ndarray) -> np.ndarray:
    """A rate in its standard errors; NaN where there is none."""
    return np.divide(rate, std, out=np.full_like(rate, np.nan), where=std > 0)


def _aspect_sin(aspect_deg: np.ndarray, slope_deg: np.ndarray) -> np.ndarray:
    return _on_slopes(np.sin(np.deg2rad(aspect_deg)), slope_deg)


def _aspect_cos(aspect_deg: np.ndarray, slope_deg: np.ndarray) -> np.ndarray:
    return _on_slopes(np.cos(np.deg2rad(aspect_deg)), slope_deg)


def _aspect_raw(aspect_deg: np.ndarray, slope_deg: np.ndarray) -> np.ndarray:
    """Aspect with -1 on flat ground, NaN where the slope is unknown."""
    return np.where(np.isfinite(slope_deg), np.nan_to_num(aspect_deg, nan=-1.0), np.nan)


def downslope_sensitivity(
    slope_deg: np.ndarray, aspect_deg: np.ndarray, los_east: np.ndarray, los_north: np.ndarray, los_up: np.ndarray
) -> np.ndarray:
    """`terrain.downslope.downslope_sensitivity` (B27) without holes on flat ground.

    Parameters
    ----------
    slope_deg, aspect_deg : array
        Slope and aspect, degrees.
    los_east, los_north, los_up : array
        Unit vector from the ground to the satellite; all inputs have one shape.

    Returns
    -------
    array
        -1 to 1; 0 where the ground is flat; NaN where slope or line of sight is unknown.
    """
    sensitivity = _on_slopes(
        downslope.downslope_sensitivity(slope_deg, aspect_deg, los_east, los_north, los_up), slope_deg
    )
    return np.where(np.isfinite(los_east + los_north + los_up), sensitivity, np.nan)


def _band(index: int) -> Callable[[np.ndarray], np.ndarray]:
    """One band of the layer `phase_intensity_rgb`, 1..255 with 0 unknown, as 0..1."""
    return lambda picture: np.where(picture[index] > 0, (picture[index] - 1) / 254, np.nan)


def _colour(index: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda phase_rad: phase_colours(phase_rad)[index]


def _is_class(code: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda classes: classes == code


DERIVED: dict[str, Derived] = {
    "aspect_sin": Derived(("aspect_deg", "slope_deg"), _aspect_sin),
    "aspect_cos": Derived(("aspect_deg", "slope_deg"), _aspect_cos),
    "aspect_raw_deg": Derived(("aspect_deg", "slope_deg"), _aspect_raw),
    _TOTAL: Derived(_CURVATURE, total_curvature),
    "avg_phase_sin": Derived(("avg_phase_rad",), np.sin),
    "avg_phase_cos": Derived(("avg_phase_rad",), np.cos),
    "los_rate_over_std": Derived(("los_rate_mm_per_yr", "los_rate_std_mm_per_yr"), _over),
    "downslope_sensitivity": Derived(
        ("slope_deg", "aspect_deg", "los_east", "los_north", "los_up"), downslope_sensitivity
    ),
    **{f"phase_intensity_{c}": Derived((PICTURE,), _band(k)) for k, c in enumerate(COLOURS)},
    **{f"avg_phase_{c}": Derived(("avg_phase_rad",), _colour(k)) for k, c in enumerate(COLOURS)},
    **{name: Derived(("lithology",), _is_class(code)) for code, name in enumerate(CLASSES, start=1)},
}


def channel_set(name: str) -> tuple[str, ...]:
    """The channels of a set.

    Parameters
    ----------
    name : str
        Name of the set.

    Returns
    -------
    tuple of str
        Registered layers, in order.

    Raises
    ------
    ConfigError
        For an unknown name; the nearest known ones come first.
    """
    if name not in CHANNEL_SETS:
        raise ConfigError(*_unknown(name))
    return CHANNEL_SETS[name].channels


def check_channels(name: str, key: str = "training.channels") -> tuple[str, ...]:
    """The channels of a set that the configuration names, before anything is planned.

    Parameters
    ----------
    name : str
        Name of the set.
    key : str
        Key of the configuration that holds the name.

    Returns
    -------
    tuple of str
        Registered layers, in order.

    Raises
    ------
    ConfigError
        For an unknown name, with key and nearest known names.
    """
    if name not in CHANNEL_SETS:
        problem, cure = _unknown(name)
        raise ConfigError(f"{key}: {problem}", cure)
    return CHANNEL_SETS[name].channels


def stored_layers(names: Iterable[str]) -> list[str]:
    """The stored layers that channels need.

    `layover_shadow` comes with every channel that a track measures.

    Parameters
    ----------
    names : iterable of str
        Channels.

    Returns
    -------
    list of str
        Layers, each once, in order of first use.

    Raises
    ------
    LayerError
        For a name that is not registered.
    """
    needed = [s for name in names for s in (DERIVED[name].sources if name in DERIVED else (layers.get(name).name,))]
    if MEASURED.intersection(needed):
        needed.append(HIDDEN)
    return list(dict.fromkeys(needed))


def require_layers(channels: Iterable[str], available: Iterable[str], weights: str | Path) -> list[str]:
    """The stored layers that the channels of a weights file need.

    Parameters
    ----------
    channels : iterable of str
        Channels of the weights.
    available : iterable of str
        Stored layers of the run.
    weights : str or Path
        Weights file, for the error.

    Returns
    -------
    list of str
        Layers, as `stored_layers`.

    Raises
    ------
    WeightsError
        Names the layers that are not available.
    """
    needed, available = stored_layers(channels), set(available)
    if missing := [name for name in needed if name not in available]:
        raise WeightsError(
            f"{weights}: weights for channels {', '.join(channels)}, but the run has no {', '.join(missing)}",
            "use weights for the channels of this run, or train for these",
        )
    return needed


def feature_array(names: Iterable[str], read: Callable[[str], np.ndarray]) -> np.ndarray:
    """Channels as one array, in the units of the registry.

    Parameters
    ----------
    names : iterable of str
        Channels.
    read : callable
        Gives a stored layer (rows, cols), NaN where unknown, or all bands (bands, rows, cols) of a
        layer of several; called once a layer.

    Returns
    -------
    (channels, rows, cols) array of float32
        NaN where a layer is unknown, and in measured layers where layover or shadow hide the
        ground.

    Raises
    ------
    LayerError
        For a name that is not registered.
    """
    names = list(names)
    stored = {name: np.asarray(read(name), np.float32) for name in stored_layers(names)}
    for name in MEASURED.intersection(stored):
        stored[name] = np.where(layers.hidden(stored[HIDDEN]), np.nan, stored[name])

    def channel(name: str) -> np.ndarray:
        if name not in DERIVED:
            return stored[name]
        derived = DERIVED[name]
        return derived.compute(*(stored[source] for source in derived.sources))

    return np.stack([channel(name) for name in names]).astype(np.float32, copy=False)


def observable(features: np.ndarray) -> np.ndarray:
    """Cells in which every channel is known.

    Parameters
    ----------
    features : (channels, rows, cols) array
        Features, NaN where unknown.

    Returns
    -------
    (rows, cols) array of bool
        True where all are finite.
    """
    return np.isfinite(features).all(axis=0)


def _unknown(name: str) -> tuple[str, str]:
    """Problem and cure for a set that there is not: the nearest names, or all of them."""
    near = get_close_matches(name, CHANNEL_SETS, 3)
    cure = f"did you mean {', '.join(near)}?" if near else f"use one of {', '.join(CHANNEL_SETS)}"
    return f"channel set '{name}' does not exist", cure

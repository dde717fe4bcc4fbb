"""Augmentation that stays physically right: orientations, speed, noise, brightness (D08, D10).

Turning a map turns every vector on it: the components (aspect_sin, aspect_cos) and (los_east,
los_north) are mixed as vectors. Layers that belong to a cell whatever the map's orientation stay as
they are: rates along the line of sight, phase in any code, `downslope_sensitivity`, coherence,
slope, curvature, rock classes. A turned map is then a consistent world under a turned satellite and
a turned sun. `aspect_raw_deg` turns as the direction that it is, -1 of flat ground stays; the
stored angles (aspect, heading), unknown where there is none, cannot be channels.

Noise of rates and phases is smooth over a few cells, as filters and unwrapping leave it; that of a
rate is in proportion to its standard error, which grows with it: the channels keep telling the
truth about each other. P2 brightens and sharpens whole pictures. Here only what has a brightness is
changed: reflectance, intensity, and the brightness of pictures of phase. The hue of a picture is a
phase: it gets noise as an angle, and is never brightened; the phase of a picture without intensity
is sharpened as one. Heights, slopes and classes stay.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.dataset.features import COLOURS
from sarslide.dataset.fusion import phase_colours
from sarslide.errors import TrainingError
from sarslide.layers import OPTICAL

ORIENTATIONS = 8
VECTORS = (("aspect_sin", "aspect_cos"), ("los_east", "los_north"))
ANGLES = ("aspect_deg", "heading_deg")
DIRECTION = "aspect_raw_deg"
RATES = (
    ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr"),
    ("phase_rate_rad_per_yr", "phase_rate_std_rad_per_yr"),
)
OVER = "los_rate_over_std"
PHASES = ("avg_phase_sin", "avg_phase_cos")
PICTURE = tuple(f"phase_intensity_{colour}" for colour in COLOURS)
WHEEL = tuple(f"avg_phase_{colour}" for colour in COLOURS)
INTENSITY = "mean_amplitude_db"

NOISE_SHARE = 1.0  # most noise added, in standard errors
NOISE_CELLS = (0.7, 4.0)  # range of the noise's smoothing, standard deviation
# The papers print no strengths. Ours: the error of a phase averaged over a year of pairs; speckle
# of a multilooked mean; light and haze between two days; the contrast that one more sharpening of a
# finished image adds.
PHASE_NOISE_RAD = 0.3
INTENSITY_NOISE_DB = 0.5
REFLECTANCE_NOISE = 0.01
BRIGHTNESS = (0.8, 1.25)
BRIGHTNESS_DB = 2.0
SHARPENING, SHARPENING_CELLS = 1.0, 1.0
# How many times as fast landslides become at most.
FASTER = 8.0


def orient_raster(raster: np.ndarray, orientation: int) -> np.ndarray:
    """A raster, north up, in another orientation.

    Parameters
    ----------
    raster : (..., rows, cols) array
        Raster.
    orientation : int
        0 to 7: turned left `orientation % 4` times by 90 degrees, and before that mirrored
        east-west from 4 on.

    Returns
    -------
    array
        View of the raster; rows and columns change places in odd orientations.
    """
    mirrored = raster[..., ::-1] if orientation >= 4 else raster
    return np.rot90(mirrored, orientation % 4, axes=(-2, -1))


def orient_features(features: np.ndarray, names: Sequence[str], orientation: int) -> np.ndarray:
    """Features in another orientation, east and north components turned with them.

    Parameters
    ----------
    features : (channels, rows, cols) array
        Features, north up.
    names : sequence of str
        The registered layer of each channel.
    orientation : int
        As in `orient_raster`.

    Returns
    -------
    array
        Turned features.

    Raises
    ------
    TrainingError
        Where a channel is an angle, or one component of a vector is there without the other.
    """
    names = list(names)
    turned = np.ascontiguousarray(orient_raster(features, orientation))
    check(names)
    for east_name, north_name in VECTORS:
        if east_name in names:
            e, n = names.index(east_name), names.index(north_name)
            turned[e], turned[n] = _orient_vector(turned[e].copy(), turned[n].copy(), orientation)
    if DIRECTION in names:
        channel = names.index(DIRECTION)
        turned[channel] = _orient_direction(turned[channel], orientation)
    return turned


def check(names: Sequence[str]) -> None:
    """Refuse channels that cannot be turned.

    Parameters
    ----------
    names : sequence of str
        The registered layer of each channel.

    Raises
    ------
    TrainingError
        For an angle, or one component of a vector without the other.
    """
    for angle in ANGLES:
        if angle in names:
            raise TrainingError(
                f"channel '{angle}' is an angle and cannot be turned", "use sine and cosine, or aspect_raw_deg"
            )
    for pair in VECTORS:
        if len(set(pair) & set(names)) == 1:
            raise TrainingError(f"one of the channels {pair[0]} and {pair[1]} is missing", "use both or none")


def _orient_vector(east: np.ndarray, north: np.ndarray, orientation: int) -> tuple[np.ndarray, np.ndarray]:
    """Components of a vector field, turned with the map: left by 90 degrees, east is north."""
    if orientation >= 4:
        east = -east
    for _ in range(orientation % 4):
        east, north = -north, east
    return east, north


def _orient_direction(degrees: np.ndarray, orientation: int) -> np.ndarray:
    """Directions clockwise from north, turned with the map; those below 0 are none."""
    turned = (-degrees if orientation >= 4 else degrees) - 90 * (orientation % 4)
    return np.where(degrees >= 0, turned % 360, degrees)


def augment(
    features: np.ndarray, label: np.ndarray, names: Sequence[str], rng: np.random.Generator, faster: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """A patch in a random orientation, perhaps faster, with noise, brightened and sharpened.

    Parameters
    ----------
    features : (channels, rows, cols) array
        In the units of the registry, not normalised.
    label : (rows, cols) array
        Turned with them.
    names : sequence of str
        The registered layer of each channel.
    rng : np.random.Generator
        Its state decides all.
    faster : float
        Share of the patches whose landslides are made faster.

    Returns
    -------
    features, label : array
        The patch.
    """
    orientation = int(rng.integers(ORIENTATIONS))
    turned, label = orient_features(features, names, orientation), orient_raster(label, orientation)
    if faster and rng.random() < faster:
        turned = quicken(turned, label, names, rng)
    noisy = add_noise(turned, names, rng)
    return sharpen(brighten(noisy, names, rng), names, rng), label


def quicken(features: np.ndarray, label: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Features in which labelled landslides are faster.

    Their rates, and those over their standard errors, are multiplied by one factor of 1 to
    `FASTER`; standard errors stay. Simulated fast ground is noisy ground, and what is fast and
    quiet there is a mine: a network takes a coherent landslide of 100 mm/yr for one.

    Parameters
    ----------
    features : (channels, rows, cols) array
        In the units of the registry.
    label : (rows, cols) array
        1 landslide.
    names : sequence of str
        The registered layer of each channel.
    rng : np.random.Generator
        Its state decides all.

    Returns
    -------
    array
        A copy.
    """
    factor = np.exp(rng.uniform(0, np.log(FASTER)))
    rates = [names.index(name) for name in (*(rate for rate, _ in RATES), OVER) if name in names]
    faster = features.copy()
    faster[rates] = np.where(label == 1, factor * features[rates], features[rates])
    return faster


def add_noise(features: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Features with additional noise (D08).

    Smooth in rates and phases, cell by cell in intensity and reflectance. Rates: in units of their
    standard error channel, the same for phase rate and LOS rate, with opposite signs, because the
    one is computed from the other; the share of the standard error is drawn from 0 to
    `NOISE_SHARE`, the smoothness from `NOISE_CELLS`; the rate over its standard error follows.
    Rates without their standard error among the channels stay as they are. Phases: an angle, the
    same in every code of it.

    Parameters
    ----------
    features : (channels, rows, cols) array
        In the units of the registry.
    names : sequence of str
        The registered layer of each channel.
    rng : np.random.Generator
        Its state decides all.

    Returns
    -------
    array
        A copy.
    """
    noisy, names = features.copy(), list(names)
    known = [pair for pair in RATES if set(pair) <= set(names)]
    if known:
        field, share = _smooth_noise(features.shape[1:], rng), rng.uniform(0, NOISE_SHARE)
        for rate, error in known:
            sign = -1 if rate.startswith("phase") else 1
            noisy[names.index(rate)] += sign * share * field * features[names.index(error)]
            noisy[names.index(error)] *= np.float32(np.hypot(1, share))
        if OVER in names and set(RATES[0]) <= set(names):
            rate, error = (noisy[names.index(name)] for name in RATES[0])
            noisy[names.index(OVER)] = rate / error
    if any(set(code) <= set(names) for code in (PHASES, PICTURE, WHEEL)):
        _turn_phase(noisy, names, rng.uniform(0, PHASE_NOISE_RAD) * _smooth_noise(features.shape[1:], rng))
    for name in (*OPTICAL, INTENSITY):
        if name in names:
            most = INTENSITY_NOISE_DB if name == INTENSITY else REFLECTANCE_NOISE
            noisy[names.index(name)] += rng.uniform(0, most) * rng.standard_normal(features.shape[1:], np.float32)
    return _within(noisy, names)


def brighten(features: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Features, brighter or darker (D08).

    One factor of `BRIGHTNESS` for all reflectances and one for a picture of phase, with intensity
    or without, whose hues stay; up to `BRIGHTNESS_DB` more or less intensity, which is uncalibrated
    anyway.

    Parameters
    ----------
    features : (channels, rows, cols) array
        In the units of the registry.
    names : sequence of str
        The registered layer of each channel.
    rng : np.random.Generator
        Its state decides all.

    Returns
    -------
    array
        A copy.
    """
    bright, names = features.copy(), list(names)
    if channels := [names.index(name) for name in OPTICAL if name in names]:
        bright[channels] = np.clip(bright[channels] * _factor(rng), 0, 1)
    for code in (PICTURE, WHEEL):
        if set(code) <= set(names):
            channels = [names.index(name) for name in code]
            bright[channels] = _with_brightness(features[channels], features[channels].max(axis=0) * _factor(rng))
    if INTENSITY in names:
        bright[names.index(INTENSITY)] += np.float32(rng.uniform(-BRIGHTNESS_DB, BRIGHTNESS_DB))
    return bright


def sharpen(features: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Features, sharpened by an unsharp mask of random strength (D08).

    Reflectance, intensity, the brightness of the fused picture, and the phase of the colour wheel,
    whose brightness carries nothing.

    Parameters
    ----------
    features : (channels, rows, cols) array
        In the units of the registry.
    names : sequence of str
        The registered layer of each channel.
    rng : np.random.Generator
        Its state decides all.

    Returns
    -------
    array
        A copy.
    """
    sharp, names = features.copy(), list(names)
    strength = np.float32(rng.uniform(0, SHARPENING))
    for name in (*OPTICAL, INTENSITY):
        if name in names:
            channel = names.index(name)
            sharp[channel] += strength * _detail(features[channel])
    if set(PICTURE) <= set(names):
        channels = [names.index(name) for name in PICTURE]
        value = features[channels].max(axis=0)
        sharp[channels] = _with_brightness(features[channels], value + strength * _detail(value))
    if set(WHEEL) <= set(names):
        channels = [names.index(name) for name in WHEEL]
        phase, value = _phase_of(features[channels])
        sharp[channels] = phase_colours(phase + strength * _phase_detail(phase), value)
    return _within(sharp, names)


def _turn_phase(features: np.ndarray, names: list[str], angle: np.ndarray) -> None:
    """Add `angle` (rad) to the averaged phase, in every code of it that is there, in place."""
    if set(PHASES) <= set(names):
        s, c = (names.index(name) for name in PHASES)
        sine, cosine = features[s].copy(), features[c].copy()
        features[s] = sine * np.cos(angle) + cosine * np.sin(angle)
        features[c] = cosine * np.cos(angle) - sine * np.sin(angle)
    for code in (PICTURE, WHEEL):
        if set(code) <= set(names):
            channels = [names.index(name) for name in code]
            phase, value = _phase_of(features[channels])
            features[channels] = phase_colours(phase + angle, value)


def _phase_of(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Phase (rad) and brightness of `dataset.fusion.phase_colours` (3, rows, cols)."""
    value = colours.max(axis=0)
    red, green, blue = colours / np.where(value > 0, value, 1)
    sixth = np.select(
        [(red >= green) & (red >= blue), green >= blue], [green - blue, 2 + blue - red], default=4 + red - green
    )
    return np.where(np.isfinite(value), sixth * (np.pi / 3), np.nan), value


def _smooth_noise(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Noise of standard deviation 1, smooth over a random number of cells of `NOISE_CELLS`."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.standard_normal(shape, np.float32), rng.uniform(*NOISE_CELLS))
    return field / field.std()


def _detail(raster: np.ndarray) -> np.ndarray:
    """What a blur takes away; unknown cells give nothing to their neighbours."""
    from scipy.ndimage import gaussian_filter

    known = np.isfinite(raster)
    weight = gaussian_filter(known.astype(np.float32), SHARPENING_CELLS)
    blurred = gaussian_filter(np.where(known, raster, 0).astype(np.float32), SHARPENING_CELLS)
    return raster - blurred / np.maximum(weight, 1e-6)


def _phase_detail(phase_rad: np.ndarray) -> np.ndarray:
    """The same of a wrapped phase, rad: its distance from the direction of the blurred phasors."""
    from scipy.ndimage import gaussian_filter

    phasor = np.where(np.isfinite(phase_rad), np.exp(1j * np.nan_to_num(phase_rad)), 0)
    blurred = gaussian_filter(phasor.real, SHARPENING_CELLS) + 1j * gaussian_filter(phasor.imag, SHARPENING_CELLS)
    return np.angle(phasor * blurred.conj())


def _factor(rng: np.random.Generator) -> np.float32:
    return np.float32(np.exp(rng.uniform(*np.log(BRIGHTNESS))))


def _with_brightness(colours: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Colours (3, rows, cols) of the same hue with brightness `value`, at most 1."""
    old = colours.max(axis=0)
    return colours * (np.clip(value, 0, 1) / np.where(old > 0, old, 1))


def _within(features: np.ndarray, names: list[str]) -> np.ndarray:
    """Reflectances kept within 0..1, in place."""
    for name in OPTICAL:
        if name in names:
            np.clip(features[names.index(name)], 0, 1, out=features[names.index(name)])
    return features

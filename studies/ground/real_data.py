"""Figures measured on the real data before, with other programs, and sarslide's beside them.

    python -m studies.ground.real_data                  on the crops that are shipped
    python -m studies.ground.real_data --data DATA      on the full sets

Prints each figure as stated, ours and the tolerance, and writes the rows of the crops into
studies/records/ground.json. `tests/test_real_figures.py` holds the figures to their tolerances;
where a tolerance comes from stands in `Figure.why`.
"""

import argparse
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import rasterio
from scipy.ndimage import uniform_filter
from tests.support.shipped_data import unpack

from sarslide.rates.phase_variance import phase_variance
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.burst import Burst, bursts_of
from sarslide.sentinel1.deramp import Ramp, ramp_of
from sarslide.sentinel1.geometry import earth_fixed
from sarslide.sentinel1.orbit import Orbit
from studies.ground import put, row

COMMAND = "python -m studies.ground.real_data"
LAND_LINES, SEA_LINES = slice(0, 300), slice(440, 601)  # of Terceira's crop: all land lies north of line 300
LAND_INTENSITY = 1600.0  # mean of 25 x 25 samples: the sea stays below 400, land is above 3000
BAND_HZ = 157.0  # half of the processed azimuth bandwidth
HOUSTON_LOOKS = 60.0
LOOKS = np.arange(4, 81)


@dataclass(frozen=True)
class Figure:
    """A stated figure and ours.

    Attributes
    ----------
    what : str
        What is measured, with its unit.
    low, high : float
        The stated figure, or the ends of the stated range.
    tolerance : float
        By which ours may lie outside.
    measured : float
        Ours.
    why : str
        Where the tolerance comes from.
    """

    what: str
    low: float
    high: float
    tolerance: float
    measured: float
    why: str

    @property
    def met(self) -> bool:
        """Whether ours lies within the tolerance."""
        return bool(self.low - self.tolerance <= self.measured <= self.high + self.tolerance)

    @property
    def stated(self) -> str:
        """The stated figure with the tolerance."""
        figure = f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"
        return f"{figure}, within {self.tolerance:g}"


@dataclass(frozen=True)
class Terceira:
    """Samples of a burst.

    Attributes
    ----------
    samples : (lines, samples) array of complex64
        As published.
    burst : Burst
        Theirs.
    wavelength_m : float
        m.
    first : tuple of int
        Line and sample of the burst that the first one is.
    """

    samples: np.ndarray
    burst: Burst
    wavelength_m: float
    first: tuple[int, int]

    @property
    def ramp(self) -> Ramp:
        """The deramping function."""
        return ramp_of(self.burst)

    @property
    def line_hz(self) -> float:
        """Lines in a second."""
        return 1 / self.burst.line_interval_s

    def deramped(self) -> np.ndarray:
        """Samples without the ramp, (lines, samples) array of complex64."""
        line, sample = (begin + np.arange(size) for begin, size in zip(self.first, self.samples.shape, strict=True))
        cycles = self.ramp.cycles(line[:, None].astype(float), sample[None].astype(float))
        return (self.samples * np.exp(-2j * np.pi * cycles)).astype(np.complex64)

    def brightness(self, window: int = 25) -> np.ndarray:
        """Mean intensity around each sample, (lines, samples) array."""
        return uniform_filter(np.abs(self.samples.astype(complex)) ** 2, window)

    def land(self) -> np.ndarray:
        """Samples of land, (lines, samples) array of bool."""
        land = self.brightness() > LAND_INTENSITY
        land[LAND_LINES.stop :] = False
        return land

    def evened(self, samples: np.ndarray) -> np.ndarray:
        """Samples over the root of the intensity around: else a few houses outweigh the rest."""
        return samples / np.sqrt(self.brightness())


def terceira(folder: Path) -> Terceira:
    """The set `sentinel1/slc_terceira` of a folder of real data."""
    folder = folder / "sentinel1/slc_terceira"
    (text,) = folder.glob("s1a-*.xml")
    (path,) = folder.glob("*.tiff")
    annotation = parse_annotation(text.read_bytes(), text.name)
    arc = annotation.orbit.arc(annotation.start_s, annotation.stop_s)
    line, sample = (int(re.search(rf"_{axis}(\d+)-", path.name)[1]) for axis in ("lines", "samples"))
    index, line = divmod(line, annotation.lines_per_burst)
    (burst,) = bursts_of(annotation, arc, str(path), 9, only=index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path) as source:
            samples = source.read(1).astype(np.complex64)
    return Terceira(samples, burst, annotation.wavelength_m, (line, sample))


def doppler_hz(samples: np.ndarray, mask: np.ndarray, line_hz: float) -> float:
    """Doppler centroid of samples, Hz, from the phase between neighbouring lines."""
    products = samples[1:] * samples[:-1].conj()
    return float(np.angle(products[mask[1:] & mask[:-1]].sum()) * line_hz / (2 * np.pi))


def neighbours(samples: np.ndarray, mask: np.ndarray, axis: int, lag: int) -> float:
    """Correlation of samples that are some apart along an axis."""
    one, other = (np.moveaxis(array, axis, 0) for array in (samples, mask))
    both = other[lag:] & other[:-lag]
    first, second = one[lag:][both], one[:-lag][both]
    return float(np.abs(np.vdot(second, first)) / np.sqrt(np.vdot(first, first).real * np.vdot(second, second).real))


def spectrum(samples: np.ndarray, line_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Doppler frequencies, Hz, and the mean power at each over that of all."""
    taper = np.hanning(len(samples))[:, None]
    power = (np.abs(np.fft.fft(samples * taper, axis=0)) ** 2).mean(axis=1)
    return np.fft.fftfreq(len(samples), 1 / line_hz), power / power.mean()


def terceira_figures(folder: Path) -> Iterator[Figure]:
    """Deramping, spectrum and statistics of the samples of Terceira."""
    scene = terceira(folder)
    land, line_hz, name = scene.land(), scene.line_hz, "Terceira: "
    raw, flat = scene.evened(scene.samples), scene.evened(scene.deramped())
    strips = [slice(top, top + 10) for top in range(0, LAND_LINES.stop, 10)]
    before = [doppler_hz(raw[lines], land[lines], line_hz) for lines in strips]
    why = "the ramp grows by 32 Hz over the ten lines of a strip: its middle is off by half of that"
    yield Figure(f"{name}lowest Doppler of land before deramping, Hz", -223, -223, 16, min(before), why)
    yield Figure(f"{name}highest Doppler of land before deramping, Hz", 233, 233, 16, max(before), why)
    blocks = [np.s_[top : top + 60, left : left + 140] for top in range(0, 300, 60) for left in range(0, 1260, 140)]
    after = [doppler_hz(flat[block], land[block], line_hz) for block in blocks if land[block].mean() > 0.9]
    yield Figure(
        f"{name}Doppler of land after deramping, Hz", 1.5, 1.5, 0.9, float(np.mean(after)),
        "twice the root of both squared standard errors: 0.3 as stated and 0.3 between our blocks",
    )  # fmt: skip
    tops = np.arange(0, 280, 20)
    left_over = [doppler_hz(flat[top : top + 20], land[top : top + 20], line_hz) for top in tops]
    middle = scene.first[1] + scene.samples.shape[1] // 2
    per_line = float(scene.ramp.rate[middle]) * scene.burst.line_interval_s
    yield Figure(
        f"{name}best ramp rate over ours", 1.0011, 1.0011, 0.003,
        1 + float(np.polyfit(tops, left_over, 1)[0]) / per_line,
        "the slope of the Doppler that is left over 14 strips is known to 0.0011; twice that, and once as stated",
    )  # fmt: skip
    inland = np.s_[:256]
    frequency, power = spectrum(scene.deramped()[inland], line_hz)
    yield Figure(
        f"{name}share of power inside +-157 Hz", 0.998, 0.998, 0.002,
        float(power[np.abs(frequency) <= BAND_HZ].sum() / power.sum()),
        "without taper or with amplitudes evened the share is 0.997 to 0.999",
    )  # fmt: skip
    why = "without amplitudes evened it moves by 0.007"
    for axis, label, lags in ((0, "azimuth", (0.630, 0.107)), (1, "range", (0.614, 0.094))):
        for lag, stated in enumerate(lags, 1):
            found = neighbours(flat, land, axis, lag)
            yield Figure(f"{name}correlation of samples, {label}, lag {lag}", stated, stated, 0.01, found, why)
    intensity, mean = np.abs(scene.samples.astype(complex)) ** 2, scene.brightness()
    variance = uniform_filter((intensity / intensity.mean()) ** 2, 25) / (mean / intensity.mean()) ** 2 - 1
    yield Figure(
        f"{name}variance of single-look intensity of land over its squared mean, windows of 25 samples", 2.5, 2.5, 0.6,
        float(np.median(variance[land])), "texture: windows of 21 and 31 samples, as well meant, give 2.1 and 2.6",
    )  # fmt: skip
    frequency, power = spectrum(scene.deramped()[SEA_LINES], line_hz)
    why = "a hundred lines from line 400, 440 and 500 on give 5.4, 5.1 and 4.9"
    yield Figure(f"{name}noise over dark sea at its peak over the mean", 5.7, 5.7, 0.9, float(power.max()), why)
    why = "two frequencies of 161 tapered lines"
    yield Figure(f"{name}Doppler of that peak, Hz", 155, 155, 6, float(frequency[power.argmax()]), why)


def mojave_figures(folder: Path) -> Iterator[Figure]:
    """isce3's places of ENVISAT's samples by our ellipsoid and orbit, with the native Doppler."""
    with h5py.File(folder / "geometry/envisat_mojave/envisat_mojave.h5") as file:
        names = ("latitude_deg", "longitude_deg", "height_m", "zero_doppler_time_s", "slant_range_m")
        lat, lon, height, line_time, ranges = (file[name][:] for name in names)
        vectors = [file[f"orbit/{name}"][:] for name in ("time", "position", "velocity")]
        doppler = np.interp(ranges, file["doppler_slant_range_m"][:], file["doppler_hz"][:])
        wavelength = file.attrs["wavelength_m"]
    near = np.abs(vectors[0] - line_time.mean()) < 180
    orbit = Orbit(np.datetime64("2003-02-24", "us"), *(one[near] for one in vectors), "envisat_mojave.h5")
    arc = orbit.arc(orbit.time_s[0], orbit.time_s[-1])
    time = np.repeat(line_time[:, None], len(ranges), axis=1)
    look, velocity = earth_fixed(lat, lon, height) - arc.position(time), arc.velocity(time)
    distance = np.linalg.norm(look, axis=-1)
    off_hz = 2 / wavelength * (look * velocity).sum(-1) / distance - doppler
    rate = 2 / wavelength * (velocity**2).sum(-1) / distance
    line_s = float(np.diff(line_time).mean()) / 5  # each fifth line was kept
    why = (
        "vectors lie 60 s apart: arcs through 5 to 8 of them and Hermite's polynomial through 4 move the place by up "
        "to 0.00017 line and 0.8 mm"
    )
    found = float(np.abs(off_hz / rate / line_s).max())
    yield Figure("Mojave: our place beside isce3's, lines", 0.00003, 0.00003, 0.00017, found, why)
    found = float(np.abs(distance - ranges).max() * 1e3)
    yield Figure("Mojave: our range beside isce3's, mm", 0.5, 0.5, 0.8, found, why)


def houston_figures(folder: Path) -> Iterator[Figure]:
    """Coherence by days, and phase scatter of towns beside what coherence says."""
    with h5py.File(folder / "interferograms/houston_s1/houston_s1.h5") as file:
        dates = file["dates"][:].astype(str)
        days = np.array([f"{date[:4]}-{date[4:6]}-{date[6:]}" for date in dates], "datetime64[D]").astype(int)
        days -= days[list(dates).index(file.attrs["reference"])]
        coherence = {name: file[f"{name}/coherence_1e4"][:] / 1e4 for name in ("mixed", "town_a", "town_b")}
        phase = {name: file[f"{name}/phase_milliradians"][:] / 1e3 for name in ("town_a", "town_b")}
    cells = coherence["mixed"].reshape(len(days), -1)  # fields, woods and towns, as the whole image

    def median(chosen: np.ndarray) -> np.ndarray:
        return np.median(cells[chosen], axis=1)

    why = "the medians of three windows of the image differ by twice that on one date: 0.24 to 0.35"
    for away, low, high in ((12, 0.25, 0.42), (24, 0.26, 0.26), (48, 0.16, 0.16)):
        found = median(np.abs(days) == away)
        name = f"Houston, fields and towns: median coherence at {away} days"
        if low == high:
            yield Figure(name, low, high, 0.05, float(found.mean()), why)
        else:
            yield Figure(f"{name}, lowest", low, low, 0.05, float(found.min()), why)
            yield Figure(f"{name}, highest", high, high, 0.05, float(found.max()), why)
    found = float(median(np.abs(days) > 200).mean())
    yield Figure(
        "Houston, fields and towns: floor of the median coherence",
        0.10,
        0.10,
        0.02,
        found,
        "60 looks without coherence have a median of 0.107",
    )
    for name in phase:
        scatter = [phase_scatter(*pair) for pair in zip(coherence[name], phase[name], strict=True)]
        found = float(1.4826 * np.median(np.concatenate(scatter)))
        yield Figure(
            f"Houston, {name}: scatter of the phase over what coherence above 0.6 says", 2, 4, 0.2, found,
            "dates nearer than 48 days and others differ by 1; the median of 1000 cells is known to 5 %",
        )  # fmt: skip


def phase_scatter(coherence: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Deviation of the phase from the mean around it over the law's standard deviation.

    The mean is that of the 120 cells around it.

    Parameters
    ----------
    coherence, phase : (rows, cols) array
        Of one pair; the reference date has none.

    Returns
    -------
    (n,) array
        Of the cells of a coherence of 0.6 to 0.9, absolute.
    """
    weighted = np.exp(1j * phase) * coherence**2
    around = 121 * (uniform_filter(weighted.real, 11) + 1j * uniform_filter(weighted.imag, 11)) - weighted
    chosen = (coherence > 0.6) & (coherence < 0.9)
    off = np.angle(np.exp(1j * phase) * around.conj())[chosen]
    return np.abs(off) / np.sqrt(phase_variance(coherence[chosen], HOUSTON_LOOKS))


def el_haouz_figures(folder: Path) -> Iterator[Figure]:
    """Looks by which the coherence law gives the phase noise, in classes of coherence."""
    layers = []
    for name in ("coh_vv.tif", "phi_vv.tif"):
        with rasterio.open(folder / "interferograms/el_haouz_s1" / name) as source:
            layers.append(source.read(1, masked=True).filled(np.nan))
    coherence, phase = layers
    found = [looks_of(coherence, phase, low, low + 0.1) for low in np.arange(0.3, 0.85, 0.1)]
    why = "the variance of the 250 differences of the smallest class is known to 9 %"
    name = "El Haouz: looks of the phase noise by the coherence law, coherence 0.3 to 0.9"
    yield Figure(f"{name}, fewest", 15.5, 20, 1.7, min(found), why)
    yield Figure(f"{name}, most", 15.5, 20, 1.7, max(found), why)


def looks_of(coherence: np.ndarray, phase: np.ndarray, low: float, high: float, apart: int = 3) -> float:
    """Looks at which the law gives the variance of the phase between cells of a class of coherence.

    Cells 3 apart share no samples any more: 4 apart the differences grow by 2 % only.
    """
    inside = (coherence > low) & (coherence <= high)
    squares = []
    for axis in (0, 1):
        one, other = np.moveaxis(phase, axis, 0), np.moveaxis(inside, axis, 0)
        both = other[apart:] & other[:-apart]
        squares.append(np.angle(np.exp(1j * (one[apart:] - one[:-apart])))[both] ** 2)
    variance = np.nanmean(np.concatenate(squares)) / 2
    law = np.array([float(phase_variance(np.array([(low + high) / 2]), looks)[0]) for looks in LOOKS])
    return float(np.interp(-variance, -law, LOOKS))


SETS: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "terceira": terceira_figures,
    "mojave": mojave_figures,
    "houston": houston_figures,
    "el_haouz": el_haouz_figures,
}


def figures(folder: Path) -> list[Figure]:
    """All of a folder of real data."""
    return [figure for measure in SETS.values() for figure in measure(folder)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the full folder of real data; prints only")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = figures(chosen.data or unpack(Path(folder)))
    for figure in found:
        print(f"{figure.what}: {figure.measured:.4g}; stated {figure.stated} ({figure.why})")
    if not chosen.data:
        put([row(one.what, one.measured, COMMAND, one.stated, one.met) for one in found])


if __name__ == "__main__":
    main()

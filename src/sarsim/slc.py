"""Band-limited TOPS pixels from scatterers at exact positions: a non-uniform Fourier transform on
the deramped burst.

A scatterer at zero-Doppler line y and sample x is spread over a few pixels by a short kernel, in a
frame where the azimuth carrier of the burst (ESA COPE-GSEG-EOPG-TN-14-0025, Miranda 2014) is taken
out; in the frequency domain the kernel is divided out and the annotated Hamming windows are
applied; back in the image the carrier is put on again. The phase of the peak is that of the exact
range. The image grid itself oversamples the processed bands by 1.55 in azimuth and 1.33 in range
(IW2), so that no finer grid is needed: with 6 x 6 kernels aliases stay 70 dB below the scatterer.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numba
import numpy as np

from sarsim import acquisition as radar
from sarsim.acquisition import SimulatedAcquisition

WIDTH = 6  # pixels of the spreading kernel
PHASES = 2048  # tabulated kernel positions within a pixel
STEPS = 1024  # tabulated phases of a turn
EDGE = 32  # pixels computed beyond each edge of the burst, where the periodic transform wraps


def _kernel_shape(band: float) -> float:
    # Barnett, Magland and af Klinteberg 2019 (FINUFFT), section 3: exponent for an oversampling of
    # 1 / band
    return 0.976 * math.pi * WIDTH * (1.0 - band / 2.0)


def _kernel(distance: np.ndarray, band: float) -> np.ndarray:
    z = np.clip(np.abs(distance) / (WIDTH / 2), 0.0, 1.0)
    return np.exp(_kernel_shape(band) * (np.sqrt(1.0 - z * z) - 1.0))


def _kernel_table(band: float) -> np.ndarray:
    """Kernel weights, float32 (PHASES, WIDTH); in row p the first pixel lies p / PHASES inside the
    support.
    """
    first = (np.arange(PHASES)[:, None] + 0.5) / PHASES - WIDTH / 2
    return _kernel(first + np.arange(WIDTH), band).astype(np.float32)


_TURN = np.exp(2j * np.pi * np.arange(STEPS) / STEPS)


@lru_cache(maxsize=8)
def _response(n: int, band: float, hamming: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Spectral bins in the band, their window (unit peak response), their kernel correction, energy
    of the response in pixels.
    """
    frequency = np.fft.fftfreq(n)
    inside = np.nonzero(np.abs(frequency) <= band / 2)[0]
    f = frequency[inside]
    window = hamming + (1.0 - hamming) * np.cos(2 * np.pi * f / band)
    window *= n / window.sum()
    x = (np.arange(4000) + 0.5) / 4000 * WIDTH - WIDTH / 2
    transform = (_kernel(x, band)[:, None] * np.cos(2 * np.pi * x[:, None] * f)).sum(0) * WIDTH / 4000
    return inside, window, 1.0 / transform, float((window**2).sum() / n)


@numba.njit(cache=True, inline="always")
def spread(field, line_table, sample_table, y, x, re, im):
    """Add one scatterer of complex amplitude re + j im to a field through the kernels.

    Parameters
    ----------
    field : (rows, cols, 2) array of float32
        Is added to.
    line_table, sample_table : ndarray
        Of `BurstImage.tables`.
    y, x : float
        Line and sample in pixels of `field`, at least WIDTH from its ends.
    re, im : float
        Complex amplitude.
    """
    top, left = math.ceil(y - 0.5 * WIDTH), math.ceil(x - 0.5 * WIDTH)
    ky = line_table[int((top - (y - 0.5 * WIDTH)) * PHASES) % PHASES]
    kx = sample_table[int((left - (x - 0.5 * WIDTH)) * PHASES) % PHASES]
    for j in range(WIDTH):
        wr, wi = np.float32(re) * ky[j], np.float32(im) * ky[j]
        for i in range(WIDTH):
            field[top + j, left + i, 0] += wr * kx[i]
            field[top + j, left + i, 1] += wi * kx[i]


@numba.njit(cache=True, inline="always", error_model="numpy")
def phasor(turns):
    """Cosine and sine of a phase, to 1e-10.

    The nearest tabulated one, turned by the rest after Taylor; the functions of the library reduce
    phases beyond 1e8 rad, which those of ranges are, in a slow way.

    Parameters
    ----------
    turns : float
        Phase over 2 pi.

    Returns
    -------
    tuple of float
        Cosine and sine.
    """
    steps = turns * STEPS
    nearest = math.floor(steps + 0.5)
    rest = (steps - nearest) * (2.0 * math.pi / STEPS)
    unit = _TURN[np.uint64(int(nearest) & (STEPS - 1))]
    cosine, sine = 1.0 - 0.5 * rest * rest, rest - rest * rest * rest / 6.0
    return unit.real * cosine - unit.imag * sine, unit.real * sine + unit.imag * cosine


@numba.njit(cache=True, inline="always")
def carrier_turns(eta, x, rate, reference, centroid):
    """Azimuth carrier.

    Parameters
    ----------
    eta : float
        s from the middle of the burst.
    x : int
        Column of the range-dependent arrays.
    rate, reference, centroid : ndarray
        Rows of `BurstImage.carrier`.

    Returns
    -------
    float
        Phase over 2 pi.
    """
    k = min(max(int(x), 0), rate.size - 2)
    u = x - k
    kt = rate[k] + u * (rate[k + 1] - rate[k])
    dt = eta - (reference[k] + u * (reference[k + 1] - reference[k]))
    return (0.5 * kt * dt + centroid[k] + u * (centroid[k + 1] - centroid[k])) * dt


@numba.njit(cache=True)
def _add_points(field, line_table, sample_table, carrier, lines, y, x, amplitude, turns):
    rows, cols = field.shape[:2]
    for n in range(y.size):
        if WIDTH < y[n] < rows - WIDTH and WIDTH < x[n] < cols - WIDTH:
            eta = (y[n] - EDGE - lines / 2) * radar.LINE_INTERVAL
            cosine, sine = phasor(turns[n] - carrier_turns(eta, x[n], carrier[0], carrier[1], carrier[2]))
            spread(field, line_table, sample_table, y[n], x[n], amplitude[n] * cosine, amplitude[n] * sine)


@numba.njit(cache=True)
def _filter(spectrum, rows, cols, window_y, correct_y, window_x, correct_x, noise):
    band = np.zeros_like(spectrum)
    for a in range(rows.size):
        for b in range(cols.size):
            value = spectrum[rows[a], cols[b]] * np.float32(correct_y[a] * correct_x[b])
            if noise.shape[0] > 0:
                value += np.complex64(complex(noise[a, b, 0], noise[a, b, 1]))
            band[rows[a], cols[b]] = value * np.float32(window_y[a] * window_x[b])
    return band


@numba.njit(cache=True)
def _to_pixels(image, carrier, first_line, last_line, margin, out):
    lines, samples = out.shape[:2]
    clipped = 0
    for j in range(first_line, last_line):
        eta = (j - lines / 2) * radar.LINE_INTERVAL
        for i in range(margin, samples - margin):
            k = i + EDGE
            dt = eta - carrier[1, k]
            c, s = phasor((0.5 * carrier[0, k] * dt + carrier[2, k]) * dt)
            value = image[j + EDGE, k]
            re, im = round(value.real * c - value.imag * s), round(value.real * s + value.imag * c)
            if abs(re) > 32767 or abs(im) > 32767:
                clipped += 1
                re, im = min(max(re, -32767), 32767), min(max(im, -32767), 32767)
            out[j, i, 0], out[j, i, 1] = re, im
    return clipped


@dataclass
class BurstImage:
    """One burst while scatterers are added to it.

    Attributes
    ----------
    acquisition : SimulatedAcquisition
        Its acquisition.
    burst : int
        Number of the burst.
    """

    acquisition: SimulatedAcquisition
    burst: int

    @cached_property
    def field(self) -> np.ndarray:
        """The deramped image with EDGE pixels more all round.

        Returns
        -------
        (rows, cols, 2) array of float32
            Real and imaginary part.
        """
        from scipy.fft import next_fast_len

        lines, samples = self.acquisition.lines + 2 * EDGE, self.acquisition.samples + 2 * EDGE
        return np.zeros((next_fast_len(lines), next_fast_len(samples), 2), np.float32)

    @property
    def bands(self) -> tuple[float, float]:
        """Processed bands in cycles a line and cycles a sample."""
        swath = self.acquisition.swath
        return swath.azimuth_bandwidth * radar.LINE_INTERVAL, swath.range_bandwidth / radar.RANGE_SAMPLING

    @cached_property
    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel tables along lines and along samples."""
        line_band, sample_band = self.bands
        return _kernel_table(line_band), _kernel_table(sample_band)

    def _responses(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
        """Of `_response` along lines and along samples."""
        windows = self.acquisition.swath.azimuth_window, radar.RANGE_WINDOW
        return [
            _response(n, band, window)
            for n, band, window in zip(self.field.shape[:2], self.bands, windows, strict=True)
        ]

    @cached_property
    def carrier(self) -> np.ndarray:
        """(3, cols): rate kt (Hz/s), reference time (s) and Doppler centroid (Hz) of each column of
        `field`.

        TN-14-0025 eqs. 2, 4, 5, 6: kt = ka ks / (ka - ks), ks = 2 v / c fc kpsi; reference times
        are relative to mid-swath.
        """
        acq, middle = self.acquisition, self.acquisition.burst_middle(self.burst)
        slant_time = acq.slant_time(np.arange(self.field.shape[1]) - float(EDGE))
        nearest = min(range(len(acq.fm_rates)), key=lambda k: abs(acq.fm_rates[k].time - middle))
        fm_rate, centroid = acq.fm_rates[nearest].at(slant_time), acq.dopplers[nearest].at(slant_time)
        speed = float(np.linalg.norm(acq.arc.state(middle)[1]))
        steering = 2.0 * speed / radar.WAVELENGTH * math.radians(acq.swath.steering_rate)
        beam_center = -centroid / fm_rate
        return np.stack(
            [
                fm_rate * steering / (fm_rate - steering),
                beam_center - beam_center[EDGE + acq.samples // 2],
                centroid,
            ]
        )

    @property
    def response_energy(self) -> float:
        """Sum over pixels of the squared impulse response of unit peak."""
        along_lines, along_samples = self._responses()
        return along_lines[3] * along_samples[3]

    def add_points(
        self, t: np.ndarray, slant: np.ndarray, amplitude: np.ndarray | float, extra_path: np.ndarray | float = 0.0
    ) -> None:
        """Add ideal targets.

        Parameters
        ----------
        t : array of float
            Zero-Doppler times, s.
        slant : array of float
            Slant ranges, m.
        amplitude : float or array of float
            Peak amplitudes, digital numbers.
        extra_path : float or array of float
            Path delays, m.
        """
        y = self.acquisition.line(t, self.burst) + EDGE
        x = (2.0 * slant / radar.SPEED_OF_LIGHT - self.acquisition.near_time) * radar.RANGE_SAMPLING + EDGE
        turns = -2.0 / radar.WAVELENGTH * (slant + extra_path)
        lines = self.acquisition.lines
        _add_points(
            self.field, *self.tables, self.carrier, lines, y, x, np.broadcast_to(amplitude, y.shape) * 1.0, turns
        )

    def pixels(
        self, noise_power: float = 0.0, rng: np.random.Generator | None = None, noise_doppler: np.ndarray | None = None
    ) -> np.ndarray:
        """The focused burst; invalid edges are zero.

        Parameters
        ----------
        noise_power : float
            Mean square of the noise, digital numbers.
        rng : Generator, optional
            Random numbers of the noise.
        noise_doppler : (n, 2) array of float, optional
            Doppler after deramping, in half bands, and power of the noise there, in any unit; by
            default that of white noise through the window.

        Returns
        -------
        (lines, samples, 2) array of int16
            Real and imaginary part.

        Raises
        ------
        ValueError
            A value that does not fit into 16 bits.
        """
        from scipy import fft

        rows, cols = self.field.shape[:2]
        (in_rows, window_y, correct_y, energy_y), (in_cols, window_x, correct_x, energy_x) = self._responses()
        noise = np.zeros((0, 0, 2), np.float32)
        if noise_power:
            assert rng is not None
            noise = rng.standard_normal((len(in_rows), len(in_cols), 2), np.float32)
            noise *= np.float32(math.sqrt(noise_power / 2 * rows * cols / (energy_y * energy_x)))
            if noise_doppler is not None:
                half_bands = np.fft.fftfreq(rows)[in_rows] / (self.bands[0] / 2)
                shape = np.sqrt(np.interp(half_bands, *noise_doppler.T))
                shape *= np.sqrt((window_y**2).sum() / (shape**2).sum()) / window_y
                noise *= shape.astype(np.float32)[:, None, None]
        spectrum = fft.fft2(self.field.view(np.complex64)[..., 0], workers=1)
        spectrum = _filter(spectrum, in_rows, in_cols, window_y, correct_y, window_x, correct_x, noise)
        image = fft.ifft2(spectrum, workers=1, overwrite_x=True)
        out = np.zeros((self.acquisition.lines, self.acquisition.samples, 2), np.int16)
        clipped = _to_pixels(image, self.carrier, *self.acquisition.valid_lines, radar.VALID_SAMPLES_MARGIN, out)
        if clipped:
            raise ValueError(f"{clipped} pixels of burst {self.burst} exceed 16 bits: lower the amplitudes")
        return out

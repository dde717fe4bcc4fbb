"""A simulated track for the tests of the rates, written without the code under test: terrain, landslides, atmosphere, pairs."""

from datetime import date, timedelta

import numpy as np

WAVELENGTH_M = 0.05546576
RAD_PER_MM = 4 * np.pi / WAVELENGTH_M / 1e3  # phase that one millimetre of longer path adds
CELL_M = 30.0


def dates(count: int, start: str = "20190306", step: int = 12) -> list[str]:
    first = date.fromisoformat(start)
    return [f"{first + timedelta(days=step * k):%Y%m%d}" for k in range(count)]


def years(pair: str) -> float:
    a, b = (date.fromisoformat(day) for day in pair.split("_"))
    return (b - a).days / 365.25


def short_pairs(days: list[str]) -> list[str]:
    """Each date with its two predecessors: the 12- and 24-day pairs of P0."""
    return [f"{days[k]}_{later}" for j, later in enumerate(days) for k in range(max(0, j - 2), j)]


class Valley:
    """A valley of `shape` cells with discs that move away at 20-100 mm/yr, seen at `count` dates.

    turbulence_mm: rms difference at 5 km, -8/3 spectrum. stratified_mm_per_km: rms per date. speckle_rad: noise per date.
    """

    def __init__(
        self, shape=(120, 160), count=30, seed=1, turbulence_mm=5.0, stratified_mm_per_km=10.0, speckle_rad=0.2
    ):
        rng = np.random.default_rng(seed)
        rows, cols = np.mgrid[: shape[0], : shape[1]]
        self.shape, self.dates = shape, dates(count)
        self.pairs = short_pairs(self.dates)
        self.elevation_m = 2900 + 1500 * np.abs(rows / shape[0] - 0.5) * 2 + 100 * np.sin(cols / 12.0)
        self.los_mm_per_yr = np.zeros(shape)  # positive towards the satellite
        for _ in range(12):
            row, col = rng.integers(12, shape[0] - 12), rng.integers(12, shape[1] - 12)
            disc = (rows - row) ** 2 + (cols - col) ** 2 < rng.integers(4, 9) ** 2
            self.los_mm_per_yr[disc] = -rng.uniform(20, 100)
        self.atmosphere_mm = np.stack(
            [
                self._turbulence(rng, turbulence_mm)
                + stratified_mm_per_km * rng.standard_normal() * (self.elevation_m - 2900) / 1000
                for _ in self.dates
            ]
        )
        self.speckle_rad = speckle_rad * rng.standard_normal((count, *shape))
        self.coherence = np.full(shape, 0.6)

    def _turbulence(self, rng, rms_mm: float) -> np.ndarray:
        """Isotropic noise of power k^-8/3, scaled to its rms difference at 5 km; periodic at four times the region."""
        rows, cols = 4 * self.shape[0], 4 * self.shape[1]
        k = np.hypot(np.fft.fftfreq(rows, CELL_M)[:, None], np.fft.fftfreq(cols, CELL_M)[None])
        k[0, 0] = np.inf
        field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((rows, cols))) * k ** (-4 / 3)).real
        lag = round(5000 / CELL_M)
        field *= rms_mm / np.sqrt(np.mean((field - np.roll(field, lag, axis=1)) ** 2))
        return field[: self.shape[0], : self.shape[1]]

    def phase(self, pair: str) -> np.ndarray:
        """Unwrapped phase: grows when the ground moves away, or when the path of the later date is longer."""
        earlier, later = (self.dates.index(day) for day in pair.split("_"))
        path_mm = self.atmosphere_mm[later] - self.atmosphere_mm[earlier] - self.los_mm_per_yr * years(pair)
        return RAD_PER_MM * path_mm + self.speckle_rad[later] - self.speckle_rad[earlier]

    def read(self, pair: str):
        return self.phase(pair).astype("float32"), self.coherence, None

    def read_wrapped(self, pair: str):
        return np.angle(np.exp(1j * self.phase(pair))).astype("float32"), self.coherence

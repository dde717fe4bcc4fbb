"""What the tests of simulated pixels share: small worlds, reading positions out of a burst, without any code of the engine."""

import numpy as np
from scipy.ndimage import map_coordinates

from sarsim import acquisition as radar
from sarsim import geometry
from sarsim.acquisition import SimulatedAcquisition
from sarsim.slc import EDGE, BurstImage
from sarsim.stack import StackSimulator
from sarsim.world import World
from sarslide.grid import RegionGrid


def small_world(rows: int, cols: int, elevation=None, land_cover=None, velocity=None, seed: int = 5) -> World:
    """A world without margin around 29 N, 99.2 E; flat grassland at rest unless told otherwise."""
    grid = RegionGrid(32647, 519180 - 15.0 * cols, 3207990 + 15.0 * rows, 30.0, rows, cols)
    return World(
        region=grid,
        grid=grid,
        elevation_m=np.full(grid.shape, 3400.0, np.float32) if elevation is None else elevation.astype(np.float32),
        land_cover=np.full(grid.shape, 2, np.uint8) if land_cover is None else land_cover,
        velocity_mm_per_yr=np.zeros((3, *grid.shape), np.float32) if velocity is None else velocity.astype(np.float32),
        landslides=None,
        decoys=None,
        snowline_m=4100.0,
        seed=seed,
    )


def centres(world: World) -> np.ndarray:
    """Earth-fixed centres of a world's cells, m."""
    return geometry.grid_ecef(world.grid, world.elevation_m.astype(float))


def carrier(acq: SimulatedAcquisition, burst: int) -> np.ndarray:
    """Azimuth carrier, rad, of every pixel of a burst, from the annotated polynomials (TN-14-0025)."""
    middle = acq.burst_starts[burst] + acq.lines / 2 * radar.LINE_INTERVAL
    tau = acq.near_time + np.arange(acq.samples) / radar.RANGE_SAMPLING
    nearest = int(np.argmin([abs(p.time - middle) for p in acq.fm_rates]))
    ka = np.polynomial.polynomial.polyval(tau - acq.fm_rates[nearest].t0, acq.fm_rates[nearest].coefficients)
    fdc = np.polynomial.polynomial.polyval(tau - acq.dopplers[nearest].t0, acq.dopplers[nearest].coefficients)
    speed = np.linalg.norm(acq.arc.state(middle)[1])
    ks = 2 * speed / radar.SPEED_OF_LIGHT * radar.RADAR_FREQUENCY * np.radians(acq.swath.steering_rate)
    kt = ka * ks / (ka - ks)
    reference = -fdc / ka + fdc[acq.samples // 2] / ka[acq.samples // 2]
    eta = (np.arange(acq.lines) - acq.lines / 2)[:, None] * radar.LINE_INTERVAL
    return np.pi * kt * (eta - reference) ** 2 + 2 * np.pi * fdc * (eta - reference)


def as_complex(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 0].astype(float) + 1j * pixels[..., 1]


def place(acq: SimulatedAcquisition, burst: int, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(line, sample, slant range m) of Earth-fixed points in a burst."""
    t, slant = geometry.zero_doppler(acq.arc, xyz)
    line = (t - acq.burst_starts[burst]) / radar.LINE_INTERVAL
    return line, (2 * slant / radar.SPEED_OF_LIGHT - acq.near_time) * radar.RANGE_SAMPLING, slant


def flattened(acq: SimulatedAcquisition, burst: int, pixels: np.ndarray, xyz: np.ndarray) -> np.ndarray:
    """Complex samples at Earth-fixed points, the phase of their exact range taken out; NaN outside the valid lines."""
    line, sample, slant = place(acq, burst, xyz)
    deramped = as_complex(pixels) * np.exp(-1j * carrier(acq, burst))
    at = [line.ravel(), sample.ravel()]
    values = map_coordinates(deramped.real, at, order=5) + 1j * map_coordinates(deramped.imag, at, order=5)
    phase = carrier_at(acq, burst, line, sample) + 4 * np.pi / radar.WAVELENGTH * slant
    first, last = acq.valid_lines
    inside = (line > first + 4) & (line < last - 4)
    return np.where(inside, values.reshape(line.shape) * np.exp(1j * phase), np.nan)


def carrier_at(acq: SimulatedAcquisition, burst: int, line: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """The carrier at fractional positions."""
    kt, reference, fdc = BurstImage(acq, burst).carrier[:, EDGE : EDGE + acq.samples]
    columns = np.arange(acq.samples)
    dt = (line - acq.lines / 2) * radar.LINE_INTERVAL - np.interp(sample, columns, reference)
    return np.pi * np.interp(sample, columns, kt) * dt**2 + 2 * np.pi * np.interp(sample, columns, fdc) * dt


def mosaic(stack: StackSimulator, acq, bursts: list[np.ndarray], xyz: np.ndarray) -> np.ndarray:
    """Flattened samples, each point from the same burst on all dates: the bursts' speckle has nothing in common."""
    first, second = (flattened(acq, k, pixels, xyz) for k, pixels in enumerate(bursts))
    return np.where(geometry.zero_doppler(stack.track.arc, xyz)[0] < 0, first, second)

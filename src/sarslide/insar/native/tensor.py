"""The program of `cpu` on tensors: float64 geometry, complex64 samples, on any torch device."""

import math

import numpy as np
import torch

from sarslide.insar.native.imaging import Imaging
from sarslide.insar.native.kernel import AZIMUTH_TAPS, PHASES, RANGE_TAPS
from sarslide.sentinel1.geometry import FAR, NEWTON_STEPS
from sarslide.sentinel1.orbit import Arc


class TensorProgram:
    """The functions of `cpu` with the meaning they have there, computed on a device.

    Parameters
    ----------
    device : str
        Name of a torch device.
    """

    def __init__(self, device: str):
        self.device = torch.device(device)

    def zero_doppler(self, arc: Arc, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `cpu.zero_doppler`.

        Parameters
        ----------
        arc : Arc
            Orbit of the pass.
        points : (..., 3) array of float
            Earth-fixed points, m.

        Returns
        -------
        time : (...) array of float
            Zero-Doppler times, s.
        distance : (...) array of float
            Slant ranges, m.
        """
        ground = self._on_device(points.reshape(-1, 3))
        series = self._on_device(arc.coefficients)
        u = torch.zeros(len(ground), dtype=torch.float64, device=self.device)
        for _ in range(NEWTON_STEPS):
            position = series[-1].expand(len(u), 3)
            velocity = acceleration = torch.zeros_like(position)
            for coefficient in series[:-1].flip(0):
                acceleration = acceleration * u[:, None] + velocity
                velocity = velocity * u[:, None] + position
                position = position * u[:, None] + coefficient
            look = ground - position
            slope = 2 * (acceleration * look).sum(1) - (velocity * velocity).sum(1)
            u = (u - (velocity * look).sum(1) / slope).clamp(-FAR, FAR)
        time = arc.centre_s + u * arc.half_s
        distance = look.norm(dim=1)
        right = (torch.linalg.cross(velocity, position) * look).sum(1) > 0
        above = distance**2 < (position * position).sum(1) - (ground * ground).sum(1)
        unseen = ~((time >= arc.start_s) & (time <= arc.stop_s) & right & above)
        time[unseen] = distance[unseen] = math.nan
        shape = points.shape[:-1]
        return time.cpu().numpy().reshape(shape), distance.cpu().numpy().reshape(shape)

    def positions(self, imaging: Imaging, heights_m: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """As `cpu.positions`; the results stay on the device.

        Parameters
        ----------
        imaging : Imaging
            Series of the block.
        heights_m : (rows, cols) array of float
            Heights, m.

        Returns
        -------
        time, distance : (rows, cols) tensor
            Zero-Doppler times, s, and slant ranges, m.
        """
        level = self._on_device((heights_m - imaging.height_m) / imaging.half_m)
        by_row, by_col = self._on_device(imaging.by_row), self._on_device(imaging.by_col.T)

        def evaluate(series: np.ndarray) -> torch.Tensor:
            terms = [by_row @ self._on_device(one) @ by_col for one in series]
            value = terms[-1]
            for term in terms[-2::-1]:
                value = value * level + term
            return value

        return evaluate(imaging.time_s), evaluate(imaging.range_m)

    def window_of(self, burst, place, margin) -> tuple[int, int, int, int] | None:
        """As `cpu.window_of`.

        Parameters
        ----------
        burst : BurstProgram
            The burst.
        place : tuple of array or tensor
            Times, s, and ranges, m.
        margin : tuple of int
            Lines and samples that are left out at the edges.

        Returns
        -------
        tuple of int or None
            First and last line, first and last sample, inclusive.
        """
        line, sample, inside = self._held(burst.burst, place, margin)
        if not inside.any():
            return None
        line, sample = line[inside], sample[inside]
        return int(line.min()), int(line.max()), int(sample.min()), int(sample.max())

    def geocode_window(self, data, first, burst, place, wavelength_m, margin, out) -> None:
        """As `cpu.geocode_window`; `data` stays as it is.

        Parameters
        ----------
        data : array of complex64
            Window of the burst.
        first : tuple of int
            Line and sample of its first sample.
        burst : BurstProgram
            The burst, its ramp and tables.
        place : tuple of array or tensor
            Times, s, and ranges, m.
        wavelength_m : float
            Radar wavelength, m.
        margin : tuple of int
            Lines and samples that are left out at the edges.
        out : (rows, cols) array of complex64
            Written to.
        """
        ramp = burst.ramp
        rate, doppler, reference = (self._on_device(value) for value in (ramp.rate, ramp.doppler, ramp.reference))

        def ramp_cycles(eta, rate, doppler, reference):
            e = eta - reference
            return (0.5 * rate * e + doppler) * e

        samples = self._on_device(data)
        lines, count = samples.shape
        eta = (
            torch.arange(lines, device=self.device, dtype=torch.float64) + first[0] - ramp.middle_line
        ) * ramp.line_interval_s
        # Columns beyond the burst hold zeros: any ramp does for them.
        column = (torch.arange(count, device=self.device) + first[1]).clamp(0, len(rate) - 1)
        samples = samples * _phasor(-ramp_cycles(eta[:, None], rate[column], doppler[column], reference[column]))

        line, sample, inside = self._held(burst.burst, place, margin)
        at_line, at_sample = line[inside], sample[inside]
        distance = torch.as_tensor(place[1], device=self.device)[inside]
        l0, s0 = at_line.floor().long(), at_sample.floor().long()
        dl, ds = at_line - l0, at_sample - s0
        weights_l = self._on_device(burst.azimuth_table)[(dl * PHASES + 0.5).long()]
        weights_s = self._on_device(burst.range_table)[(ds * PHASES + 0.5).long()]
        start = (l0 - first[0] - AZIMUTH_TAPS // 2 + 1) * count + s0 - first[1] - RANGE_TAPS // 2 + 1
        flat = samples.reshape(-1)
        total = torch.zeros(len(l0), dtype=torch.complex64, device=self.device)
        for i in range(AZIMUTH_TAPS):
            row = torch.zeros_like(total)
            for j in range(RANGE_TAPS):
                row += weights_s[:, j] * flat[start + (i * count + j)]
            total += weights_l[:, i] * row

        def between(values):
            return values[s0] * (1 - ds) + values[s0 + 1] * ds

        eta = (at_line - ramp.middle_line) * ramp.line_interval_s
        turns = distance * (2 / wavelength_m)
        total *= _phasor(ramp_cycles(eta, between(rate), between(doppler), between(reference)) + turns)
        out[inside.cpu().numpy()] = total.cpu().numpy()

    def _held(self, burst, place, margin) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Lines, samples, and whether the burst holds them."""
        time, distance = (one if torch.is_tensor(one) else self._on_device(one) for one in place)
        line, sample = burst.line(time), burst.sample(distance)
        return line, sample, burst.holds(line, sample, margin)

    def _on_device(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def _phasor(cycles: torch.Tensor) -> torch.Tensor:
    """exp(2 pi j cycles), complex64: whole turns leave in double precision."""
    angle = (2 * math.pi * (cycles - cycles.round())).float()
    return torch.polar(torch.ones_like(angle), angle)

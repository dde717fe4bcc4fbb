"""The program of `cpu` on tensors: float64 geometry, complex64 samples, on any torch device."""

import math

import numpy as np
import torch

from sarslide.insar.kernel import AZIMUTH_TAPS, PHASES, RANGE_TAPS
from sarslide.sentinel1.geometry import FAR, NEWTON_STEPS
from sarslide.sentinel1.orbit import Arc


class TensorProgram:
    """`zero_doppler` and `geocode_window` with the meaning they have in `cpu`, computed on `device`."""

    def __init__(self, device: str):
        self.device = torch.device(device)

    def zero_doppler(self, arc: Arc, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Zero-Doppler time (s) and slant range (m), float64 (...), of Earth-fixed points (..., 3)."""
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

    def geocode_window(self, data, first, burst, line, sample, turns, inside, out) -> None:
        """As `cpu.geocode_window`; `data` stays as it is."""
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

        at_line, at_sample, turns = (self._on_device(value[inside]) for value in (line, sample, turns))
        l0, s0 = at_line.floor().long(), at_sample.floor().long()
        dl, ds = at_line - l0, at_sample - s0
        weights_l = self._on_device(burst.azimuth_table)[(dl * PHASES + 0.5).long()]
        weights_s = self._on_device(burst.range_table)[(ds * PHASES + 0.5).long()]
        top, left = l0 - first[0] - AZIMUTH_TAPS // 2 + 1, s0 - first[1] - RANGE_TAPS // 2 + 1
        total = torch.zeros(len(l0), dtype=torch.complex64, device=self.device)
        for i in range(AZIMUTH_TAPS):
            row = torch.zeros_like(total)
            for j in range(RANGE_TAPS):
                row += weights_s[:, j] * samples[top + i, left + j]
            total += weights_l[:, i] * row

        def between(values):
            return values[s0] * (1 - ds) + values[s0 + 1] * ds

        eta = (at_line - ramp.middle_line) * ramp.line_interval_s
        total *= _phasor(ramp_cycles(eta, between(rate), between(doppler), between(reference)) + turns)
        out[inside] = total.cpu().numpy()

    def _on_device(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def _phasor(cycles: torch.Tensor) -> torch.Tensor:
    """exp(2 pi j cycles), complex64: whole turns leave in double precision."""
    angle = (2 * math.pi * (cycles - cycles.round())).float()
    return torch.polar(torch.ones_like(angle), angle)

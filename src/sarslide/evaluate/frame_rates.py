"""Rates of a simulated region against its truth, one frame in memory at a time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.evaluate.objects import SquareSum, rmse_cells, square_errors
from sarslide.evaluate.windows import read_part
from sarslide.frames import Frame
from sarslide.grid import RegionGrid, window_of
from sarslide.io import raster
from sarslide.rates.level_samples import REFERENCE


@dataclass(frozen=True)
class FrameRates:
    """Rates of one stack in one frame, and their truth.

    Attributes
    ----------
    frame : Frame
        The frame.
    region : RegionGrid
        The region grid, on which the truth lies.
    layers : mapping of str to Path
        los_rate, los_rate_std (mm/yr), mean_coherence, stable_ground, elevation (m), on the grid of
        the frame.
    truth : mapping of str to Path
        los_rate (mm/yr) and observable, on the region grid.
    pairs : mapping of str to (Path, Path)
        Coherence and components of each pair, on the grid of the frame.
    """

    frame: Frame
    region: RegionGrid
    layers: Mapping[str, Path]
    truth: Mapping[str, Path]
    pairs: Mapping[str, tuple[Path, Path]]

    @property
    def core(self) -> tuple[slice, slice]:
        """Rows and columns of the core in the grid of the frame."""
        return window_of(self.frame.grid, self.frame.core)

    def whole(self, layer: str) -> np.ndarray:
        """A layer with the margin of the frame.

        Parameters
        ----------
        layer : str
            Key of `layers`.

        Returns
        -------
        (rows, cols) array
            On the grid of the frame.
        """
        return raster.read(self.layers[layer], self.frame.grid)

    def inside(self, layer: str) -> np.ndarray:
        """A layer in the core of the frame.

        Parameters
        ----------
        layer : str
            Key of `layers`.

        Returns
        -------
        (rows, cols) array
            On the core.
        """
        return self.whole(layer)[self.core]

    @property
    def true_rate(self) -> np.ndarray:
        """True LOS rate in the core, mm/yr."""
        return read_part(self.truth["los_rate"], self.region, self.frame.core)

    @property
    def reference(self) -> np.ndarray:
        """Cells of the reference area in the core whose truth is known."""
        return (self.inside("stable_ground") == REFERENCE) & np.isfinite(self.true_rate)

    def compared(self) -> np.ndarray:
        """Cells of the core in which rates are compared (`objects.rmse_cells`)."""
        observable = read_part(self.truth["observable"], self.region, self.frame.core) == 1
        return rmse_cells(self.inside("los_rate"), self.true_rate, observable, self.inside("mean_coherence"))


def level_of(frames: Iterable[FrameRates]) -> float:
    """What the true LOS rate is where measured rates are zero.

    Parameters
    ----------
    frames : iterable of FrameRates
        Those to whose reference areas the rates are relative.

    Returns
    -------
    float
        Mean over the reference areas, mm/yr; zero without any.
    """
    total, count = 0.0, 0
    for frame in frames:
        values = frame.true_rate[frame.reference].astype(float)
        total, count = total + float(values.sum()), count + values.size
    return total / count if count else 0.0


def errors(
    frames: Iterable[FrameRates], expected_square: Callable[[FrameRates], np.ndarray]
) -> tuple[SquareSum, SquareSum]:
    """Errors of the rates of all frames of a stack, each relative to its own reference area.

    Parameters
    ----------
    frames : iterable of FrameRates
        The frames.
    expected_square : callable
        Frame -> (rows, cols) array of the expected squares of its errors in its core, mm2/yr2.

    Returns
    -------
    measured, expected : SquareSum
        mm/yr.
    """
    measured, expected = SquareSum(), SquareSum()
    for frame in frames:
        where = frame.compared()
        if where.any():
            measured.add(square_errors(frame.inside("los_rate"), frame.true_rate, level_of([frame]), where))
            expected.add(expected_square(frame)[where])
    return measured, expected


def errors_of_map(
    path: str | Path, frames: Iterable[FrameRates], references: Mapping[str, tuple[str, ...]]
) -> SquareSum:
    """Errors of the levelled rates of all frames.

    Parameters
    ----------
    path : str or Path
        Their mosaic, on the region grid.
    frames : iterable of FrameRates
        The frames.
    references : mapping of str to tuple of str
        Frames to whose reference areas the rates of a frame are relative, by its name; all other
        frames are relative to the reference areas of each other.

    Returns
    -------
    SquareSum
        mm/yr.
    """
    by_name = {frame.frame.name: frame for frame in frames}
    others = tuple(name for name in by_name if name not in references)
    used = {name: references.get(name, others) for name in by_name}
    levels = {names: level_of(by_name[name] for name in names) for names in set(used.values())}
    measured = SquareSum()
    for name, frame in by_name.items():
        rate = read_part(path, frame.region, frame.frame.core)
        where = frame.compared() & np.isfinite(rate)
        measured.add(square_errors(rate, frame.true_rate, levels[used[name]], where))
    return measured

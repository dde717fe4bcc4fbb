"""Pictures of single products: a D-InSAR pair, what the corrections of the atmosphere do to a
stack, and the levels of its frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sarslide.dataset.fusion import phase_colours
from sarslide.grid import RegionGrid, part_of
from sarslide.io.atomic import atomic_file
from sarslide.rates.levelling import Plane
from sarslide.report.figures import FONTS, INK, UNKNOWN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110
INCHES = 3.6  # width of one map


def save(figure: "Figure", path: str | Path) -> None:
    """Write a PNG without a date in it, so that the same picture is the same bytes.

    Parameters
    ----------
    figure : Figure
        The figure.
    path : str or Path
        The file.
    """
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def dinsar_figure(
    title: str,
    wrapped_rad: np.ndarray,
    coherence: np.ndarray,
    displacement_mm: np.ndarray,
    std_mm: np.ndarray,
    grid: RegionGrid,
) -> "Figure":
    """Wrapped phase on the colour wheel (P2 4.2.3, B12), LOS displacement and its standard
    deviation.

    Parameters
    ----------
    title : str
        Above the maps.
    wrapped_rad : (rows, cols) array
        Wrapped phase, rad.
    coherence : (rows, cols) array
        0 to 1; the phase is darker where it is low.
    displacement_mm : (rows, cols) array
        LOS displacement, mm, positive (blue) towards the satellite.
    std_mm : (rows, cols) array
        Its predicted standard deviation, mm.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    Figure
        The figure.
    """
    figure, axes = _maps(3, grid, title)
    colours = np.moveaxis(phase_colours(wrapped_rad, np.clip(coherence, 0.2, 1)), 0, -1)
    known = np.isfinite(colours).all(-1)
    axes[0].imshow(np.where(known[..., None], colours, np.array(UNKNOWN) / 255), extent=_extent(grid))
    axes[0].set_title("Wrapped phase, one turn of colours = 2π", fontsize=8.5)
    wheel = _below(axes[0])
    wheel.imshow(
        np.moveaxis(phase_colours(np.linspace(-np.pi, np.pi, 256)[None]), 0, -1), aspect="auto", extent=(-1, 1, 0, 1)
    )
    wheel.set_yticks([])
    wheel.set_xticks([-1, 0, 1], ["−π", "0", "π"])
    limit = (
        max(float(np.nanpercentile(np.abs(displacement_mm), 99)), 1.0) if np.isfinite(displacement_mm).any() else 1.0
    )
    _image(axes[1], displacement_mm, grid, "RdBu", (-limit, limit), "LOS displacement (mm), + towards the satellite")
    _image(axes[2], std_mm, grid, "viridis", (0, None), "Predicted standard deviation (mm)")
    return figure


def atmosphere_figure(
    title: str, dates: Sequence[str], scatter_mm: Mapping[str, Sequence[float]], maps_mm: np.ndarray, grid: RegionGrid
) -> "Figure":
    """Scatter of each date before and after the corrections, over maps of the scatter over the
    dates.

    Parameters
    ----------
    title : str
        Above the lines.
    dates : sequence of str
        YYYYMMDD.
    scatter_mm : mapping of str to sequence of float
        State -> one value a date, mm.
    maps_mm : (states, rows, cols) array
        Scatter over the dates, mm, in the order of `scatter_mm`; one scale for all of them.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import rc_context

    figure, axes = _maps(len(scatter_mm), grid, title, lines_in=2.6)
    with rc_context(FONTS):
        height = figure.get_figheight()
        lines = figure.add_axes((0.07, 1 - 2.3 / height, 0.9, 1.7 / height))
        days = np.array([np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in dates])
        for state, values in scatter_mm.items():
            rms = np.sqrt(np.mean(np.square(values)))
            label = f"{state}: rms {rms:.1f} mm" if np.isfinite(rms) else f"{state}: unknown"
            lines.plot(days, values, marker="o", ms=3, lw=1, label=label)
        lines.set_ylim(0)
        lines.set_ylabel("scatter on stable ground (mm)")
        lines.legend(frameon=False, ncols=len(scatter_mm), fontsize=8)
    top = max(float(np.nanpercentile(maps_mm[0], 99)), 0.1) if np.isfinite(maps_mm[0]).any() else 1.0
    for axis, (state, image) in zip(axes, zip(scatter_mm, maps_mm, strict=True), strict=True):
        _image(axis, image, grid, "viridis", (0, top), f"Scatter over dates (mm): {state}")
    return figure


def levelling_figure(
    title: str,
    rate_mm_per_yr: np.ndarray,
    grid: RegionGrid,
    cores: Mapping[str, RegionGrid],
    planes: Mapping[str, Plane],
) -> "Figure":
    """The levelled mosaic, and what levelling took off each frame, with the edges of the frames.

    Parameters
    ----------
    title : str
        Above the maps.
    rate_mm_per_yr : (rows, cols) array
        Levelled LOS rate, mm/yr, positive (blue) towards the satellite.
    grid : RegionGrid
        Its cells; coarser than those of the frames in a large region.
    cores : mapping of str to RegionGrid
        The frames without their margins.
    planes : mapping of str to Plane
        What was taken off each; the part that grows with height is left out.

    Returns
    -------
    Figure
        The figure.
    """
    taken = np.full(grid.shape, np.nan)
    for name, core in cores.items():
        west, south, east, north = core.bounds
        rows = np.flatnonzero((south < grid.y()) & (grid.y() < north))
        cols = np.flatnonzero((west < grid.x()) & (grid.x() < east))
        if rows.size and cols.size:
            window = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
            taken[window] = replace(planes[name], height_mm_per_yr_per_km=0.0).on(part_of(grid, *window))
    figure, axes = _maps(2, grid, title)
    titles = ("LOS rate (mm/yr), levelled, + towards the satellite", "Offset and tilt taken off (mm/yr)")
    for axis, values, words in zip(axes, (rate_mm_per_yr, taken), titles, strict=True):
        known = np.abs(values[np.isfinite(values)])
        limit = max(float(np.percentile(known, 99)), 1.0) if known.size else 1.0
        _image(axis, values, grid, "RdBu", (-limit, limit), words)
        for core in cores.values():
            west, south, east, north = core.bounds
            axis.plot([west, east, east, west, west], [south, south, north, north, south], color=INK, lw=0.6)
    return figure


def _maps(count: int, grid: RegionGrid, title: str, lines_in: float = 0.0):
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    tall = INCHES * grid.rows / grid.cols
    width, height = count * INCHES, tall + 1.3 + lines_in
    with rc_context(FONTS):
        figure = Figure(figsize=(width, height), facecolor="white")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK, y=1 - 0.08 / height)
        boxes = [
            ((k * INCHES + 0.1) / width, 0.75 / height, (INCHES - 0.2) / width, tall / height) for k in range(count)
        ]
        axes = [figure.add_axes(box) for box in boxes]
        for axis in axes:
            axis.set_xticks([])
            axis.set_yticks([])
    return figure, axes


def _image(axis, values: np.ndarray, grid: RegionGrid, cmap: str, limits: tuple, title: str) -> None:
    axis.set_facecolor(np.array(UNKNOWN) / 255)
    image = axis.imshow(
        values, extent=_extent(grid), cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest"
    )
    axis.set_title(title, fontsize=8.5)
    axis.figure.colorbar(image, cax=_below(axis), orientation="horizontal").ax.tick_params(labelsize=8)


def _below(axis):
    """Axes for a colour bar, a fixed distance below a map."""
    box, height = axis.get_position(), axis.figure.get_figheight()
    return axis.figure.add_axes((box.x0, 0.4 / height, box.width, 0.13 / height))


def _extent(grid: RegionGrid) -> tuple[float, float, float, float]:
    west, south, east, north = grid.bounds
    return west, east, south, north

"""Small plots as SVG text: sharp on paper, light, and drawn without matplotlib."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

WIDTH, HEIGHT = 520, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 16, 24


@dataclass(frozen=True)
class Frame:
    """Where values lie in a plot.

    Attributes
    ----------
    x, y : (float, float)
        Smallest and largest value of each axis.
    """

    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: float, y: float) -> str:
        """A point of the picture.

        Parameters
        ----------
        x, y : float
            Values on the axes.

        Returns
        -------
        str
            `x,y` in the units of the picture, y down.
        """
        share_x = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1)
        share_y = (self.y[1] - y) / ((self.y[1] - self.y[0]) or 1)
        return f"{LEFT + share_x * (WIDTH - LEFT - RIGHT):.1f},{TOP + share_y * (HEIGHT - TOP - BOTTOM):.1f}"


def series_plot(tracks: Mapping[str, Mapping[str, Sequence]], colours: Mapping[str, str]) -> str:
    """Displacement of an object in each track.

    Parameters
    ----------
    tracks : mapping of str to mapping
        As `object_series.read` gives them.
    colours : mapping of str to str
        By track.

    Returns
    -------
    str
        SVG; bars are the spread over the cells.
    """
    days = {name: [_day(text) for text in one["dates"]] for name, one in tracks.items()}
    ends = [
        value
        for one in tracks.values()
        for mm, spread in zip(one["mm"], one["spread"], strict=True)
        for value in (mm - (spread or 0), mm + (spread or 0))
    ]
    everyone = [day for listed in days.values() for day in listed]
    low, high, step = ticks(min(0, *ends), max(0, *ends))
    frame = Frame((min(everyone), max(everyone)), (low, high))
    middle = (min(everyone) + max(everyone)) / 2
    marks = [(day, date.fromordinal(round(day)).isoformat()) for day in (frame.x[0], middle, frame.x[1])]
    parts = [_axes(frame, step, marks, "mm")]
    for name, one in sorted(tracks.items()):
        places = [frame.place(day, mm) for day, mm in zip(days[name], one["mm"], strict=True)]
        for day, mm, spread in zip(days[name], one["mm"], one["spread"], strict=True):
            if spread is not None:
                bar = f"{frame.place(day, mm - spread)} {frame.place(day, mm + spread)}"
                parts.append(f'<polyline points="{bar}" stroke="{colours[name]}" stroke-opacity=".4"/>')
        parts.append(f'<polyline points="{" ".join(places)}" stroke="{colours[name]}" stroke-width="1.4"/>')
        parts += [_dot(place, colours[name]) for place in places]
    last = ", ".join(f"{name} to {one['mm'][-1]:.0f} mm" for name, one in sorted(tracks.items()))
    return _picture(parts, f"Displacement towards the satellite since the first date: {last}")


def profile_plot(distance_m: np.ndarray, height_m: np.ndarray, inside: np.ndarray) -> str:
    """Height along a line.

    Parameters
    ----------
    distance_m, height_m : (points,) array
        From the upper end; NaN where the height is unknown.
    inside : (points,) array of bool
        Points in the outline, which are drawn thick.

    Returns
    -------
    str
        SVG; empty without two known heights.
    """
    known = np.isfinite(height_m)
    if known.sum() < 2:
        return ""
    low, high, step = ticks(float(height_m[known].min()), float(height_m[known].max()))
    frame = Frame((float(distance_m[0]), float(distance_m[-1])), (low, high))
    marks = [(share * frame.x[1], f"{share * frame.x[1]:.0f} m") for share in (0, 0.5, 1)]
    line = zip(distance_m, height_m, known, inside, strict=True)
    points = [(frame.place(x, y), within) for x, y, there, within in line if there]
    parts = [_axes(frame, step, marks, "m"), f'<polyline points="{" ".join(p for p, _ in points)}" stroke="#5b6a70"/>']
    object_points = " ".join(p for p, within in points if within)
    parts.append(f'<polyline points="{object_points}" stroke="#a3135f" stroke-width="3.5"/>')
    return _picture(parts, f"Height from {height_m[known][0]:.0f} to {height_m[known][-1]:.0f} m along the line")


def ticks(low: float, high: float) -> tuple[float, float, float]:
    """Ends of an axis and the step of its marks.

    Parameters
    ----------
    low, high : float
        Smallest and largest value.

    Returns
    -------
    (float, float, float)
        Whole multiples of the step around the values, and the step: 1, 2 or 5 times a power of ten,
        so that there are at most seven marks.
    """
    span = high - low or 1.0
    power = 10 ** math.floor(math.log10(span / 3))
    step = next(k * power for k in (1, 2, 5, 10) if span / (k * power) <= 5)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, top if top > bottom else bottom + step, step


def _axes(frame: Frame, step: float, marks: Sequence[tuple[float, str]], unit: str) -> str:
    parts = [f'<text x="{LEFT + 2}" y="{TOP - 5}">{unit}</text>']
    digits = max(0, -math.floor(math.log10(step)))
    for number in range(round((frame.y[1] - frame.y[0]) / step) + 1):
        value = frame.y[0] + number * step
        ends = f"{frame.place(frame.x[0], value)} {frame.place(frame.x[1], value)}"
        stroke = "#8a979c" if abs(value) < step / 2 else "#dde3e6"
        y = ends.split(" ")[0].split(",")[1]
        text = f"{value:.{digits}f}".replace("-", "−")
        parts.append(f'<polyline points="{ends}" stroke="{stroke}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{float(y) + 3.5:.1f}" text-anchor="end">{text}</text>')
    for (value, text), anchor in zip(marks, ("start", "middle", "end"), strict=True):
        x = frame.place(value, frame.y[0]).split(",")[0]
        parts.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="{anchor}">{text}</text>')
    return "".join(parts)


def _picture(parts: Sequence[str], words: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}" fill="none" font-size="11">'
        f"{''.join(parts)}</svg>"
    )


def _dot(place: str, colour: str) -> str:
    x, y = place.split(",")
    return f'<circle cx="{x}" cy="{y}" r="2" fill="{colour}"/>'


def _day(text: str) -> int:
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()

"""Figures of every stage: panels of one grid side by side, each with its own colour bar.

A colour bar names quantity, unit and sign.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sarslide.report.scales import Scale, light, scale_for

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET = "#1c2529", "#5b6a70"
UNKNOWN = (184, 193, 196)
WIDTH_IN, DPI = 11.0, 110
EDGE_IN = 0.02  # keeps the outermost frames inside the picture
GAP_IN, TITLE_IN, BAR_IN = 0.16, 0.30, 0.62
FONTS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "svg.hashsalt": "sarslide",
}


@dataclass(frozen=True)
class Outlines:
    """Polygons drawn over a panel.

    Attributes
    ----------
    frame : GeoDataFrame
        Polygons in the coordinates of the grid.
    colour : str
        Of the lines.
    label : str
        In the legend; empty: not there.
    dashed : bool
        Whether the lines are dashed.
    width : float
        Of the lines, points.
    """

    frame: "gpd.GeoDataFrame"
    colour: str = "#111111"
    label: str = ""
    dashed: bool = False
    width: float = 1.0


@dataclass(frozen=True)
class Panel:
    """One map.

    Attributes
    ----------
    title : str
        Above the map.
    values : (rows, cols) array
        NaN where unknown.
    scale : Scale
        Colours of the values.
    shade : (rows, cols) array, optional
        Hillshade 1-255 multiplied into the colours.
    outlines : tuple of Outlines
        Drawn over the map.
    bar : bool
        Whether the values need a colour bar.
    """

    title: str
    values: np.ndarray
    scale: Scale
    shade: np.ndarray | None = None
    outlines: tuple[Outlines, ...] = ()
    bar: bool = True


def panel_figure(
    panels: Sequence[Panel],
    bounds: tuple[float, float, float, float],
    columns: int | None = None,
    width_in: float = WIDTH_IN,
) -> "Figure":
    """Panels side by side.

    Parameters
    ----------
    panels : sequence of Panel
        Maps of one extent.
    bounds : tuple of float
        West, south, east, north of all of them, m.
    columns : int, optional
        By default what fits their shape.
    width_in : float, default 11.0
        Width of the figure, inches.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    west, south, east, north = bounds
    tall = (north - south) / (east - west)
    columns = columns or columns_for(len(panels), tall)
    rows = -(-len(panels) // columns)
    wide = (width_in - 2 * EDGE_IN - GAP_IN * (columns - 1)) / columns
    height = TITLE_IN + wide * tall + BAR_IN
    with rc_context(FONTS):
        figure = Figure(figsize=(width_in, rows * height), dpi=DPI, facecolor="white")
        for index, panel in enumerate(panels):
            row, column = divmod(index, columns)
            left, bottom = EDGE_IN + column * (wide + GAP_IN), (rows - 1 - row) * height
            box = (left / width_in, (bottom + BAR_IN) / (rows * height), wide / width_in, wide * tall / (rows * height))
            axes = figure.add_axes(box)
            draw_panel(axes, panel, bounds)
            axes.set_title(panel.title, loc="left", fontsize=9.5, fontweight="bold", pad=6)
            if index == 0:
                draw_scale_bar(axes, bounds)
            if not panel.bar:
                continue
            bar = (box[0], box[1] - 0.16 / (rows * height), box[2], 0.10 / (rows * height))
            draw_colour_bar(figure.add_axes(bar), panel.scale)
    return figure


def overview_figure(
    hillshade: np.ndarray,
    values: np.ndarray,
    landslides: "gpd.GeoDataFrame",
    bounds: tuple[float, float, float, float],
    title: str = "",
    layer: str = "los_rate_mm_per_yr",
    width_in: float = 6.0,
) -> "Figure":
    """The picture of a region: LOS rate or averaged phase over the hillshade, landslides outlined.

    Parameters
    ----------
    hillshade : (rows, cols) array
        1-255.
    values : (rows, cols) array
        The layer, with its unit and sign.
    landslides : GeoDataFrame
        Outlines.
    bounds : tuple of float
        West, south, east, north, m.
    title : str, optional
        Above the map.
    layer : str, default "los_rate_mm_per_yr"
        Registered name.
    width_in : float, default 6.0
        Width of the figure, inches.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    west, south, east, north = bounds
    tall = (north - south) / (east - west)
    height = TITLE_IN + width_in * tall + BAR_IN
    scale = scale_for(layer, [values])
    panel = Panel(title, values, scale, hillshade, (Outlines(landslides, width=1.1),))
    with rc_context(FONTS):
        figure = Figure(figsize=(width_in, height), dpi=DPI, facecolor="white")
        edge = EDGE_IN / width_in
        axes = figure.add_axes((edge, BAR_IN / height, 1 - 2 * edge, width_in * tall / height))
        draw_panel(axes, panel, bounds)
        axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=6)
        draw_scale_bar(axes, bounds)
        draw_colour_bar(figure.add_axes((edge, (BAR_IN - 0.16) / height, 1 - 2 * edge, 0.10 / height)), scale)
    return figure


def draw_panel(axes: "Axes", panel: Panel, bounds: tuple[float, float, float, float]) -> None:
    """Draw an image and its outlines, without ticks; unknown cells are grey, and a map without any
    known one says so.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    panel : Panel
        The map.
    bounds : tuple of float
        West, south, east, north, m.
    """
    west, south, east, north = bounds
    axes.imshow(
        shaded(panel.values, panel.scale, panel.shade),
        extent=(west, east, south, north),
        interpolation="nearest",
        aspect="auto",
    )
    if panel.shade is None and not np.isfinite(panel.values).any():
        axes.text(0.5, 0.5, "no value", transform=axes.transAxes, ha="center", va="center")
    for outlines in panel.outlines:
        draw_outlines(axes, outlines)
    if any(outlines.label for outlines in panel.outlines):
        _legend(axes, panel.outlines)
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)


def shaded(values: np.ndarray, scale: Scale, shade: np.ndarray | None = None) -> np.ndarray:
    """Colours of values times a hillshade; unknown cells are the hillshade or grey.

    Parameters
    ----------
    values : (rows, cols) array
        NaN where unknown.
    scale : Scale
        Colours of the values.
    shade : (rows, cols) array, optional
        Hillshade, 1-255.

    Returns
    -------
    (rows, cols, 3) array of uint8
        Red, green, blue.
    """
    colours = np.vstack([scale.palette(), [[255, 255, 255]] if shade is not None else [UNKNOWN]])[scale.indices(values)]
    if shade is None:
        return colours.astype(np.uint8)
    return (colours * light(shade)[..., None]).round().astype(np.uint8)


def draw_outlines(axes: "Axes", outlines: Outlines) -> None:
    """Draw the rings of all polygons in one collection.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    outlines : Outlines
        The polygons.
    """
    from matplotlib.collections import LineCollection

    if not len(outlines.frame):
        return
    shapes = outlines.frame.geometry.explode(index_parts=False)
    shapes = shapes[shapes.geom_type == "Polygon"]
    rings = [np.asarray(ring.coords)[:, :2] for shape in shapes for ring in (shape.exterior, *shape.interiors)]
    style = "--" if outlines.dashed else "-"
    axes.add_collection(LineCollection(rings, colors=outlines.colour, linewidths=outlines.width, linestyles=style))


def draw_scale_bar(axes: "Axes", bounds: tuple[float, float, float, float]) -> None:
    """Draw a bar of a round number of kilometres, about a quarter of the width.

    Parameters
    ----------
    axes : Axes
        Where to draw; north is up.
    bounds : tuple of float
        West, south, east, north, m.
    """
    west, south, east, north = bounds
    length = round_length(0.25 * (east - west))
    x, y, thick = west + 0.05 * (east - west), south + 0.035 * (north - south), 0.008 * (north - south)
    axes.add_patch(_box((x, y), length, thick, INK))
    label = f"{length / 1e3:g} km" if length >= 1e3 else f"{length:g} m"
    halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.5}
    axes.text(x + length / 2, y + 2.2 * thick, label, ha="center", va="bottom", fontsize=8, bbox=halo)


def draw_colour_bar(axes: "Axes", scale: Scale) -> None:
    """Draw a horizontal bar with its ticks, the terms of both ends, and the quantity below; of
    classes a piece each, with its number.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    scale : Scale
        Its colours and limits.
    """
    axes.imshow(scale.bar()[None], aspect="auto", extent=(0, 1, 0, 1), interpolation="nearest")
    names = scale.tick_labels()
    names[0], names[-1] = f"{names[0]} {scale.ends[0]}".strip(), f"{scale.ends[1]} {names[-1]}".strip()
    places = (np.arange(len(names)) + 0.5) / len(names) if scale.classes else np.linspace(0, 1, len(names))
    axes.set(yticks=[], xticks=places)
    axes.set_xticklabels(names, fontsize=8)
    if not scale.classes:
        axes.get_xticklabels()[0].set_horizontalalignment("left")
        axes.get_xticklabels()[-1].set_horizontalalignment("right")
    axes.tick_params(length=2, pad=2, color=QUIET)
    axes.set_xlabel(scale.label, fontsize=8, labelpad=2, color=QUIET)
    for spine in axes.spines.values():
        spine.set_linewidth(0.4)


def round_length(metres: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not longer than a length.

    Parameters
    ----------
    metres : float
        The length.

    Returns
    -------
    float
        The round length, m.
    """
    power = 10.0 ** np.floor(np.log10(metres))
    return float(max(step * power for step in (1, 2, 5) if step * power <= metres * (1 + 1e-9)))


def png(figure: "Figure") -> bytes:
    """A figure as a PNG of 256 colours.

    Parameters
    ----------
    figure : Figure
        The figure.

    Returns
    -------
    bytes
        The same bytes for the same figure (no time, no software version inside).
    """
    from PIL import Image
    from scipy.spatial import cKDTree

    raw = io.BytesIO()
    figure.savefig(raw, format="png", metadata={"Software": None})
    pixels = np.asarray(Image.open(raw).convert("RGB"))
    red, green, blue = np.moveaxis(pixels.astype(np.uint32), 2, 0)
    codes, places, counts = np.unique(red << 16 | green << 8 | blue, return_inverse=True, return_counts=True)
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)
    palette = _palette(colours, counts)
    nearest = cKDTree(palette).query(colours)[1].astype(np.uint8)
    image = Image.fromarray(nearest[places.reshape(pixels.shape[:2])]).convert("P")
    image.putpalette(palette.ravel().tolist())
    packed = io.BytesIO()
    image.save(packed, format="PNG", optimize=True)
    return packed.getvalue()


def _palette(colours: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """At most 256 colours that stand for `colours`, white among them; (n, 3) uint8.

    Each colour counts by the fourth root of its number of pixels: a noisy panel would else take
    those of a colour bar.
    """
    from PIL import Image

    drawn = np.repeat(colours, np.ceil(counts**0.25).astype(int), axis=0)
    chosen = Image.fromarray(drawn[None]).quantize(255, kmeans=1, dither=Image.Dither.NONE).getpalette()
    return np.vstack([np.reshape(np.array(chosen), (-1, 3))[:255], [[255, 255, 255]]]).astype(np.uint8)


def columns_for(panels: int, tall: float) -> int:
    """How many panels stand side by side.

    Parameters
    ----------
    panels : int
        Of the figure.
    tall : float
        Height of a panel over its width.

    Returns
    -------
    int
        Tall regions stand four abreast, wide ones two; one more where one panel would be alone.
    """
    abreast = 4 if tall >= 1.25 else 3 if tall >= 0.55 else 2
    return min(panels, abreast + (panels % abreast == 1))


def _box(corner: tuple[float, float], width: float, height: float, colour: str):
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, facecolor=colour, edgecolor="white", linewidth=0.6)


def _legend(axes: "Axes", outlines: Sequence[Outlines]) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=o.colour, linewidth=1.6, linestyle="--" if o.dashed else "-", label=o.label)
        for o in outlines
        if o.label
    ]
    axes.legend(
        handles=lines, loc="upper right", fontsize=7.5, frameon=True, framealpha=0.85, borderpad=0.5, handlelength=1.6
    )

"""The figures of a report, stage by stage, each with a caption that gives unit and sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from sarslide import names
from sarslide.layers import SMALLEST_SPEED, TERRAIN
from sarslide.rates.methods import DEFAULT, METHODS
from sarslide.rates.smallest_speed import SIGMAS
from sarslide.report.figures import Outlines, Panel, columns_for, panel_figure, png
from sarslide.report.network_plot import NetworkPair, baselines, network_figure
from sarslide.report.scales import Scale, scale_for
from sarslide.report.webmap import data_uri

Bounds = tuple[float, float, float, float]

MASKED_COLOUR = "#7a5a00"
TRACK_COLOURS = ("#1b6ca8", "#b45309", "#6a3d9a", "#2a7f62")
BOTH_COLOUR = "#111111"
SPEEDS = (5, 10, 15, 25, 50, 100, 200, 500)  # mm/yr, of sentences


@dataclass(frozen=True)
class StageFigure:
    """One figure as the page shows it.

    Attributes
    ----------
    title : str
        Above the picture.
    caption : str
        Below the picture.
    uri : str
        The picture as a data address.
    alt : str
        Text where the picture cannot be seen.
    panels, columns : int
        Panels of one size, and how many stand side by side: a narrow screen shows them one by one.
    """

    title: str
    caption: str
    uri: str
    alt: str
    panels: int = 1
    columns: int = 1

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return -(-self.panels // self.columns)


@dataclass(frozen=True)
class StackMaps:
    """Rasters of one stack for the screen.

    Attributes
    ----------
    stack : str
        Name of the stack.
    layers : mapping of str to (rows, cols) array
        By registered layer; `wrapped_rad` and `filtered_rad` are the two bands of one pair.
    example_pair : str
        Name of that pair.
    """

    stack: str
    layers: Mapping[str, np.ndarray]
    example_pair: str = ""


def track_colours(tracks: Sequence[str]) -> dict[str, str]:
    """The colour of each track.

    Parameters
    ----------
    tracks : sequence of str
        In the order of the page.

    Returns
    -------
    dict of str to str
        `#rrggbb` by track; from the fifth track on colours come again.
    """
    return {track: TRACK_COLOURS[k % len(TRACK_COLOURS)] for k, track in enumerate(tracks)}


def terrain_figure(terrain: Mapping[str, np.ndarray], bounds: Bounds) -> StageFigure | None:
    """Elevation, slope, aspect and the two curvatures, as far as they are there.

    Parameters
    ----------
    terrain : mapping of str to (rows, cols) array
        Terrain layers by name.
    bounds : Bounds
        West, south, east, north, m.

    Returns
    -------
    StageFigure or None
        The figure; None without any layer.
    """
    shade = terrain.get("hillshade")
    panels = []
    for layer in TERRAIN:
        if layer in terrain:
            scale = scale_for(layer, [terrain[layer]])
            title = scale.label.partition(" (")[0]
            panels.append(Panel(title, terrain[layer], scale, shade if layer == "elevation_m" else None))
    caption = (
        "Terrain on the region grid: ellipsoidal height (m) over its hillshade, slope (degree, Horn), downslope direction "
        "(degree clockwise from north, cyclic colours), profile and plan curvature (1/m, Zevenbergen and Thorne)."
    )
    return panels_stage("Terrain", caption, panels, bounds, columns=len(panels) if _is_tall(bounds) else None)


def pair_figure(maps: StackMaps, bounds: Bounds) -> StageFigure | None:
    """Mean amplitude, and one pair: unfiltered phase, filtered phase, coherence.

    Parameters
    ----------
    maps : StackMaps
        Rasters of the stack.
    bounds : Bounds
        West, south, east, north, m.

    Returns
    -------
    StageFigure or None
        The figure; None without any layer.
    """
    filtered = "filtered_rad" in maps.layers
    chosen = {
        "mean_amplitude_db": "Mean amplitude",
        "wrapped_rad": "Unfiltered phase" if filtered else "Phase",
        "filtered_rad": "Filtered phase",
        "cor": "Coherence",
    }
    panels = [
        Panel(
            title,
            maps.layers[layer],
            scale_for("wrapped_rad" if layer == "filtered_rad" else layer, [maps.layers[layer]]),
        )
        for layer, title in chosen.items()
        if layer in maps.layers
    ]
    parts = []
    if "mean_amplitude_db" in maps.layers:
        parts.append("Mean backscatter of all dates (dB, uncalibrated).")
    if maps.example_pair:
        earlier, later = (iso(date) for date in names.split_pair(maps.example_pair))
        parts.append(
            f"The pair {earlier} to {later} (earlier × conj(later), rad, cyclic colours): the phase grows when the ground moves "
            "away from the satellite; flat-earth and topographic phase are removed. "
            + (
                "Coherence (0 to 1) is estimated before filtering."
                if filtered
                else "Phase and coherence (0 to 1) are as the engine delivers them; none is filtered here."
            )
        )
    title = "amplitude and interferogram" if "mean_amplitude_db" in maps.layers else "interferogram"
    return panels_stage(f"{maps.stack}: {title}", " ".join(parts), panels, bounds)


def rate_figure(
    maps: StackMaps, rate_scale: Scale, bounds: Bounds, shade: np.ndarray | None, method: str = DEFAULT
) -> StageFigure | None:
    """Averaged phase, LOS rate with its standard error where there is one, mean coherence.

    Parameters
    ----------
    maps : StackMaps
        Rasters of the stack.
    rate_scale : Scale
        Colours of the LOS rates.
    bounds : Bounds
        West, south, east, north, m.
    shade : (rows, cols) array or None
        Hillshade, 1-255.
    method : str
        The rate method, a key of `METHODS`.

    Returns
    -------
    StageFigure or None
        The figure; None without any layer.
    """
    titles = {
        "avg_phase_rad": "Averaged phase",
        "los_rate_mm_per_yr": "LOS rate",
        "los_rate_std_mm_per_yr": "Standard error",
        "mean_coherence": "Mean coherence",
    }
    panels = []
    for layer, title in titles.items():
        if layer in maps.layers:
            rate = layer == "los_rate_mm_per_yr"
            scale = rate_scale if rate else scale_for(layer, [maps.layers[layer]])
            panels.append(Panel(title, maps.layers[layer], scale, shade if rate else None))
    averaged = "avg_phase_rad" in maps.layers
    caption = "Averaged phase of the short pairs (rad, positive away from the satellite, cyclic colours). " * averaged
    if not METHODS[method].has_rates:
        caption += (
            "Nothing was unwrapped, so there is no rate. Mean coherence of the pairs. Grey: no value; the phase is not shown "
            "in layover and shadow."
        )
        return panels_stage(f"{maps.stack}: averaged phase", caption, panels, bounds)
    caption += (
        f"Line-of-sight rate by {METHODS[method].title} (mm/yr): blue moves towards the satellite (positive), red away from it "
        f"(negative). Its standard error (mm/yr), and the {'mean coherence of the pairs' if averaged else 'quality'}. Grey: no "
        "value; phase and rate are not shown in layover and shadow."
    )
    return panels_stage(f"{maps.stack}: {'averaged phase and ' * averaged}rate", caption, panels, bounds)


def quality_figure(maps: StackMaps, bounds: Bounds) -> StageFigure | None:
    """Phase closure and the unwrapping errors that it finds, where pairs were unwrapped; phase
    bias, observability of slopes.

    Parameters
    ----------
    maps : StackMaps
        Rasters of the stack.
    bounds : Bounds
        West, south, east, north, m.

    Returns
    -------
    StageFigure or None
        The figure; None without any layer.
    """
    titles = {
        "closure_rms_rad": "Phase closure",
        "unwrap_error_count": "Unwrapping errors",
        "phase_bias_flag": "Phase bias",
        "observable_class": "Observability",
    }
    panels = [
        Panel(title, maps.layers[layer], scale_for(layer, [maps.layers[layer]]))
        for layer, title in titles.items()
        if layer in maps.layers
    ]
    captions = {
        "closure_rms_rad": "Closure of the unfiltered phase over all triplets (RMS, rad); triplets whose unwrapped phase does "
        "not close. ",
        "phase_bias_flag": "Cells whose short pairs are biased beyond noise (fading signal; 1 in 100 by chance). ",
    }
    caption = "".join(text for layer, text in captions.items() if layer in maps.layers) + (
        "How motion down the slope is seen: 0 observable, 1 no acquisition or no pair tied to the reference, 2 layover, "
        "3 shadow, 4 decorrelated, 5 the line of sight is insensitive to it, which on nearly flat ground says nothing of "
        "other motion."
    )
    unknown = [titles[layer] for layer in titles if layer in maps.layers and not np.isfinite(maps.layers[layer]).any()]
    if unknown:
        caption += f" Not known in any cell of this track: {', '.join(unknown).lower()}."
    return panels_stage(f"{maps.stack}: quality and observability", caption, panels, bounds)


def speed_figure(
    speeds: Mapping[str, np.ndarray], slope_deg: np.ndarray | None, min_slope_deg: float, bounds: Bounds
) -> StageFigure | None:
    """The smallest speeds that can be seen, by area of the landslide, and on how many slopes.

    Parameters
    ----------
    speeds : mapping of str to (rows, cols) array
        Layers of `SMALLEST_SPEED`, mm/yr.
    slope_deg : (rows, cols) array or None
        Slope, degree.
    min_slope_deg : float
        Slope from which ground may slide.
    bounds : Bounds
        West, south, east, north, m.

    Returns
    -------
    StageFigure or None
        The figure; None without any layer.
    """
    if not speeds:
        return None
    scale = scale_for(next(iter(speeds)), speeds.values())
    panels = [Panel(f"Landslide of {SMALLEST_SPEED[layer]} ha", values, scale) for layer, values in speeds.items()]
    slopes = np.ones(panels[0].values.shape, bool) if slope_deg is None else slope_deg >= min_slope_deg
    caption = "".join(_on_slopes(SMALLEST_SPEED[layer], values[slopes]) for layer, values in speeds.items()) + (
        "Colours: the smallest speed down the slope (mm/yr) at which a landslide around each cell can be seen, where the "
        "better track's mean rate over it, less the median of the ring of 60 to 360 m around it, is "
        f"{SIGMAS:g} standard deviations of the noise that this difference has on stable ground. A detector that is told "
        "the outline sees as much; one that has to find it needs more. Grey: flatter than landslides are, or seen by no "
        "track."
    )
    return panels_stage("What can be seen", caption, panels, bounds)


def _on_slopes(area_ha: int, speeds: np.ndarray) -> str:
    """A sentence on landslides of an area; speeds are those of all slopes, NaN where unknown."""
    seen = speeds[np.isfinite(speeds)]
    if not len(seen):
        return f"A landslide of {area_ha} ha can be seen on none of the slopes. "
    speed = next((one for one in SPEEDS if one >= np.median(seen)), SPEEDS[-1])
    share, most = (f"{100 * count / len(speeds):.0f} %" for count in (np.count_nonzero(seen <= speed), len(seen)))
    faster = f", a faster one on up to {most}" if most != share else ""
    return (
        f"A landslide of {area_ha} ha that moves down the slope at {speed} mm/yr can be seen on {share} of the "
        f"slopes{faster}. "
    )


def fusion_figure(
    stacks: Sequence[StackMaps],
    candidates: gpd.GeoDataFrame | None,
    masked: gpd.GeoDataFrame,
    shade: np.ndarray | None,
    bounds: Bounds,
) -> StageFigure | None:
    """Probability of each track with its candidates, then all objects by track, and the masked
    ones of the release.

    Parameters
    ----------
    stacks : sequence of StackMaps
        Rasters of each stack.
    candidates : GeoDataFrame or None
        Fused objects; None: there are none.
    masked : GeoDataFrame
        What the release holds back.
    shade : (rows, cols) array or None
        Hillshade, 1-255.
    bounds : Bounds
        West, south, east, north, m.

    Returns
    -------
    StageFigure or None
        The figure; None without any layer.
    """
    free = None
    if candidates is not None and "status" in candidates and "tracks" in candidates:
        free = candidates[candidates.status != "masked"]
    panels = []
    for maps in stacks:
        if (values := maps.layers.get("probability")) is not None:
            over = () if free is None else (Outlines(_seen_by(free, maps.stack), width=0.8),)
            panels.append(Panel(f"Probability {maps.stack}", values, scale_for("probability"), None, over))
    if shade is not None and free is not None:
        background = np.where(shade > 0, shade, np.nan).astype(float)
        grey = scale_for("hillshade")
        by_tracks = _by_tracks(free, [maps.stack for maps in stacks])
        panels.append(Panel("Fused objects by track", background, grey, None, by_tracks, bar=False))
        over = (Outlines(masked, MASKED_COLOUR, f"masked ({len(masked)})", dashed=True, width=1.2),)
        panels.append(Panel("Masked candidates", background, grey, None, over, bar=False))
    caption = (
        "Probability of an active landslide (0 to 1) by track, with the outlines of the objects that the track sees; "
        "all objects after fusion, coloured by the tracks that see them; candidates that a mask holds back, which stay in the "
        "release with their reason."
    )
    return panels_stage("From probability to objects", caption, panels, bounds)


def network_stage(stack: str, pairs: Sequence[NetworkPair]) -> StageFigure:
    """Time and perpendicular baseline of a stack's network.

    Parameters
    ----------
    stack : str
        Name of the stack.
    pairs : sequence of NetworkPair
        Its network.

    Returns
    -------
    StageFigure
        The figure.
    """
    dates = {date for pair in pairs for date in (pair.earlier, pair.later)}
    unknown = sum(place is None for place in baselines(pairs).values())
    caption = (
        f"{stack}: {len(dates)} acquisitions (points) and {len(pairs)} pairs (lines). Perpendicular baseline in m, relative to "
        "the first date, positive up and away from the track"
        f"{f'; unknown of {unknown} (empty points)' if unknown else ''}."
    )
    return StageFigure(f"Network {stack}", caption, data_uri(png(network_figure(pairs))), f"Network of {stack}")


def iso(date: str) -> str:
    """A date with hyphens: `20190306` as `2019-03-06`.

    Parameters
    ----------
    date : str
        YYYYMMDD.

    Returns
    -------
    str
        YYYY-MM-DD.
    """
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def panels_stage(
    title: str, caption: str, panels: Sequence[Panel], bounds: Bounds, columns: int | None = None
) -> StageFigure | None:
    """Panels side by side as a figure of the page.

    Parameters
    ----------
    title, caption : str
        Above and below the picture.
    panels : sequence of Panel
        Maps of one extent.
    bounds : Bounds
        West, south, east, north, m.
    columns : int, optional
        By default what fits their shape.

    Returns
    -------
    StageFigure or None
        The figure; None without any panel.
    """
    if not panels:
        return None
    west, south, east, north = bounds
    columns = columns or columns_for(len(panels), (north - south) / (east - west))
    picture = data_uri(png(panel_figure(panels, bounds, columns)))
    alt = f"{title}: {', '.join(panel.title for panel in panels)}"
    return StageFigure(title, caption, picture, alt, len(panels), columns)


def _seen_by(frame: gpd.GeoDataFrame, stack: str) -> gpd.GeoDataFrame:
    return frame[[stack in str(tracks).split("+") for tracks in frame.tracks]]


def _by_tracks(frame: gpd.GeoDataFrame, stacks: Sequence[str]) -> tuple[Outlines, ...]:
    tracks = frame.tracks.astype(str)
    groups = [(stack, frame[tracks == stack], colour) for stack, colour in track_colours(stacks).items()]
    if len(stacks) > 1:
        groups.append(("several tracks", frame[tracks.str.contains("+", regex=False)], BOTH_COLOUR))
    return tuple(Outlines(rows, colour, f"{name} ({len(rows)})", width=1.2) for name, rows, colour in groups)


def _is_tall(bounds: Bounds) -> bool:
    west, south, east, north = bounds
    return north - south >= 1.25 * (east - west)

"""Pictures of one track of a finished region, stage by stage, in the colours of its report."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from sarslide.inventory.changes import LANDSLIDES, MASKED, PLAIN
from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import read_json
from sarslide.report.figures import Outlines, Panel, overview_figure, panel_figure, png
from sarslide.report.network_plot import network_figure
from sarslide.report.reading import read_pairs
from sarslide.report.scales import Scale, scale_for
from sarslide.report.stages import MASKED_COLOUR, iso
from studies.docs.finished import Finished

WIDTH_IN = 7.4  # about that of a page's text, so that letters keep their size
MAX_STD_MM_PER_YR = 20.0
BEFORE_COLOUR = "#1b6ca8"
PLANTED_COLOUR, PLAIN_COLOUR = "#0b7a3b", "#7b1fa2"  # as on the map of the report
Make = Callable[[Finished, str], bytes]


def slc(region: Finished, stack: str) -> bytes:
    """Terrain, backscatter of one date with its speckle, mean backscatter of all dates."""
    date = region.dates(stack)[0]
    mean = region.track("mean_amplitude_db", stack, all_cells=True)
    one = region.intensity_db(stack, date)
    return _maps(
        region,
        Panel("Terrain", region.ground("elevation_m"), scale_for("elevation_m", [region.ground("elevation_m")]), region.shade),
        Panel(f"SLC of {iso(date)}", one, backscatter_scale(one)),
        Panel("Mean of all dates", mean, backscatter_scale(mean)),
    )  # fmt: skip


def pair(region: Finished, stack: str) -> bytes:
    """Phase, filtered phase and unwrapped phase of one pair."""
    layers = region.pair(stack, region.shortest_pair(stack))
    return _maps(
        region,
        Panel("Interferogram", layers["wrapped_rad_unfiltered"], scale_for("wrapped_rad")),
        Panel("Filtered", layers["wrapped_rad_filtered"], scale_for("wrapped_rad")),
        Panel("Unwrapped", layers["unw_rad"], scale_for("unw_rad", [layers["unw_rad"]])),
    )


def network(region: Finished, stack: str) -> bytes:
    """Dates and pairs in time and perpendicular baseline."""
    sidecars = [
        path for path in region.results.glob(f"{stack}/*/*/ifg/*.json") if not path.name.endswith(".unwrap.json")
    ]
    return png(network_figure(read_pairs(sidecars), width_in=WIDTH_IN))


def rate(region: Finished, stack: str) -> bytes:
    """LOS rate, its standard error, and where the track sees the ground."""
    rates, std = (region.track(f"los_rate{kind}_mm_per_yr", stack) for kind in ("", "_std"))
    coherence = region.track("mean_coherence", stack)
    return _maps(
        region,
        Panel("LOS rate", rates, rate_scale(region, stack), region.shade),
        Panel("Standard error", std, scale_for("los_rate_std_mm_per_yr", [std])),
        Panel("Mean coherence", coherence, scale_for("mean_coherence")),
    )


def objects(region: Finished, stack: str) -> bytes:
    """Probability; the objects of the release; the landslides beside those that were planted.

    Landslides are black, deformation that is none purple, masked candidates dashed brown, planted
    landslides dashed green.
    """
    landslides, planted = Outlines(region.objects(LANDSLIDES), width=1.4), region.planted
    others = (
        Outlines(region.objects(PLAIN), PLAIN_COLOUR, width=1.4),
        Outlines(region.objects(MASKED), MASKED_COLOUR, dashed=True, width=1.4),
    )
    truth = Outlines(planted, PLANTED_COLOUR, dashed=True, width=1.4)
    rates, unknown = region.track("los_rate_mm_per_yr", stack), np.full(region.shade.shape, np.nan)
    scale = rate_scale(region, stack)
    return _maps(
        region,
        Panel("Probability", region.track("probability", stack, all_cells=True), scale_for("probability")),
        Panel(f"{len(landslides.frame)} landslides", rates, scale, region.shade, (landslides, *others)),
        Panel(f"{len(planted)} were planted", unknown, scale, region.shade, (landslides, truth), bar=False),
    )


def changes(region: Finished, stack: str) -> bytes:
    """LOS rate with the outlines of the current release, and dashed blue those of its parent."""
    rates = region.track("los_rate_mm_per_yr", stack)
    now = Outlines(region.objects(LANDSLIDES), width=1.4)
    parent = region.release.parent / read_json(region.release / "MANIFEST.json")["parent"]
    before = Outlines(region.objects(LANDSLIDES, parent), BEFORE_COLOUR, dashed=True, width=1.4)
    title, scale = f"LOS rate of {len(region.dates(stack))} dates", rate_scale(region, stack)
    panel = Panel(title, rates, scale, region.shade, (now, before))
    return png(panel_figure([panel], region.bounds, width_in=WIDTH_IN / 2))


def backscatter_scale(values: np.ndarray) -> Scale:
    """Grey values of backscatter, of one date or of several."""
    return replace(scale_for("mean_amplitude_db", [values]), label="Backscatter (dB, uncalibrated)")


def rate_scale(region: Finished, stack: str) -> Scale:
    """Colours of the LOS rate, whose ends do not follow cells that are badly known."""
    rates, std = (region.track(f"los_rate{kind}_mm_per_yr", stack) for kind in ("", "_std"))
    return scale_for("los_rate_mm_per_yr", [rates[std < MAX_STD_MM_PER_YR]])


def overview(region: Finished, stack: str) -> bytes:
    """LOS rate over the hillshade with the landslides of the release."""
    title = f"LOS rate of track {stack} and released landslides"
    rates = region.track("los_rate_mm_per_yr", stack)
    return png(overview_figure(region.shade, rates, region.objects(LANDSLIDES), region.bounds, title, width_in=4.2))


TUTORIAL: dict[str, Make] = {make.__name__: make for make in (slc, pair, network, rate, objects)}


def write_tutorial(region: Finished, folder: Path) -> list[Path]:
    """Write the pictures of the tutorial's first run, `tutorial_NAME.png`."""
    return [write(folder / f"tutorial_{name}.png", make(region, region.stacks[0])) for name, make in TUTORIAL.items()]


def write(path: Path, picture: bytes) -> Path:
    """Write a picture, under a temporary name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as part:
        part.write_bytes(picture)
    return path


def _maps(region: Finished, *panels: Panel) -> bytes:
    """Maps side by side."""
    return png(panel_figure(panels, region.bounds, columns=len(panels), width_in=WIDTH_IN))

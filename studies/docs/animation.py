"""The chain from one SLC to landslides as a short animation: maps of one track that fade into each
other.
"""

import io

import numpy as np
from PIL import Image

from sarslide.inventory.changes import LANDSLIDES
from sarslide.names import split_pair
from sarslide.report.figures import Outlines, Panel, panel_figure
from sarslide.report.scales import scale_for
from sarslide.report.stages import iso
from studies.docs.finished import Finished
from studies.docs.pictures import backscatter_scale, rate_scale

WIDTH_IN, QUALITY = 3.8, 50
HOLD_MS, LAST_MS, FADE_MS, FADES = 1500, 3500, 80, 3


def chain(region: Finished, stack: str) -> bytes:
    """SLC, interferogram, unwrapped phase, LOS rate, probability, landslides: an animated WebP."""
    maps = [_picture(region, panel) for panel in panels(region, stack)]
    frames, durations = [], []
    for one, following in zip(maps, [*maps[1:], maps[0]], strict=True):
        shares = np.linspace(0, 1, FADES + 2)[1:-1]
        frames += [one, *(Image.blend(one, following, share) for share in shares)]
        durations += [HOLD_MS if one is not maps[-1] else LAST_MS, *[FADE_MS] * FADES]
    packed = io.BytesIO()
    frames[0].save(
        packed, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=QUALITY, method=6
    )
    return packed.getvalue()


def panels(region: Finished, stack: str) -> list[Panel]:
    """The stages, in the order of the workflow."""
    pair = region.shortest_pair(stack)
    earlier, later = split_pair(pair)
    layers = region.pair(stack, pair)
    slc = region.intensity_db(stack, earlier)
    rates = region.track("los_rate_mm_per_yr", stack)
    scale = rate_scale(region, stack)
    landslides = region.objects(LANDSLIDES)
    return [
        Panel(f"1  SLC of {iso(earlier)}", slc, backscatter_scale(slc)),
        Panel(f"2  Interferogram with {iso(later)}", layers["wrapped_rad_unfiltered"], scale_for("wrapped_rad")),
        Panel("3  Filtered and unwrapped", layers["unw_rad"], scale_for("unw_rad", [layers["unw_rad"]])),
        Panel(f"4  LOS rate of {len(region.dates(stack))} dates", rates, scale, region.shade),
        Panel("5  Probability of the network", region.track("probability", stack), scale_for("probability")),
        Panel(
            f"6  Release: {len(landslides)} landslides", rates, scale, region.shade,
            (Outlines(landslides, width=1.2),),
        ),
    ]  # fmt: skip


def _picture(region: Finished, panel: Panel) -> Image.Image:
    """A map with its title and colour bar."""
    raw = io.BytesIO()
    panel_figure([panel], region.bounds, columns=1, width_in=WIDTH_IN).savefig(raw, format="png")
    return Image.open(raw).convert("RGB")

"""What displacement products give in place of pairs: rows of studies/records/displacement.json."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/displacement.json", REPOSITORY / "docs/reference/displacement.md"
INTRODUCTION = """# Displacement products, measured

What an inventory loses when it is made of [displacement products](../howto/displacement-products.md)
in place of pairs. Each row names its command; the rows are those of
`studies/records/displacement.json`. The products are written of the LOS rates of the finished demo, so
they have its filter and, but for those of 90 m, its cells: what other processors lose is not in these
rows. MintPy and GeoTIFF carry its rate, error and coherence unchanged, which agreement alone is to show; a
GeoTIFF has no line of sight, and that of the pass stands for it. In cells of 90 m the noise is smooth over
what the network of the demo takes for bodies, and no error tells so: most of its landslides are invented;
by the network that the region is begun with nearly none are. That one learnt on other places of the same
range. Points of EGMS lie where the mean coherence is over 0.4, which leaves most of a demo without any after
its winter. DISP-S1, dolphin and LiCSBAS have a series whose line has rate and error of each cell. LiCSBAS lies
in arc seconds: resampled to these and back, the noise keeps half of its step from cell to cell, and the network
of the demo takes some for bodies, as in cells of 90 m. 5 of the 17 that it adds touch planted landslides.

Rates of Mexico City are real, of MintPy itself, on flat ground that sinks: nothing there is a landslide.
So are those of Houston, whose file has no place: it lies on an invented one, on a DEM of one height, so that
slope alone tells its moving ground from landslides.

Rows of held-out ranges are of simulated rates on real ground, degraded to kinds of products, on three
mountain ranges; each has a network whose trainings had not seen it. The network that is trained on rates
of sarslide fails for the most part by coherence: the temporal coherence of points is 0.7 to 0.95, while
mean coherences of its training end at 0.63. Trained on by products it is the best on points, on smoothed
rates and on cells of 90 m laid on those of 30 m, so that regions of these begin with `drs_unet_products`,
trained so on all nine ranges. The kinds are those that it learnt on; what real processors do beside them is
not in the rows. The velocity threshold is better on rasters in cells of 90 m of their own, which begin with
that. On rates of sarslide the new network loses: `drs_unet_ranges` stays their default.

Rows of a tile tell what EGMS of that size costs, from zipped bursts in the columns of its format to the
release. Its points are drawn evenly, its ground is hills of sines and its noise is white, so that a
threshold finds all of its landslides. `drs_unet_ranges` found none of them, `drs_unet_products` marks all;
three lie on slopes below 8 degrees, which the inventory takes for other deformation.

Rows of NISAR GUNW are of products that are written as isce3 writes them, of ground that sinks and of
ground above the DEM under two exact tracks, whose radar looks to the left or to the right; no real
product was at hand. MintPy's `prep_nisar.py` reads the same files. The region of 37 of them has air of
0.6 rad a date and landslides of 600 mm a year on slopes that face the radar and on slopes that do not.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

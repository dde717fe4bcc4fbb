"""Figures of docs/reference/benchmark.md: patches with the map of each network, F1 with intervals,
channel sets of P4.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sarslide import papers
from sarslide.models import registry
from studies.benchmark import runs, tables
from studies.benchmark.runs import BenchmarkRun
from studies.benchmark.score_cells import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCALE_MM, UNKNOWN, STEPS = 60.0, 255, 254
INK, TEST, UNSEEN, PAPER = "#1c2529", "#4477aa", "#cc6677", "#bbbbbb"


def patches(folder: Path, names: Mapping[str, str]) -> "Figure | None":
    """Windows of the test regions, one a column: LOS rate, truth, and the probability of each run.
    None where the folder lacks the patches of one of them: a published image has more rows.

    folder: of the runs. names: run -> words of its row.
    """
    from matplotlib.figure import Figure

    reference = folder / runs.BASELINE / "patches.npz"
    if not all((folder / name / "patches.npz").is_file() for name in (runs.BASELINE, *names)):
        return None
    with np.load(reference) as file:
        rate, label = file["rate_mm_per_yr"], file["label"]
    rows: list[tuple[str, np.ndarray, dict]] = [
        ("LOS rate", rate, {"cmap": "RdBu", "vmin": -SCALE_MM, "vmax": SCALE_MM}),
        ("truth", np.where(label == UNKNOWN, 0.5, label), {"cmap": "gray_r", "vmin": 0, "vmax": 1}),
    ]
    for name, words in names.items():
        with np.load(folder / name / "patches.npz") as file:
            found = file["probability"]
        shown = np.where(found == UNKNOWN, np.nan, found / STEPS)
        rows.append((words, shown, {"cmap": "gray_r", "vmin": 0, "vmax": 1}))
    columns = len(rate)
    figure = Figure(figsize=(1.75 + 1.0 * columns, 0.25 + 1.0 * len(rows)), dpi=90, facecolor="white")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (words, images, look) in zip(grid, rows, strict=True):
        for axes, image in zip(line, images, strict=True):
            axes.set_facecolor("#b7d0e2")
            axes.imshow(image, interpolation="nearest", **look)
            axes.set_xticks([])
            axes.set_yticks([])
        line[0].set_ylabel(
            words.replace("mask_rcnn", "mask_rcnn\n", 1), rotation=0, ha="right", va="center", fontsize=7
        )
    figure.subplots_adjust(
        left=1.65 / figure.get_figwidth(), right=0.99, top=0.99, bottom=0.01, hspace=0.05, wspace=0.05
    )
    return figure


def scores(records: Mapping[str, Record], tier: str, width: str) -> "Figure | None":
    """F1 by object of every measured network of the equal budget, test and unseen climate, with
    intervals by region.
    """
    own = {
        name: BenchmarkRun(tier, width, "regions", *runs.EQUAL, name, runs.SEEDS[tier][0]).name
        for name in registry.names()
    }
    own = {"velocity threshold": runs.BASELINE, tables.COMPACT_LABEL: runs.COMPACT, **own}
    found = [(name, records[run]) for name, run in own.items() if run in records]
    if len(found) < 2:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 0.6 + 0.32 * len(found)), dpi=90, facecolor="white", layout="constrained")
    axes = figure.subplots()
    for offset, part, colour, words in ((-0.14, "test", TEST, "test"), (0.14, "transfer", UNSEEN, "unseen climate")):
        values = np.array([record["parts"][part]["object"]["f1"] for _, record in found])
        ends = np.array([record["parts"][part]["intervals"]["object"]["f1"] for _, record in found], float)
        spread = np.abs(ends.T - values)
        place = np.arange(len(found)) + offset
        axes.errorbar(values, place, xerr=spread, fmt="o", color=colour, label=words, markersize=4, linewidth=1.2)
    axes.set_yticks(range(len(found)), [name for name, _ in found], fontsize=8)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("F1 by object, 95 % interval by region", fontsize=8)
    axes.grid(axis="x", color="#e3e7e9")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def channel_sets(records: Mapping[str, Record], tier: str, width: str) -> "Figure | None":
    """F1 of P4's seven sets of channels and two networks, ours beside the printed ones (P4 Fig. 5);
    None without any run.
    """
    tables = papers.papers()["P4"].tables
    seed = runs.SEEDS[tier][0]
    ours = [
        [
            records.get(BenchmarkRun(tier, width, "regions", table.recipe, row.channels, row.network, seed).name)
            for row in table.rows
        ]
        for table in tables
    ]
    if not any(record for line in ours for record in line):
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), dpi=90, facecolor="white", layout="constrained")
    for axes, table, line in zip(figure.subplots(1, 2, sharey=True), tables, ours, strict=True):
        place = np.arange(len(table.rows))
        axes.bar(place - 0.2, [row.printed[-1] for row in table.rows], 0.4, color=PAPER, label="paper")
        known = [k for k, record in enumerate(line) if record]
        values = [100 * line[k]["parts"]["test"]["pixel"]["f1"] for k in known]
        axes.bar(place[known] + 0.2, values, 0.4, color=TEST, label="ours, simulated set")
        axes.set_xticks(
            place, [row.labels[0].replace(" rate", "") for row in table.rows], rotation=35, ha="right", fontsize=7
        )
        axes.set_title(table.rows[0].network, fontsize=9)
        axes.set_ylim(0, 100)
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    figure.supylabel("F1 by cell, %", fontsize=8)
    return figure


def save(figure: "Figure", path: Path) -> None:
    """PNG of at most 256 colours, without the version that matplotlib would write into it."""
    import io

    from PIL import Image

    from sarslide.io.atomic import atomic_file

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary:
        Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
            temporary, format="PNG", optimize=True
        )


def labels(records: Mapping[str, Record], tier: str, width: str) -> dict[str, str]:
    """Run -> row of the figure of patches, of all that were run for one budget."""
    seed = runs.SEEDS[tier][0]
    own = {BenchmarkRun(tier, width, "regions", *runs.EQUAL, name, seed).name: name for name in registry.names()}
    every = {runs.BASELINE: "velocity\nthreshold", **own}
    return {name: words for name, words in every.items() if name in records}

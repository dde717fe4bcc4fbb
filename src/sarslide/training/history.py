"""The learning curve of a training: a table and a figure (P0 Figs. 8 and 9, E19)."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sarslide.io.atomic import atomic_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("epoch", "samples", "learning_rate", "train_loss", "train_f1", "validation_loss", "validation_f1")
TRAINING, VALIDATION, INK = "#4477aa", "#cc6677", "#1c2529"


def write_history(path: str | Path, history: Sequence[dict[str, Any]]) -> None:
    """The history as CSV, one row a round; empty where a value is not known.

    Parameters
    ----------
    path : str or Path
        File.
    history : sequence of dict
        Rows with the keys COLUMNS.
    """
    with atomic_file(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def learning_curves(history: Sequence[dict[str, Any]], best_epoch: int, title: str = "") -> "Figure":
    """Loss, F1 by cell and learning rate over the epochs; the epoch that was kept is marked.

    Parameters
    ----------
    history : sequence of dict
        Rows with the keys COLUMNS.
    best_epoch : int
        The epoch that was kept.
    title : str
        Of the figure.

    Returns
    -------
    Figure
        Three panels.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10.5, 3.2), dpi=110, layout="constrained", facecolor="white")
    loss, f1, rate = figure.subplots(1, 3)
    for axes, kind, label in ((loss, "loss", "loss"), (f1, "f1", "F1 by cell")):
        for part, colour in (("train", TRAINING), ("validation", VALIDATION)):
            axes.plot(*_points(history, f"{part}_{kind}"), color=colour, marker=".", label=part)
        axes.set_title(label, fontsize=10)
        axes.legend(frameon=False, fontsize=8)
    f1.set_ylim(0, 1)
    rate.plot(*_points(history, "learning_rate"), color=INK, drawstyle="steps-post", marker=".")
    rate.set_yscale("log")
    rate.set_title("learning rate", fontsize=10)
    for axes in (loss, f1, rate):
        axes.axvline(best_epoch, color=INK, linewidth=0.8, linestyle=":")
        axes.set_xlabel("epoch", fontsize=9)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.suptitle(title, fontsize=10)
    return figure


def write_curves(path: str | Path, history: Sequence[dict[str, Any]], best_epoch: int, title: str = "") -> None:
    """`learning_curves` as PNG, without the date that matplotlib would add.

    Parameters
    ----------
    path : str or Path
        File.
    history : sequence of dict
        Rows with the keys COLUMNS.
    best_epoch : int
        The epoch that was kept.
    title : str
        Of the figure.
    """
    figure = learning_curves(history, best_epoch, title)
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def _points(history: Sequence[dict[str, Any]], column: str) -> tuple[list[int], list[float]]:
    rows = [row for row in history if row.get(column) is not None]
    return [row["epoch"] for row in rows], [row[column] for row in rows]

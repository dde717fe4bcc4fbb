"""The part of the report about factors (P3 Table 2, Figs. 8 and 9), where `rank_factors` ran."""

from collections.abc import Sequence
from typing import Any

from sarslide.io.sidecar import read_json
from sarslide.report.inputs import FactorFiles
from sarslide.report.stages import StageFigure
from sarslide.report.tables import Column, build
from sarslide.report.webmap import data_uri

COLLINEARITY = (
    Column("factor", "Factor"),
    Column("vif", "VIF", "", 3),
    Column("tolerance", "TOL", "", 3),
    Column("vif_p3", "VIF, P3", "", 3),
    Column("tolerance_p3", "TOL, P3", "", 3),
    Column("vif_direction_and_class", "VIF, direction and class", "", 3),
    Column("gini_rank", "Rank by Gini", "", 0),
    Column("permutation_rank", "Rank by permutation", "", 0),
    Column("rank_p3", "Rank, P3", "", 0),
)


def content(files: Sequence[FactorFiles]) -> list[dict[str, Any]]:
    """Tables and figures of each track.

    Parameters
    ----------
    files : sequence of FactorFiles
        Of the tracks where they were made.

    Returns
    -------
    list of dict of str to Any
        title, table, figures.
    """
    return [_of_track(one) for one in files]


def _of_track(files: FactorFiles) -> dict[str, Any]:
    about = read_json(files.sidecar)
    ranks = {row["factor"]: row for row in about["importance"]}
    rows = [row | ranks[row["factor"]] for row in about["collinearity"]]
    correlation = "Pearson, as the text of P3 says, and Spearman, as the caption of its Fig. 8."
    importance = "Of a random forest: Gini (P3 Fig. 9), and by shuffling on plots that it has not seen."
    pictures = (("Correlation", correlation, files.heat_map), ("Importance", importance, files.bars))
    return {
        "title": f"{files.stack}: {about['cells']['region']} cells",
        "table": build(COLLINEARITY, rows, key="factor"),
        "figures": [StageFigure(title, text, data_uri(path.read_bytes()), title) for title, text, path in pictures],
    }

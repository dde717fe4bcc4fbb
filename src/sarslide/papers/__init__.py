"""What the papers print: scene and pair counts, result tables, statements, figures, known errors.

One file a paper, `p0.yaml` to `p4.yaml` and `h22.yaml`; docs/papers.md has which papers these are.
"""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent
PERCENT = 100.0  # unit of printed values


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Statement(_Record):
    """A quantity that a paper prints.

    Attributes
    ----------
    what : str
        The quantity.
    printed : str
        As the paper has it.
    where : str
        Section, table or figure.
    ours : str
        Key of `sarslide.report.paper_page.measured`.
    """

    what: str
    printed: str
    where: str
    ours: str


class PaperFigure(_Record):
    """A figure of a paper and what there is of ours.

    Attributes
    ----------
    number : str
        Its number.
    shows : str
        Its content.
    drawn : str
        Figure that the report draws where the run has what it needs: a key of
        `sarslide.report.paper_figures.DRAWN`, `flow`, `factors` or `networks`.
    ours : str
        Section of the report's page, or a file of docs/, else; empty where there is none.
    lacks : str
        What ours has not of the paper's figure.
    why : str
        Why there is none of ours, or what a run must have that it is drawn.
    """

    number: str
    shows: str
    drawn: str = ""
    ours: str = ""
    lacks: str = ""
    why: str = ""


class SceneCount(_Record):
    """How many scenes of one track a paper prints.

    Attributes
    ----------
    scenes : int
        Scenes, which may be several of one date.
    first, last : str
        First and last date, YYYYMMDD; empty: those of the region.
    platforms : tuple of str
        Satellites.
    """

    scenes: int
    first: str = ""
    last: str = ""
    platforms: tuple[str, ...] = ("S1A",)


class PairCount(_Record):
    """Size of a paper's network of pairs.

    Attributes
    ----------
    pairs, scenes : int
        Interferograms, and the scenes that they are made of.
    """

    pairs: int
    scenes: int


class FactorCorrelation(_Record):
    """A correlation of two factors.

    Attributes
    ----------
    between : tuple of str
        The two factors.
    value : float
        Coefficient.
    """

    between: tuple[str, str]
    value: float


class Factors(_Record):
    """What P3 prints of its factors.

    Attributes
    ----------
    names : tuple of str
        Factors in the order of its Table 2.
    vif, tolerance : dict of str to float
        Variance inflation and its inverse, by factor.
    correlations : tuple of FactorCorrelation
        Those that the text names.
    strongest : tuple of str
        Factors of the greatest importance, in order.
    weakest : str
        Factor of the least importance.
    """

    names: tuple[str, ...]
    vif: dict[str, float]
    tolerance: dict[str, float]
    correlations: tuple[FactorCorrelation, ...]
    strongest: tuple[str, ...]
    weakest: str

    def correlation(self, pair: tuple[str, str]) -> float | None:
        """The printed correlation of two factors; None where there is none.

        Parameters
        ----------
        pair : tuple of str
            The two factors, in the order of `names`.

        Returns
        -------
        float or None
            Coefficient.
        """
        return next((one.value for one in self.correlations if one.between == pair), None)


class TableRow(_Record):
    """A row of a result table.

    Attributes
    ----------
    labels : tuple of str
        Its words as printed.
    printed : tuple of float
        One value a column.
    channels, network : str
        Channel set and network of our training that stands beside it.
    """

    labels: tuple[str, ...]
    printed: tuple[float, ...]
    channels: str
    network: str


class TableColumn(_Record):
    """A score of a result table.

    Attributes
    ----------
    name : str
        As printed.
    ours : dict of str to str
        Reading of the score -> key of a summary (`sarslide.evaluate.scores`) that answers to it.
    """

    name: str
    ours: dict[str, str]


class PaperTable(_Record):
    """A result table of a paper, and which training of ours stands beside each row.

    Attributes
    ----------
    key : str
        Name in the benchmark's records.
    title : str
        Paper, number and content.
    recipe : str
        Preset of `sarslide.training.recipe` that holds the paper's training.
    part : str
        Part of the simulated region set that stands for the paper's test data.
    unit : float
        Unit of the printed values: 100 for percent, 1 for fractions.
    labels : tuple of str
        Heads of the columns that name a row.
    columns : tuple of TableColumn
        Scores.
    rows : tuple of TableRow
        As printed.
    notes : tuple of str
        What is wrong in the paper, and why ours differs.
    """

    key: str
    title: str
    recipe: str
    part: str
    unit: float
    labels: tuple[str, ...]
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...]


class PrintedTable(_Record):
    """A table of a paper that no training of ours stands beside.

    Attributes
    ----------
    title : str
        Paper, number and content.
    columns : tuple of str
        Their heads.
    rows : tuple of tuple of str
        As printed.
    notes : tuple of str
        What is to be known of it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


class Paper(_Record):
    """One paper as printed.

    Attributes
    ----------
    key : str
        P0, P2, P3, P4 or H22, the value of the configuration's key `paper`.
    citation, title, authors, doi, licence : str
        Which paper it is.
    published : str
        What it left to others beside its text.
    statements : tuple of Statement
        Quantities of its region and results.
    figures : tuple of PaperFigure
        Its figures.
    errors : tuple of str
        What in the paper contradicts itself or cannot be.
    scenes : dict of str to dict
        Region -> stack -> `SceneCount`.
    pairs : PairCount or None
        Size of its network of pairs, where it is printed.
    factors : Factors or None
        Its analysis of factors.
    printed : tuple of PrintedTable
        Its tables beside them.
    tables : tuple of PaperTable
        Its result tables.
    """

    key: str
    citation: str
    title: str
    authors: str
    doi: str
    licence: str = ""
    published: str = "Its labels and its code were not published."
    statements: tuple[Statement, ...]
    figures: tuple[PaperFigure, ...]
    errors: tuple[str, ...]
    scenes: dict[str, dict[str, SceneCount]] = {}
    pairs: PairCount | None = None
    factors: Factors | None = None
    printed: tuple[PrintedTable, ...] = ()
    tables: tuple[PaperTable, ...] = ()


@cache
def papers() -> dict[str, Paper]:
    """All papers.

    Returns
    -------
    dict of str to Paper
        By key, in the order of the keys.
    """
    found = [Paper.model_validate(yaml.safe_load(path.read_bytes())) for path in FOLDER.glob("*.yaml")]
    return {paper.key: paper for paper in sorted(found, key=lambda paper: paper.key)}


def tables() -> tuple[PaperTable, ...]:
    """The result tables of all papers.

    Returns
    -------
    tuple of PaperTable
        Ordered by paper.
    """
    return tuple(table for paper in papers().values() for table in paper.tables)


def scene_counts(region: str) -> dict[str, SceneCount]:
    """Scenes that the paper of a region prints.

    Parameters
    ----------
    region : str
        Name of a packaged region.

    Returns
    -------
    dict of str to SceneCount
        By stack; empty for a region of no paper.
    """
    return next((paper.scenes[region] for paper in papers().values() if region in paper.scenes), {})


def pair_count(preset: str) -> PairCount | None:
    """Printed size of the pair network that a preset of the configuration follows.

    Parameters
    ----------
    preset : str
        Value of `network.preset`.

    Returns
    -------
    PairCount or None
        None where no size is printed.
    """
    paper = papers().get(preset.upper())
    return paper.pairs if paper else None


def factors() -> Factors:
    """P3's analysis of factors.

    Returns
    -------
    Factors
        As printed.
    """
    found = papers()["P3"].factors
    assert found is not None
    return found

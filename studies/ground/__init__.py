"""Real ground: rows of studies/records/ground.json, and the page of them."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/ground.json", REPOSITORY / "docs/reference/ground.md"
INTRODUCTION = """# Real ground, measured

What sarslide finds on ground that it did not draw. Rows of the real data have as their goal the
figure that others measured on them, with a tolerance whose origin stands in
`studies/ground/real_data.py`; `tests/test_real_figures.py` holds every one. They are measured on
the crops in `tests/data/real`, whose README names sources and licences. Each row names its command;
the rows are those of `studies/records/ground.json`.

Rows of the simulation beside real data compare windows on which nothing was tuned;
`studies/ground/scattering.py` says what was tuned where. `before` is the simulation without
measured scattering.

Rows of one scene at product and at SAFE level say whether networks learn from what the chain shows
them: pairs of linked dates, rates weighted by noise, cycles of the rate, as by the default
configuration. There `before` is the product level of the benchmark: one phase a cell, a Goldstein
filter, cycles of the truth.

![Cumulative curves of texture, coherence and noise of rates, real and simulated](images/ground_scattering.png)

Outlines are drawn on other ground than that on which their irregularity was found.

![Cumulative curves of outlines, simulated, with the published quantiles](images/ground_outlines.png)

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

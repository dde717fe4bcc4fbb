"""What displacement products give in place of pairs: rows of studies/records/displacement.json."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/displacement.json", REPOSITORY / "docs/reference/displacement.md"
INTRODUCTION = """# Displacement products, measured

What an inventory loses when it is made of [displacement products](../howto/displacement-products.md)
in place of pairs. Each row names its command; the rows are those of
`studies/records/displacement.json`. The products are exported from the rates and the consecutive
pairs of a finished region, so they have its filter and cells: what other processors lose is not in these rows.
GeoTIFF and MintPy carry its rate unchanged, which agreement alone is to show. As DISP-S1 it is the
sum of its consecutive pairs, six dates without any correction of the weather, and a line through
them; as dolphin it has that series, its errors, and the rate of the region: why objects are lost is
not traced further. The export itself is no command yet. LiCSBAS was not run to a release; its
reader is tested on a file of known motion. All rows were measured while products still became pairs
of engine `files`; with `engine: displacement` they are to be measured again.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

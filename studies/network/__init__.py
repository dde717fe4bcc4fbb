"""What packaged networks find: rows of studies/records/network.json, and their page."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/network.json", REPOSITORY / "docs/reference/network.md"
INTRODUCTION = """# The network, measured

What `drs_unet_ranges`, the default, finds of planted landslides, and what it takes for one. Each row
names its command; the rows are those of `studies/records/network.json`. `before` is the default of
before, `drs_unet_compact`, on the same rates; it learnt on drawn ground alone.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

"""A real run, with a login: rows of studies/records/real_run.json, and the page of them."""

from studies.structure.records import REPOSITORY, row

__all__ = ["COMMAND", "PAGE", "RECORD", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/real_run.json", REPOSITORY / "docs/reference/real-run.md"
COMMAND = "python -m studies.real_run --folder F --record"

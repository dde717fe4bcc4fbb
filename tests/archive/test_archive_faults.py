"""Every fault of the table: a coded line or none, nothing lost, and the next run completes."""

import json

import pytest

from tests.archive.conftest import REGION
from tests.archive.faults import CASES, PAGE, run


@pytest.mark.parametrize("case", CASES, ids=[f"{case.doing}: {case.what}" for case in CASES])
def test_nothing_is_lost(archive, tmp_path, case):
    """The row is what studies/records/operations.json prints (`python -m tests.archive.faults` writes it)."""
    (tmp_path / "region").mkdir()
    row = run(case, archive, tmp_path / "region", REGION)
    printed = json.loads(PAGE.read_text())["faults"]
    assert row == printed[CASES.index(case)]
    assert not archive.leaks

"""The same readers with other seeded changes, thirty times: an hour."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.seeds import VARIABLE

FOLDER = Path(__file__).parent


@pytest.mark.full
@pytest.mark.parametrize("number", range(1, 31))
def test_other_changes(number):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-m", "not full", str(FOLDER)]
    run = subprocess.run(
        command, cwd=FOLDER.parents[1], env=os.environ | {VARIABLE: str(number)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-5000:]

"""A finished small demo, run once for all tests that look at it, whichever worker asks first."""

import os
import time

from filelock import FileLock
from pytest import TempPathFactory

from tests.workflow.conftest import Checkout

REGION = "demo_small"
CONFIG = [f"region={REGION}"]


def finished(tmp_path_factory: TempPathFactory) -> tuple[Checkout, float]:
    """The run, into which nobody writes, and how many seconds it took."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    took = base / "small_demo_seconds"
    with FileLock(base / "small_demo.lock"):
        made, start = Checkout(base / "small_demo", CONFIG), time.monotonic()
        if not took.is_file():
            made.snakemake()
            took.write_text(str(time.monotonic() - start))
    return made, float(took.read_text())

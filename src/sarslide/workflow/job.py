"""What every script of a rule does around its work.

It logs to the rule's log and turns errors into one coded line.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sarslide.errors import SarslideError

# rasterio looks for boto3 when it is first imported, 0.3 CPU s of each job, for sessions with S3
# that no job opens. Scripts import this module first.
_without_boto3 = "boto3" not in sys.modules
if _without_boto3:
    sys.modules["boto3"] = None  # type: ignore[assignment]
import rasterio  # noqa: E402, F401

if _without_boto3:
    del sys.modules["boto3"]

FORMAT_VERSION = 1


@contextmanager
def job(snakemake: Any) -> Iterator[logging.Logger]:
    """Run one job of the workflow.

    Everything logged goes to the rule's log file. A SarslideError ends the job with its one coded
    line on standard error and in the log; any other exception leaves its traceback in the log and
    is raised again.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        What Snakemake gives to a script.

    Yields
    ------
    logging.Logger
        The logger of the rule.

    Raises
    ------
    SystemExit
        With code 1, for a SarslideError.
    """
    path = Path(str(snakemake.log[0]))
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    log = logging.getLogger(f"sarslide.{snakemake.rule}")
    try:
        yield log
        log.info("done")
    except SarslideError as error:
        log.error("%s", error)
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
        log.exception("failed")
        raise
    finally:
        root.removeHandler(handler)
        handler.close()

"""What every script of a rule does around its work.

It logs to the rule's log and turns errors into one coded line.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sarslide.errors import LockError, OutputError, SarslideError, unexpected

# rasterio looks for boto3 when it is first imported, 0.3 CPU s of each job, for sessions with S3
# that no job opens. Scripts import this module first.
_without_boto3 = "boto3" not in sys.modules
if _without_boto3:
    sys.modules["boto3"] = None  # type: ignore[assignment]
import rasterio  # noqa: E402, F401

if _without_boto3:
    del sys.modules["boto3"]

from sarslide.io import fence  # noqa: E402
from sarslide.workflow import checksums  # noqa: E402

FORMAT_VERSION = 1


class _LogFile(logging.FileHandler):
    """A log that a full disk does not turn into a second error."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Leave out a line that cannot be written."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close it, written or not."""
        with suppress(OSError):
            super().close()


@contextmanager
def job(snakemake: Any) -> Iterator[logging.Logger]:
    """Run one job of the workflow.

    Everything logged goes to the rule's log file. A job that fails ends with one coded line on
    standard error and in the log: that of its SarslideError, or E1000 for any other exception,
    whose traceback is in the log. Its inputs are compared with their recorded hashes before it
    begins, and those of its outputs are recorded at its end. A job of a run that is no longer the
    newest changes nothing.

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
        With code 1, for any exception.
    """
    path = Path(str(snakemake.log[0]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(path, mode="w")
    except OSError as error:
        raise _end(
            OutputError(f"{path}: cannot be written ({error.strerror})", "free or open the folder of logs")
        ) from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    log = logging.getLogger(f"sarslide.{snakemake.rule}")
    try:
        fence.join()
        checksums.check_inputs(snakemake.input)
        checksums.record_sources(snakemake.rule, snakemake.input)
        checksums.forget(snakemake.output)
        yield log
        checksums.record(snakemake.rule, snakemake.output)
        log.info("done")
    except LockError as error:
        log.error("%s", error)
        _end_orphan()
        raise _end(error) from None
    except SarslideError as error:
        log.error("%s", error)
        raise _end(error) from None
    except Exception as error:
        log.exception("failed")
        coded = unexpected(error, str(path))
        log.error("%s", coded)
        raise _end(coded) from None
    finally:
        root.removeHandler(handler)
        handler.close()


def _end_orphan() -> None:
    """End the Snakemake that a cluster runs for this job: it would remove, as outputs of a failed
    job, what the newer run has made.
    """
    import psutil

    for process in psutil.Process().parents():
        with suppress(psutil.Error):
            line = process.cmdline()
            if "--mode" in line and any(Path(part).name.startswith("snakemake") for part in line):
                process.kill()


def _end(error: SarslideError) -> SystemExit:
    """The end of the process, with its coded line on standard error in one piece."""
    sys.stderr.write(f"{error}\n")
    return SystemExit(1)

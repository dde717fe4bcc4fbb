"""Settings of Snakemake's scheduler that no profile can make."""

from typing import Any

SNAKEMAKE_LIMIT = (100, 1)  # jobs and seconds of --max-jobs-per-timespan where nobody sets it


def drop_default_rate_limit(workflow: Any) -> None:
    """Take the default limit of job starts off a run; to be called in `onstart`.

    While there is a limit, each pass of the scheduler starts a timer for one more pass, so that
    after N jobs N passes are made a second for as long as the run lasts. No value of
    `--max-jobs-per-timespan` means "no limit", and a long timespan keeps the process from ending
    until its last timer is over. A limit that a user sets stays.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that is about to run; its scheduler exists by the time of `onstart`.
    """
    scheduler: Any = getattr(workflow, "scheduler", None)
    limit = getattr(scheduler, "job_rate_limiter", None)
    if limit is not None and (limit.max_jobs, limit.timespan) == SNAKEMAKE_LIMIT:
        scheduler.job_rate_limiter = None

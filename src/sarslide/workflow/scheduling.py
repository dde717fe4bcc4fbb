"""Settings of Snakemake that no profile can make."""

from typing import Any

from sarslide.config import Config
from sarslide.errors import ConfigError
from sarslide.workflow.frame_calls import JOINING, runs_frames

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


def stop_before_joining(workflow: Any, config: Config) -> None:
    """Leave what joins frames out of a run of some of them, as `--omit-from` does.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow, while its plan is made.
    config : Config
        Configuration of the region.
    """
    if runs_frames(config):
        workflow.dag.omitrules.update(JOINING)


def refuse_joining(workflow: Any, config: Config) -> None:
    """Refuse targets of the whole region in a run of some of its frames; to be called in `onstart`.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that is about to run.
    config : Config
        Configuration of the region.

    Raises
    ------
    ConfigError
        For a job that would make a file of the region from these frames alone.
    """
    found = {job.rule.name for job in workflow.dag.needrun_jobs()} & set(JOINING) if runs_frames(config) else set()
    if found:
        raise ConfigError(
            f"config: frames names some of region {config.region}, and {', '.join(sorted(found))} is of all of it",
            f"`sarslide run {config.region}`, or leave frames out",
        )

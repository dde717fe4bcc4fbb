"""`sarslide schedule`: one run for cron, a systemd timer or scrontab."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sarslide.cli import start
from sarslide.cli.options import Conda, Cores, Files, Folder, Profile, Region, Values
from sarslide.cli.start import Request
from sarslide.schedule import run
from sarslide.schedule.run import ScheduledRun


def schedule(
    region: Region = "",
    values: Values = None,
    cores: Cores = "all",
    conda: Conda = False,
    profile: Profile = "",
    preflight: Annotated[bool, typer.Option("--preflight", help="Check before any job.")] = False,
    targets: Annotated[
        list[str] | None, typer.Option("--target", help="What to make.", show_default="the final products")
    ] = None,
    notify: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            envvar="SARSLIDE_NOTIFY",
            help="Run after every run, with its summary as JSON on standard input.",
        ),
    ] = "",
    keep: Annotated[int, typer.Option(min=1, metavar="N", help="Logs and summaries that are kept.")] = 30,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Look for new acquisitions, then bring a region up to date: for cron, timers, scrontab.

    Safe to start at any time and to kill. Silent where nothing is new, so that cron sends no mail.
    Exit codes: 0 up to date, 69 archive unreachable, 70 jobs failed, 75 locked by another run, 76
    up to date but for dates that wait, 78 configuration or preflight refuses.

        sarslide schedule myregion --cores 16 --use-conda
        sarslide schedule myregion --profile slurm --notify "tee -a runs.jsonl"
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    request = Request(region, values or (), files or (), folder.resolve(), cores, conda, profile)
    order = scheduled_run(request, targets or (), preflight, keep)
    raise SystemExit(announced_run(order, notify)["exit_code"])


def announced_run(order: ScheduledRun, notify: str) -> dict[str, Any]:
    """Run, print what is new, and give it to the hook.

    Parameters
    ----------
    order : ScheduledRun
        What is to be run.
    notify : str
        Command that gets the summary; empty for none.

    Returns
    -------
    dict of str to Any
        The summary.

    Raises
    ------
    OutputError
        Where the folder cannot be written.
    """
    summary = run.run(order)
    if announce(summary, notify):
        run.mark_reported(order, summary)
    return summary


def announce(summary: dict[str, Any], notify: str) -> bool:
    """Print the line of a run with news, and give its summary to the hook.

    Parameters
    ----------
    summary : dict of str to Any
        Of the run.
    notify : str
        Command that gets it; empty for none.

    Returns
    -------
    bool
        Whether it has reached whom it should.
    """
    if summary["result"] != "nothing new" or summary.get("alerts", {}).get("reported"):
        print(run.line(summary), file=sys.stderr)
    problem = run.notify(notify, summary) if notify else ""
    if problem:
        print(problem, file=sys.stderr)
    return not problem


def scheduled_run(
    request: Request, targets: Sequence[str] = (), preflight: bool = False, keep: int = 30
) -> ScheduledRun:
    """What is to be run.

    Parameters
    ----------
    request : Request
        Region, where and how.
    targets : sequence of str
        What to make; none: the final products.
    preflight : bool, default False
        Whether `preflight` comes before any job.
    keep : int, default 30
        Logs and summaries that are kept.

    Returns
    -------
    ScheduledRun
        For `sarslide.schedule.run.run`.

    Raises
    ------
    ConfigError
        For a wrong configuration.
    """
    snakemake = [*request.machine_arguments(), *start.further]
    return ScheduledRun(
        request.folder, request.config(), request.config_arguments(), snakemake, list(targets), preflight, keep
    )

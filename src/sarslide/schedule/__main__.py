"""`python -m sarslide.schedule`: one run for cron, a systemd timer or scrontab
(docs/howto/scheduled-runs.md).
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from sarslide.errors import SarslideError
from sarslide.schedule import run, settings

EPILOG = """All other arguments are Snakemake's (--cores, --use-conda, --profile ...); --cores all where neither is given.
Exit codes: 0 up to date, 69 archive unreachable, 70 jobs failed, 75 locked by another run, 76 up to date but for dates that wait,
78 configuration or preflight refuses."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m sarslide.schedule",
        description="Look for new acquisitions, then bring the region up to date. Safe to start at any time and to kill.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    made.add_argument("--directory", type=Path, default=Path(), help="working folder (default: this one)")
    made.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="as for Snakemake: region=NAME ...")
    made.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="as for Snakemake")
    made.add_argument("--targets", nargs="+", default=[], help="what to make (default: the final products)")
    made.add_argument("--preflight", action="store_true", help="`snakemake preflight` before any job")
    made.add_argument("--keep", type=int, default=30, metavar="N", help="logs and summaries that are kept (default 30)")
    made.add_argument(
        "--notify",
        default=os.environ.get("SARSLIDE_NOTIFY", ""),
        metavar="COMMAND",
        help="run after every run, with the summary as JSON on its standard input (default: $SARSLIDE_NOTIFY)",
    )
    return made


def order(arguments: list[str]) -> tuple[run.ScheduledRun, str]:
    """Read a command line.

    Parameters
    ----------
    arguments : list of str
        Of the process.

    Returns
    -------
    (ScheduledRun, str)
        The run, and the hook's command.

    Raises
    ------
    ConfigError
        For a wrong configuration.
    """
    chosen, others = parser().parse_known_args(arguments)
    folder = chosen.directory.resolve()
    config = settings.read(run.SNAKEFILE.with_name("config.yaml"), chosen.configfile, chosen.config, folder)
    passed_on = ["--configfile", *chosen.configfile] if chosen.configfile else []
    passed_on += ["--config", *chosen.config] if chosen.config else []
    cores = {"--cores", "-c", "--jobs", "-j", "--profile", "--workflow-profile"}
    if not any(argument.partition("=")[0] in cores for argument in others):
        others = ["--cores", "all", *others]
    made = run.ScheduledRun(folder, config, passed_on, others, chosen.targets, chosen.preflight, max(1, chosen.keep))
    return made, chosen.notify


def main(arguments: list[str] | None = None) -> int:
    """Run once; silent where nothing is new, so that cron sends no mail.

    Parameters
    ----------
    arguments : list of str, optional
        Command line; that of the process where it is left out.

    Returns
    -------
    int
        Exit code, see `EPILOG`.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        chosen, hook = order(sys.argv[1:] if arguments is None else arguments)
        summary = run.run(chosen)
    except SarslideError as error:
        print(error, file=sys.stderr)
        return run.REFUSED
    if summary["result"] != "nothing new":
        print(run.line(summary), file=sys.stderr)
    if hook and (problem := run.notify(hook, summary)):
        print(problem, file=sys.stderr)
    return summary["exit_code"]


if __name__ == "__main__":
    raise SystemExit(main())

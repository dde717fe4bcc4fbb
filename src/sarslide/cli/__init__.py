"""The command `sarslide`: a thin front to the workflow's targets, and what needs none.

Every command that makes files starts Snakemake with the same targets and configuration as one
would by hand; what stands after `--` goes to Snakemake.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from sarslide import __version__, exit_codes
from sarslide.cli import (
    alerts,
    clean,
    coco,
    config,
    diff,
    displacement,
    doctor,
    export,
    merge,
    migrate,
    new,
    review,
    run,
    schedule,
    sheet,
    start,
    summary,
    train,
    update,
    verify,
)
from sarslide.errors import LockError, SarslideError

BEGIN, REGION, LEARN, LOOK = "Begin", "A region", "Your labels, your network", "Look after"

app = typer.Typer(
    name="sarslide",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"sarslide {__version__}")
        raise typer.Exit


@app.callback()
def sarslide(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From Sentinel-1 SAR to a versioned inventory of active landslides.

    First `sarslide demo --small`, then a region of your own: `sarslide new`, `update`, `preflight`,
    `plan`, `run`. On a cluster the same by Snakemake: `snakemake --cores 16 --use-conda --config
    region=NAME`, with the Snakefile that `sarslide doctor` names.

    Exit codes: 0 good, 2 wrong usage, 69 archive unreachable, 70 jobs failed, 75 locked by another
    run, 76 dates wait, 78 configuration or preflight refuses.
    """


def _add(panel: str, function: Callable[..., None], name: str | None = None) -> None:
    app.command(name, rich_help_panel=panel)(function)


_add(BEGIN, run.demo)
_add(BEGIN, new.new)
_add(BEGIN, displacement.displacement)
_add(BEGIN, doctor.doctor)
_add(BEGIN, config.config)
_add(REGION, update.update)
_add(REGION, run.command("preflight"), "preflight")
_add(REGION, run.plan)
_add(REGION, run.run)
_add(REGION, run.resume)
_add(REGION, schedule.schedule)
_add(REGION, review.review)
_add(REGION, alerts.alerts)
_add(LOOK, summary.summary)
_add(LOOK, run.command("report"), "report")
_add(LOOK, export.export)
_add(LOOK, sheet.sheet)
_add(LOOK, diff.diff)
_add(LOOK, merge.merge)
_add(LOOK, run.series)
_add(LOOK, run.score)
_add(LOOK, run.factors)
_add(LOOK, verify.verify)
_add(LOOK, clean.clean)
_add(LOOK, migrate.migrate)
_add(LEARN, train.train)
_add(LEARN, coco.coco)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; that of the process where it is left out.

    Raises
    ------
    SystemExit
        Always.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    end = words.index("--") if "--" in words else len(words)
    start.further[:] = words[end + 1 :]
    try:
        app(words[:end], prog_name="sarslide")
    except SarslideError as error:
        print(error, file=sys.stderr)
        raise SystemExit(exit_codes.LOCKED if isinstance(error, LockError) else exit_codes.REFUSED) from None

"""`sarslide update`: new acquisitions of a region, or all regions of a folder up to date."""

import signal
import sys
import traceback
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from sarslide import exit_codes
from sarslide.cli import run as of_region
from sarslide.cli import schedule
from sarslide.cli.options import Conda, Cores, Files, Folder, Profile, Region, Values
from sarslide.cli.start import Request
from sarslide.config import reading
from sarslide.errors import ConfigError, SarslideError, unexpected
from sarslide.schedule import regions

# From what must be looked at first to what may be left alone.
WORST_FIRST = (
    exit_codes.FAILED,
    exit_codes.REFUSED,
    exit_codes.UNREACHABLE,
    exit_codes.LOCKED,
    exit_codes.WAITING,
    exit_codes.GOOD,
)


def update(
    region: Region = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Every region of the folder, from its archive to its release.")
    ] = False,
    notify: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            envvar="SARSLIDE_NOTIFY",
            help="With --all: run after each region, with its summary as JSON on standard input.",
        ),
    ] = "",
    values: Values = None,
    cores: Cores = "all",
    conda: Conda = False,
    profile: Profile = "",
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Look for new acquisitions of a region, in its archive or in resources/REGION/slc.

    It adds them to resources/REGION/scenes.csv and never removes any. The same as
    `snakemake update_catalog --cores 1 --config region=REGION`.

    With --all it goes on: what `sarslide schedule` does for one region is done for every one of
    regions/*.yaml, and for packaged ones with results here (not for simulated ones), one after the
    other. A region that fails stops no other, one that another run works on is skipped; the exit
    code is that of the worst, and results/status.html and status.json show all of them.

        sarslide update myregion
        sarslide update --all --cores 16 --use-conda
    """
    if everything and region:
        raise ConfigError(f"region {region}: named beside --all", "leave one of the two out")
    if everything:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        request = Request("", values or (), files or (), folder.resolve(), cores, conda, profile)
        raise SystemExit(update_all(request, notify))
    of_region.command("update")(region, values, cores, conda, profile, files, folder)


def update_all(request: Request, notify: str) -> int:
    """Bring every region of a folder up to date, and write the status page.

    Parameters
    ----------
    request : Request
        Where and how; its region is not looked at.
    notify : str
        Command that gets each summary; empty for none.

    Returns
    -------
    int
        Exit code of the worst region.

    Raises
    ------
    ConfigError
        For a folder without regions.
    OutputError
        Where the status page cannot be written.
    """
    from sarslide.schedule import status

    folder = request.folder
    reading.check_folder(folder)
    found, others = regions.to_update(folder), regions.without_configuration(folder)
    if not found:
        raise ConfigError(f"{folder}: has no region to update", "begin one with `sarslide new`, or correct --directory")
    rows = {name: status.of_region(folder, name) for name in sorted([*found, *others])}
    for name in others:
        unknown = rows[name].last_run.model_copy(update={"result": status.NO_CONFIGURATION, "exit_code": None})
        rows[name] = rows[name].model_copy(update={"last_run": unknown})
    page, codes = status.write(folder, rows.values()), []
    for name in found:
        summary = _updated(replace(request, region=name), notify)
        codes.append(summary["exit_code"])
        rows[name] = status.of_region(folder, name, summary)
        status.write(folder, rows.values())  # each time: a run of many regions may be ended
    print(status.table(rows.values()))
    print(page)
    return worst(codes)


def worst(codes: Iterable[int]) -> int:
    """The exit code of several regions.

    Parameters
    ----------
    codes : iterable of int
        One of each, at least one.

    Returns
    -------
    int
        The first of `WORST_FIRST` that is among them.
    """
    return min(codes, key=WORST_FIRST.index)


def _updated(request: Request, notify: str) -> dict[str, Any]:
    """Summary of a region's run; whatever it meets stays with this region."""
    try:
        return schedule.announced_run(schedule.scheduled_run(request), notify)
    except SarslideError as error:
        code, problems = exit_codes.REFUSED, str(error).splitlines()
    except Exception as error:  # also what no code of ours raises on purpose
        traceback.print_exc()
        code, problems = exit_codes.FAILED, [str(unexpected(error, "what this command has printed"))]
    summary = {
        "region": request.region,
        "exit_code": code,
        "result": exit_codes.MEANINGS[code],
        "started_utc": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "problems": problems,
    }
    schedule.announce(summary, notify)
    return summary

"""`sarslide verify`: compare outputs with their recorded hashes."""

from pathlib import Path
from typing import Annotated

import typer

from sarslide import exit_codes
from sarslide.cli import start
from sarslide.cli.options import Cores, Files, Folder, Region, Values
from sarslide.cli.start import Request
from sarslide.schedule import lock


def verify(
    region: Region = "",
    fast: Annotated[bool, typer.Option("--fast", help="Sizes of all files, hashes of a sample.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Make damaged files again.")] = False,
    values: Values = None,
    cores: Cores = "all",
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Compare all outputs of a region, and its releases, with the hashes recorded for them.

    Damage by a disk, a copy or an editor is found, whether a run reads the file or not. --repair
    sets damaged files aside and makes them again; nothing else is made again where they come out
    the same. Releases are restored from a backup: they cannot be made again.

        sarslide verify myregion
        sarslide verify myregion --fast
        sarslide verify myregion --repair
    """
    from sarslide.workflow import verify as work

    request = Request(region, values or (), files or (), folder, cores)
    name = request.config().region
    found = work.verify(folder, name, fast)
    print(work.report(found))
    if not found.damaged and not found.releases:
        raise SystemExit(exit_codes.GOOD)
    if not (repair and found.damaged):
        raise SystemExit(exit_codes.FAILED)
    before = work.times(folder, name)
    with lock.held(folder):
        work.set_aside(folder, found.damaged)
    code = start.snakemake(request, *found.damaged)
    for path in work.restore_times(folder, before):
        print(f"made again with other content: {path}; `sarslide run {name}` makes again what comes after it")
    raise SystemExit(code or (exit_codes.FAILED if found.releases else exit_codes.GOOD))

"""`sarslide doctor`: what is installed, what is missing, and how to cure it."""

import json
from contextlib import chdir
from pathlib import Path
from typing import Annotated

import typer

from sarslide import exit_codes
from sarslide.cli.options import Conda, Files, Folder, Region, Values


def doctor(
    region: Region = "",
    online: Annotated[bool, typer.Option("--online", help="Ask the archives whether they take the logins.")] = False,
    gpu: Annotated[bool, typer.Option("--gpu", help="Load torch and ask it for the GPU: seconds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    values: Values = None,
    conda: Conda = False,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Report versions, programs, logins, cores, memory, GPU and disk, each with its cure.

    With a region, what it needs and is missing is an error; without one, and outside of a working
    folder, the machine alone is looked at. Of logins only their place is shown. It ends with 78
    where there is an error.

        sarslide doctor
        sarslide doctor myregion --online
        sarslide doctor demo --set engine=isce2
    """
    from sarslide.cli.start import Request
    from sarslide.config import reading
    from sarslide.errors import ConfigError
    from sarslide.preflight import doctor as checks
    from sarslide.preflight import finding

    reading.check_folder(folder)
    if region or values or files or (folder / "config.yaml").is_file():
        config = Request(region, values or (), files or (), folder).config()
        place = folder.resolve()
        with chdir(folder):  # where Snakemake looks for files of the user and for trained weights
            found = checks.of_region(config, place, conda, gpu)
        found += checks.at_archives(config, folder, found) if online else []
    elif online or gpu:
        raise ConfigError(f"--{'online' if online else 'gpu'}: no region is known", "`sarslide doctor REGION --online`")
    else:
        found = checks.machine_alone(folder, conda)
    print(json.dumps(finding.as_json(found), indent=1) if as_json else finding.as_text(found))
    raise SystemExit(exit_codes.REFUSED if finding.errors(found) else exit_codes.GOOD)

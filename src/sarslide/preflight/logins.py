"""Checks of where logins are: a file that is there, for whom, and that others cannot read it.

What a file or a variable holds is never shown.
"""

import netrc
import os
from collections.abc import Iterable
from pathlib import Path

from sarslide.config import Config
from sarslide.errors import CredentialsError
from sarslide.preflight import checks
from sarslide.preflight.finding import GOOD, NOTE, WARNING, Finding, of_error
from sarslide.retrieve.credentials import FILE

HOSTS = ("urs.earthdata.nasa.gov", "dataspace.copernicus.eu")
OTHERS = 0o077  # permissions of group and others


def of_machine() -> list[Finding]:
    """The netrc, with those of our hosts that it has logins for.

    Returns
    -------
    list of Finding
        Presence, and a warning where others may read it.
    """
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    cure = f"write `machine {HOSTS[0]} login NAME password WORD` into {path}, chmod 600; a token elsewhere is as good"
    if not path.is_file():
        return [Finding("logins", NOTE, f"no {path}: without a login nothing is downloaded", "", cure)]
    try:
        there = [host for host in HOSTS if host in netrc.netrc(path).hosts]
    except netrc.NetrcParseError as error:
        problem = CredentialsError(f"{path}: line {error.lineno} is no netrc", cure)
        return [of_error("logins", problem, WARNING)]
    except (OSError, UnicodeDecodeError) as error:
        problem = CredentialsError(f"{path}: cannot be read ({type(error).__name__})", "chmod 600, or write it again")
        return [of_error("logins", problem, WARNING)]
    absent = [host for host in HOSTS if host not in there]
    text = f"{path}: {', '.join(there) or 'none of our hosts'}" + (f"; none for {', '.join(absent)}" if absent else "")
    return [Finding("logins", GOOD if there else NOTE, text, "", "" if there else cure), *private([path])]


def of_region(config: Config) -> list[Finding]:
    """The logins that the region needs, and whether files with tokens are private.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        Errors for logins that are not there.
    """
    references = dict.fromkeys([config.retrieve.earthdata, config.retrieve.copernicus, config.hyp3.token])
    files = [one.removeprefix(FILE) for one in references if one.startswith(FILE)]
    return [*checks.accounts(config), *private(Path(os.path.expandvars(one)).expanduser() for one in files)]


def private(paths: Iterable[Path]) -> list[Finding]:
    """Whether files with secrets are readable by their owner alone.

    Parameters
    ----------
    paths : iterable of Path
        Files, there or not.

    Returns
    -------
    list of Finding
        A warning for each that others may read.
    """
    found = []
    for path in paths:
        if path.is_file() and (mode := path.stat().st_mode & 0o777) & OTHERS:
            problem = CredentialsError(f"{path}: others may read it (permissions {mode:o})", f"chmod 600 {path}")
            found.append(of_error("logins", problem, WARNING))
    return found

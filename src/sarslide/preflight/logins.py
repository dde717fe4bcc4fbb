"""Checks of where logins are: a file that is there, for whom, and that others cannot read it.

What a file or a variable holds is never shown.
"""

from sarslide.errors import CredentialsError
from sarslide.preflight import checks
from sarslide.preflight.finding import GOOD, NOTE, WARNING, Finding, of_error
from sarslide.retrieve.credentials import netrc_file, read_netrc

HOSTS = ("urs.earthdata.nasa.gov", "dataspace.copernicus.eu")


def of_machine() -> list[Finding]:
    """The netrc, with those of our hosts that it has logins for.

    Returns
    -------
    list of Finding
        Presence, and a warning where others may read it.
    """
    path = netrc_file()
    cure = f"write `machine {HOSTS[0]} login NAME password WORD` into {path}, chmod 600; a token elsewhere is as good"
    if not path.exists():
        return [Finding("logins", NOTE, f"no {path}: without a login nothing is downloaded", "", cure)]
    try:
        known = read_netrc(path, cure)
    except CredentialsError as error:
        return [of_error("logins", error, WARNING)]
    there = [host for host in HOSTS if host in known]
    absent = [host for host in HOSTS if host not in there]
    text = f"{path}: {', '.join(there) or 'none of our hosts'}" + (f"; none for {', '.join(absent)}" if absent else "")
    return [Finding("logins", GOOD if there else NOTE, text, "", "" if there else cure), *checks.private([path])]

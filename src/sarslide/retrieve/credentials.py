"""Secrets by reference: where a login or a token is, and the login in memory, never in a text."""

import netrc
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from sarslide.errors import CredentialsError
from sarslide.io import bounded

NETRC, VARIABLE, FILE = "netrc", "env:", "file:"
MAX_SECRET = 64 << 10  # bytes of a netrc or a token; tokens of Earthdata Login have 1,500


@dataclass(frozen=True)
class Login:
    """A user's name and password, or a token; the object shows its reference alone.

    Attributes
    ----------
    reference : str
        Where the login was found: "netrc", "env:NAME" or "file:PATH".
    user, password : str
        Of an entry of the netrc; empty with a token.
    token : str
        Empty with an entry of the netrc.
    """

    reference: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def login(reference: str, machine: str) -> Login:
    """What a reference leads to.

    Parameters
    ----------
    reference : str
        "netrc" (~/.netrc or $NETRC), "env:NAME" of a variable or "file:PATH" of a file with a
        token.
    machine : str
        Whose entry of the netrc it is.

    Returns
    -------
    Login
        Name and password, or a token.

    Raises
    ------
    CredentialsError
        When there is none; it names the reference and never what it holds.
    """
    cure = f"put a token of {machine} there, or name netrc in the configuration"
    token = read_token(reference, cure)
    return Login(reference, token=token) if token else _of_netrc(machine)


def read_token(reference: str, cure: str) -> str:
    """The token that a reference leads to.

    Parameters
    ----------
    reference : str
        "netrc", "env:NAME" of a variable or "file:PATH" of a file with a token.
    cure : str
        Cure of the message where there is no token.

    Returns
    -------
    str
        The token; empty for "netrc", whose entries are names and passwords.

    Raises
    ------
    CredentialsError
        When there is no token; it names the reference and never what it holds.
    """
    if reference == NETRC:
        return ""
    if reference.startswith(VARIABLE):
        name = reference.removeprefix(VARIABLE)
        place, text = f"variable {name}", os.environ.get(name)
        if text is None:
            raise CredentialsError(f"{place} is not set", cure)
    else:
        path = _expanded(reference)
        place, text = f"{path}:", bounded.text(path, CredentialsError, MAX_SECRET, cure=cure)
    return _checked(text.strip(), place, cure)


def _expanded(reference: str) -> Path:
    return Path(os.path.expandvars(reference.removeprefix(FILE))).expanduser()


def secret_file(reference: str) -> Path | None:
    """The file that a reference leads to.

    Parameters
    ----------
    reference : str
        "netrc", "env:NAME" of a variable or "file:PATH" of a file with a token.

    Returns
    -------
    Path or None
        Its path, there or not; None for a variable.
    """
    if reference == NETRC:
        return netrc_file()
    return None if reference.startswith(VARIABLE) else _expanded(reference)


def netrc_file() -> Path:
    """The file with names and passwords: $NETRC, or ~/.netrc.

    Returns
    -------
    Path
        Its path, there or not.
    """
    return Path(os.environ.get("NETRC", "~/.netrc")).expanduser()


def read_netrc(path: Path, cure: str) -> dict[str, tuple[str, str, str]]:
    """Entries of a netrc.

    Parameters
    ----------
    path : Path
        The file.
    cure : str
        Cure of the message where there is none.

    Returns
    -------
    dict
        Name, account and password by machine.

    Raises
    ------
    CredentialsError
        For a file that is missing or no netrc; it shows nothing that the file holds.
    """
    bounded.text(path, CredentialsError, MAX_SECRET, cure=cure)  # the package reads whatever there is
    try:
        return netrc.netrc(path).hosts
    except netrc.NetrcParseError as error:
        raise CredentialsError(f"{path}: line {error.lineno} is no netrc", cure) from None


def _checked(token: str, place: str, cure: str) -> str:
    """A token; what is wrong with another text is said without it."""
    if not token:
        raise CredentialsError(f"{place} is empty", cure)
    if re.search(r"\s", token):
        raise CredentialsError(
            f"{place} holds more than one word or line, and a token is one",
            "write the token alone, without line breaks",
        )
    if len(token) > MAX_SECRET or not re.fullmatch(r"[\x21-\x7e]+", token):
        raise CredentialsError(f"{place} is too long, or holds characters that no token has", "copy the token again")
    return token


def _of_netrc(machine: str) -> Login:
    path = netrc_file()
    cure = f"write `machine {machine} login NAME password WORD` into {path}, readable by you alone"
    entry = read_netrc(path, cure).get(machine)
    if not (entry and entry[0] and entry[2]):
        raise CredentialsError(f"{path}: has no login for {machine}", cure)
    return Login(NETRC, user=entry[0], password=entry[2])

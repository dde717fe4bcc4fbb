"""Secrets by reference: where a login or a token is, and the login in memory, never in a text."""

import netrc
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from sarslide.errors import CredentialsError

NETRC, VARIABLE, FILE = "netrc", "env:", "file:"


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
        token, problem = os.environ.get(name, "").strip(), f"variable {name} is not set"
    else:
        path = Path(os.path.expandvars(reference.removeprefix(FILE))).expanduser()
        token, problem = path.read_text().strip() if path.is_file() else "", f"{path}: holds no token"
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise CredentialsError(problem, cure)
    return token


def _of_netrc(machine: str) -> Login:
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    cure = f"write `machine {machine} login NAME password WORD` into {path}, readable by you alone"
    try:
        entry = netrc.netrc(path).hosts.get(machine)
    except OSError:
        raise CredentialsError(f"{path}: does not exist", cure) from None
    except netrc.NetrcParseError as error:
        raise CredentialsError(f"{path}: line {error.lineno} is no netrc", cure) from None
    if not (entry and entry[0] and entry[2]):
        raise CredentialsError(f"{path}: has no login for {machine}", cure)
    return Login(NETRC, user=entry[0], password=entry[2])

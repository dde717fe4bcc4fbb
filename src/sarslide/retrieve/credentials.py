"""Secrets by reference: where a login or a token is, and the login itself only in memory, never in a text that is shown."""

import netrc
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from sarslide.errors import CredentialsError

NETRC, VARIABLE, FILE = "netrc", "env:", "file:"


@dataclass(frozen=True)
class Login:
    """A user's name and password, or a token. What the object shows of itself is its reference alone."""

    reference: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def login(reference: str, machine: str) -> Login:
    """What a reference leads to: "netrc" (~/.netrc or $NETRC), "env:NAME" of a variable or "file:PATH" of a file with a token.

    machine: whose entry of the netrc it is. Raises CredentialsError, which names the reference and never what it holds.
    """
    if reference == NETRC:
        return _of_netrc(machine)
    if reference.startswith(VARIABLE):
        name = reference.removeprefix(VARIABLE)
        token, problem = os.environ.get(name, "").strip(), f"variable {name} is not set"
    else:
        path = Path(os.path.expandvars(reference.removeprefix(FILE))).expanduser()
        token, problem = path.read_text().strip() if path.is_file() else "", f"{path}: holds no token"
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise CredentialsError(problem, f"put a token of {machine} there, or name netrc in the configuration")
    return Login(reference, token=token)


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

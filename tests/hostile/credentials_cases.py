"""Hostile and broken places of logins: variables, files with tokens, the netrc."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sarslide.retrieve.credentials import Login, login
from tests.hostile.changed import changed
from tests.hostile.support import SECRET, pipe

HOST = "urs.earthdata.nasa.gov"
NETRC = (
    f"machine {HOST} login somebody password {SECRET}\n"
    f"machine dataspace.copernicus.eu login somebody@example.org password {SECRET}\n"
    f"# a comment\nmachine bank.example\n  login nobody\n  password {SECRET}\n"
)
TOKENS: dict[str, bytes] = {
    "empty": b"",
    "blank lines": b"\n\n \n",
    "a line break within": f"{SECRET}\n{SECRET}\n".encode(),
    "two words": f"Bearer {SECRET}".encode(),
    "a carriage return": f"{SECRET}\r{SECRET}".encode(),
    "a zero byte": f"{SECRET}\0".encode(),
    "an escape": f"\x1b[2J{SECRET}".encode(),
    "Latin-1": f"{SECRET}é".encode("latin-1"),
    "UTF-16": SECRET.encode("utf-16"),
    "letters of another script": f"{SECRET}é".encode(),
    "1 MB": SECRET.encode() * 100_000,
}
NETRCS: dict[str, bytes] = {
    "empty": b"",
    "another machine": b"machine bank.example login a password b\n",
    "no password": f"machine {HOST} login somebody\n".encode(),
    "no login": f"machine {HOST} password {SECRET}\n".encode(),
    "another word": f"machine {HOST} logn somebody {SECRET}\n".encode(),
    "an open quote": f'machine {HOST} login "somebody password {SECRET}\n'.encode(),
    "a macro without an end": b"macdef x\n" + SECRET.encode() * 1000,
    "Latin-1": NETRC.encode() + "é".encode("latin-1"),
    "UTF-16": NETRC.encode("utf-16"),
    "zero bytes": b"\0" * 100,
    "1 MB": NETRC.encode() * 10_000,
    "words": SECRET.encode(),
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "credentials"
    folder.mkdir()
    (folder / "folder").mkdir()
    pipe(folder / "pipe")
    places = {"no file": "absent", "a folder": "folder", "a pipe": "pipe", "/dev/zero": "/dev/zero"}
    for k, (name, content) in enumerate(TOKENS.items()):
        (folder / f"t{k}").write_bytes(content)
        yield f"token of a file: {name}", partial(login, f"file:{folder}/t{k}", HOST)
        if b"\0" not in content:
            yield f"token of a variable: {name}", partial(of_variable, content)
    for name, place in places.items():
        yield f"token: {name}", partial(login, f"file:{folder / place}", HOST)
        yield f"netrc: {name}", partial(of_netrc, folder / place)
    yield "token: no variable", partial(login, "env:SARSLIDE_NOT_SET", HOST)
    for k, (name, content) in enumerate(NETRCS.items()):
        (folder / f"n{k}").write_bytes(content)
        yield f"netrc: {name}", partial(of_netrc, folder / f"n{k}")
    for k, (name, content) in enumerate(changed(NETRC, 32, 2)):
        (folder / f"m{k}").write_bytes(content)
        yield f"mutation of a netrc: {name}?", partial(of_netrc, folder / f"m{k}")


def of_variable(content: bytes) -> Login:
    os.environb[b"SARSLIDE_HOSTILE"] = content
    try:
        return login("env:SARSLIDE_HOSTILE", HOST)
    finally:
        del os.environb[b"SARSLIDE_HOSTILE"]


def of_netrc(path: Path) -> Login:
    before = os.environ.get("NETRC")
    os.environ["NETRC"] = str(path)
    try:
        found = login("netrc", HOST)
    finally:
        os.environ.pop("NETRC") if before is None else os.environ.update(NETRC=before)
    assert SECRET not in repr(found)
    return found

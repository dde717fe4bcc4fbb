"""SHA-256 of files, each read once by a process."""

import hashlib
from pathlib import Path

FORMAT_VERSION = 1
_CHUNK = 1 << 20
_known: dict[str, tuple[tuple[int, ...], str]] = {}  # path -> state of the file, hash


def sha256(path: str | Path) -> str:
    """Hash of a file, or of the sorted (name, size) list of a folder.

    Parameters
    ----------
    path : str or Path
        File or folder.

    Returns
    -------
    str
        64 hex digits.
    """
    path = Path(path).absolute()
    if path.is_dir():
        names = sorted(member for member in path.rglob("*") if member.is_file() and not member.name.startswith("."))
        lines = [f"{member.relative_to(path)} {member.stat().st_size}\n" for member in names]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    stands = state(path)
    known, digest = _known.get(str(path), (None, ""))
    if known != stands:
        digest = _read(path)
        _known[str(path)] = (stands, digest)
    return digest


def remember(path: Path, digest: str) -> None:
    """Keep the hash of a file that was read a moment ago under another name.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        Its SHA-256.
    """
    path = path.absolute()
    _known[str(path)] = (state(path), digest)


def state(path: Path) -> tuple[int, ...]:
    """How a file stands; as long as that is the same, so is its content.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    tuple of int
        Number on disk, size, times of the last changes of content and entry, ns.
    """
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()

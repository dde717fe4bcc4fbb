"""`python .ci/free.py constraints.txt free.txt`: the free resolution is not older than ours.

A resolver that goes back to the first release of a package, as it once did for boto3, is found
here: the bounds of pyproject.toml then lack one.
"""

import sys
from pathlib import Path

from packaging.version import Version


def versions(path: str) -> dict[str, Version]:
    """Newest version of each package of a file of `uv pip compile`."""
    found: dict[str, Version] = {}
    for line in Path(path).read_text().splitlines():
        name, pinned, rest = line.partition("==")
        if pinned and not line.startswith((" ", "#")):
            version = Version(rest.split()[0])
            found[name] = max(version, found.get(name, version))
    return found


def main() -> None:
    ours, free = versions(sys.argv[1]), versions(sys.argv[2])
    older = [
        f"{name} {free[name]} < {ours[name]}" for name in sorted(ours.keys() & free.keys()) if free[name] < ours[name]
    ]
    if older:
        sys.exit("older without constraints: " + ", ".join(older))
    print(f"{len(free)} packages, none older than in {sys.argv[1]}")


if __name__ == "__main__":
    main()

"""Hostile and broken files of a reviewer."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sarslide.inventory import review, review_files
from tests.hostile.changed import changed
from tests.hostile.support import pipe

HEADER = "ls_id,action,comment,reviewer,date,wkt\n"
GOOD = HEADER + (
    "LS000001,accept,sure,me,2020-01-01,\n"
    'LS000002,edit,"moved, a little",me,2020-01-01,"POLYGON ((0 0, 0 30, 30 30, 30 0, 0 0))"\n'
    'LS000003,reject,snow,me,2020-01-02,"MULTIPOLYGON (((0 0, 0 30, 30 30, 30 0, 0 0)), ((60 0, 60 30, 90 30, 60 0)))"\n'
    "LS000004,accept,=HYPERLINK(1),me,2020-01-02,\n"
    "LS000005,reject,field work,you,2020-01-03,\n"
)
RING = ", ".join(f"{k % 300} {k // 300}" for k in range(30_000))
OUTLINES = {
    "no text": "",
    "words": "circle",
    "a point": "POINT (1 2)",
    "a line": "LINESTRING (0 0, 1 1)",
    "an open ring": "POLYGON ((0 0, 0 1, 1 1))",
    "an empty polygon": "POLYGON EMPTY",
    "crossing itself": "POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))",
    "infinite": "POLYGON ((0 0, 0 inf, inf inf, 0 0))",
    "not a number": "POLYGON ((0 0, 0 nan, 1 1, 0 0))",
    "beyond the Earth": "POLYGON ((0 0, 0 1e300, 1e300 1e300, 0 0))",
    "30,000 vertices": f"POLYGON (({RING}, 0 0))",
    "collections without an end": "GEOMETRYCOLLECTION (" * 40_000,
    "brackets without an end": "POLYGON " + "(" * 100_000,
    "half a polygon": "POLYGON ((0 0, 0",
    "a formula": '=cmd|"/c calc"!A1',
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "review"
    folder.mkdir()
    files: dict[str, bytes] = {
        "empty": b"",
        "another header": b"ls_id,verdict\nLS000001,accept\n",
        "another column": b"ls_id,action,url\nLS000001,accept,http://a\n",
        "semicolons": HEADER.replace(",", ";").encode() + b"LS000001;accept;;;;\n",
        "a short row": HEADER.encode() + b"LS000001\n",
        "a column twice": b"ls_id,action,action\nLS000001,accept,reject\n",
        "another action": HEADER.encode() + b"LS000001,remove,,,,\n",
        "an action of 1 MB": HEADER.encode() + b"LS000001," + b"x" * 1_000_000 + b",,,,\n",
        "an id of 1 MB": HEADER.encode() + b"x" * 1_000_000 + b",accept,,,,\n",
        "a comment of 1 MB": HEADER.encode() + b"LS000001,accept," + b"x" * 1_000_000 + b",,,\n",
        "a comment with an escape": HEADER.encode() + b"LS000001,accept,\x1b[2J,,,\n",
        "decided twice": HEADER.encode() + b"LS000001,accept,,,,\nLS000001,reject,,,,\n",
        "Latin-1": HEADER.encode() + "LS000001,accept,Größe,,,\n".encode("latin-1"),
        "UTF-16": GOOD.encode("utf-16"),
        "zero bytes": HEADER.encode() + b"\0" * 1000,
        "an open quote": HEADER.encode() + b'LS000001,accept,"',
        "a million rows": HEADER.encode() + b"".join(b"LS%06d,accept,,,,\n" % k for k in range(1_000_000)),
        "100,000 rows": HEADER.encode() + b"".join(b"LS%06d,accept,,,,\n" % k for k in range(100_000)),
    }
    for name, wkt in OUTLINES.items():
        cell = wkt.replace('"', '""')
        files[f"outline: {name}"] = f'{HEADER}LS000001,edit,,me,2020-01-01,"{cell}"\n'.encode()
    for k, (name, content) in enumerate(files.items()):
        path = folder / f"{k}.csv"
        path.write_bytes(content)
        yield name, partial(review_files.read_csv, path)
    for name, place in {
        "no file": folder / "absent.csv",
        "a folder": folder,
        "a pipe": pipe(folder / "pipe.csv"),
        "/dev/zero": Path("/dev/zero"),
    }.items():
        yield name, partial(review_files.read_csv, place)
    for k, (name, content) in enumerate(changed(GOOD, 32, 3)):
        path = folder / f"m{k}.csv"
        path.write_bytes(content)
        yield f"mutation: {name}?", partial(known, path)


def known(path: Path) -> dict[str, review.Decision]:
    """The decisions, of which each has an object."""
    decisions = review_files.read_csv(path)
    review.check_ids(decisions, [f"LS00000{k}" for k in range(1, 6)])
    return decisions

"""What goes wrong at archives, what the user then sees, and what is lost: nothing. `python -m tests.archive.faults` writes the
table into studies/records/operations.json, key "faults"; test_archive_faults holds it against what
happens.
"""

import argparse
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from sarslide.catalog import archive_update, coverage, scenes
from sarslide.errors import SarslideError
from sarslide.retrieve.access import Access
from sarslide.retrieve.granules import RequestedGranule, assemble, retrieve, span
from tests.archive.server import Archive, Fault, serving, write_netrc

PAGE = Path(__file__).parents[2] / "studies" / "records" / "operations.json"
EARLY = np.datetime64("2019-03-29", "us")  # the first date and its precise orbit are there, the second has no orbit yet
LATE = np.datetime64("2020-01-01", "us")
DATE = "20190306"


@dataclass(frozen=True)
class Case:
    """A fault. doing: search, burst, slc or orbit. where: of the paths that it is planted at. times: how often."""

    what: str
    doing: str
    kind: str
    where: str
    times: int = 1_000_000


SEARCH, BURST, CDN = "/search/", "^/burst/", "/cdn/"
ORBITS = "/bucket/|/listing/|/odata/"
CASES = (
    Case("429, too many requests, once", "search", "429", SEARCH, 1),
    Case("429, too many requests, lasting", "search", "429", SEARCH),
    Case("500, once", "search", "500", SEARCH, 1),
    Case("500, lasting", "search", "500", SEARCH),
    Case("no answer", "search", "timeout", SEARCH),
    Case("connection cut half-way", "search", "cut", SEARCH),
    Case("a web page instead of an answer", "search", "html", SEARCH),
    Case("a list that ends early", "search", "incomplete", SEARCH),
    Case("an empty list", "search", "empty", SEARCH),
    Case("every granule twice", "search", "duplicate", SEARCH),
    Case("401, the login refuses", "burst", "401", "^LOGIN /oauth/authorize"),
    Case("403, licence not accepted", "burst", "403", BURST),
    Case("404, the product is gone", "burst", "404", CDN),
    Case("429, too many requests, once", "burst", "429", CDN, 1),
    Case("429, too many requests, lasting", "burst", "429", CDN),
    Case("500, once", "burst", "500", CDN, 1),
    Case("500, lasting", "burst", "500", CDN),
    Case("no answer, once", "burst", "timeout", CDN, 1),
    Case("no answer, lasting", "burst", "timeout", CDN),
    Case("connection cut half-way, once", "burst", "cut", CDN, 1),
    Case("connection cut half-way, again and again", "burst", "cut", CDN),
    Case("a trickle", "burst", "drip", r"/cdn/.*tiff$"),
    Case("redirect to a login page", "burst", "login_page", BURST),
    Case("a web page instead of the file", "burst", "html", CDN),
    Case("a truncated file of the right length", "burst", "truncated", r"/cdn/.*tiff$"),
    Case("the clock is a day off, signed addresses are refused", "burst", "skew", CDN),
    Case("wrong checksum, once", "slc", "checksum", CDN, 1),
    Case("wrong checksum, lasting", "slc", "checksum", CDN),
    Case("truncated zip", "slc", "truncated", CDN),
    Case("a web page under the name of a zip", "slc", "html_as_zip", CDN),
    Case("connection cut half-way, once", "slc", "cut", CDN, 1),
    Case("the first source of orbits fails", "orbit", "500", "/bucket/"),
    Case("the first source sends a broken orbit", "burst", "checksum", "/bucket/AUX"),
    Case("all sources of orbits fail", "orbit", "500", ORBITS),
    Case("no orbit is listed", "orbit", "empty", ORBITS),
)


class Bench:
    """A region's folder, and what a user does in it."""

    def __init__(self, archive: Archive, folder: Path, region) -> None:
        self.archive, self.folder, self.region = archive, folder, region
        self.messages: list[str] = []

    @property
    def access(self) -> Access:
        return Access(**self.archive.access(timeout_s=0.5, tries=2))

    def update(self, product: str = "bursts") -> list[dict[str, str]]:
        search = archive_update.Search("asf", ("A128",), None, None, ("VV",), product, "precise")
        table = self.folder / "scenes.csv"
        news = archive_update.update(table, self.folder / "coverage.csv", self.region, search, self.access, None)
        rows = scenes.read(table)
        waiting = [day for day in coverage.days(rows, "precise") if day.state != "ready"]
        self.messages = [f"warning: dates wait for their orbits: {problem}" for problem in news.problems]
        self.messages += ["coverage.csv: " + waiting[0].state] if waiting and not self.messages else []
        return rows

    def retrieve(self, rows: list[dict[str, str]]) -> None:
        access, mine = self.access, [row for row in rows if row["date"] == DATE]
        wanted = [
            RequestedGranule(row["granule"], row["address"], int(row["bytes"] or 0), row["checksum"]) for row in mine
        ]
        files = retrieve(
            wanted, self.folder / "archive", lambda: access.session("asf"), 2, access.tries, access.pause_s
        )
        eof = access.orbits().fetch(mine[0]["orbit_file"], self.folder / "orbits", *span(mine))
        assemble(self.folder / "slc/A128" / DATE, [*files, eof])

    def kept(self) -> dict[str, bytes]:
        """Everything under a final name."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }

    def line(self, error: SarslideError | None) -> str:
        """What the user sees, addresses without their ports."""
        text = str(error) if error else " ".join(self.messages)
        text = re.sub(r"\b[0-9a-f]{32}\b", "...", text).replace("localhost/profile", "login/profile")
        text = re.sub(r"_[0-9A-F]{4}(?=/|\.zip|-BURST)", "_....", text)
        text = re.sub(r"has \d+ bytes, \d+ are", "has ... bytes, ... are", text)
        text = re.sub(
            r"http://(127.0.0.1|localhost):\d+",
            lambda m: f"https://{'login' if m[1] == 'localhost' else 'archive'}",
            text,
        )
        return text.replace(str(self.folder), "resources/region")


def run(case: Case, archive: Archive, folder: Path, region) -> dict[str, object]:
    """The fault met, and the same again without it: a row of the table. AssertionError where anything is lost."""
    bench = Bench(archive, folder, region)
    archive.faults, archive.skew_s, archive.now = [], 0.0, LATE
    if case.doing == "search":
        archive.now = EARLY
        before = bench.update()
        archive.now = LATE
        again = bench.update
    elif case.doing == "orbit":
        before = []
        again = bench.update
    else:
        rows = bench.update("slc" if case.doing == "slc" else "bursts")
        before = rows

        def again() -> None:
            bench.retrieve(rows)

    kept = bench.kept()
    archive.faults = [Fault(case.kind, case.where, case.times)]
    archive.skew_s = 86400.0 if case.kind == "skew" else 0.0
    error = None
    bench.messages = []
    try:
        again()
    except SarslideError as met:
        error = met
    seen = bench.line(error)
    found = bench.kept()
    assert all(found.get(name) == content or name in ("scenes.csv", "coverage.csv") for name, content in kept.items())
    if error:
        assert found.get("scenes.csv") == kept.get("scenes.csv") and "\n" not in str(error)
    archive.faults, archive.skew_s = [], 0.0
    archive.requests.clear()
    again()
    rows = scenes.read(folder / "scenes.csv")
    names = [row["granule"] for row in rows]
    assert [row["granule"] for row in before] == names[: len(before)] and len(set(names)) == len(names)
    if case.doing in ("search", "orbit"):
        assert all(row["orbit_file"] for row in rows) and {row["date"] for row in rows} == {DATE, "20190318"}
    else:
        assert (folder / "slc/A128" / DATE).is_dir()
    assert not list(folder.rglob("*.part")) and not list(folder.rglob(".*.part"))
    continued = sum("Range" in headers for _, _, headers in archive.requests)
    return {
        "doing": case.doing,
        "fault": case.what,
        "code": (re.findall(r"E\d{4}", seen) or [""])[0],
        "user_sees": seen or "nothing; the log has what was tried again",
        "lost": "nothing",
        "then": "the next run is complete" + (", it continues where the connection broke" if continued else ""),
    }


def table(archive: Archive, region, folder: Path) -> list[dict[str, object]]:
    """The rows of all cases."""
    rows = []
    for number, case in enumerate(CASES):
        (folder / str(number)).mkdir()
        rows.append(run(case, archive, folder / str(number), region))
    return rows


def main() -> None:
    """Write the table."""
    argparse.ArgumentParser(prog="python -m tests.archive.faults", description=__doc__).parse_args()
    from tests.archive.conftest import DATES, REGION
    from tests.support.point_targets import simulate_point_targets

    folder = Path(tempfile.mkdtemp())
    try:
        with serving() as archive, mock.patch.dict("os.environ", NETRC=str(folder / "netrc")):
            write_netrc(folder / "netrc", archive)
            for date in DATES:
                at = np.array([99.19]), np.array([29.0]), np.array([3000.0])
                simulate_point_targets(folder / "A128" / date, "A128", date, *at, samples=64)
                archive.publish(folder / "A128" / date)
            (folder / "runs").mkdir()
            rows = table(archive, REGION, folder / "runs")
    finally:
        shutil.rmtree(folder)
    content = json.loads(PAGE.read_text()) if PAGE.is_file() else {}
    PAGE.write_text(json.dumps(content | {"faults": rows}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

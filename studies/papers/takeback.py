"""Take each item of the papers back, one at a time, and require that its test fails.

    python -m studies.papers.takeback                      all items
    python -m studies.papers.takeback --only A03 B21       these; what is known of others stays
    python -m studies.papers.takeback --jobs 2             two at a time

Every worker has a copy of the last commit in a temporary folder; there the line of an item is
replaced (`studies.papers.items`), its test is run, and the line is put back. Before that all tests
run on the unchanged copy; one that fails there counts for nothing.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from sarslide.io.sidecar import write_json
from studies.papers import put, row
from studies.papers.items import REPOSITORY, Item, items

FAILED = 1  # exit code of pytest: tests ran, and some failed; others are no answer
LONGEST_S = 600
RECORD = REPOSITORY / "studies/records/takeback.json"


def copied(folder: Path) -> Path:
    """The files of the last commit in a folder of their own."""
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=REPOSITORY, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def pytest(copy: Path, nodes: Sequence[str]) -> tuple[int, str]:
    """Exit code and output of pytest on nodes, with the packages of a copy."""
    environment = {
        "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *nodes],
        cwd=copy,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_S * max(1, len(nodes) // 10),
    )
    return run.returncode, run.stdout.strip() or run.stderr.strip()


def taken_back(copy: Path, item: Item) -> tuple[bool, str]:
    """Whether the test of an item fails in a copy without its line, and pytest's last line."""
    path = copy / item.file
    text = path.read_text()
    if text.count(item.line) != 1:
        return False, f"the line stands {text.count(item.line)} times in {item.file}"
    path.write_text(text.replace(item.line, item.instead))
    try:
        code, output = pytest(copy, [item.test])
    finally:
        path.write_text(text)
    return code == FAILED, output.splitlines()[-1]


def unchanged(copy: Path, wanted: dict[str, Item]) -> set[str]:
    """The tests that fail, or do not exist, in a copy without a change."""
    nodes = sorted({item.test for item in wanted.values()})
    code, output = pytest(copy, nodes)
    if code not in (0, FAILED):
        return {node for node in nodes if pytest(copy, [node])[0]}
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, flags=re.M)
    return {node for node in nodes if any(one == node or one.startswith(f"{node}[") for one in failed)}


def run(wanted: dict[str, Item], jobs: int) -> dict[str, tuple[bool, str]]:
    """For each item whether its test fails without its line, and what pytest printed last."""
    with tempfile.TemporaryDirectory() as place:
        copies: SimpleQueue[Path] = SimpleQueue()
        lock = Lock()
        for number in range(jobs):
            copies.put(copied(Path(place) / str(number)))
        first = copies.get()
        broken = unchanged(first, wanted)
        copies.put(first)

        def one(key: str) -> tuple[bool, str]:
            copy = copies.get()
            try:
                failing = wanted[key].test in broken
                answer = (False, "fails as it is") if failing else taken_back(copy, wanted[key])
            finally:
                copies.put(copy)
            with lock:
                remembered({key: answer})
            print(key, "fails as it must" if answer[0] else "DOES NOT FAIL", answer[1], sep="  ", flush=True)
            return answer

        with ThreadPoolExecutor(jobs) as pool:
            return dict(zip(wanted, pool.map(one, wanted), strict=True))


def remembered(found: dict[str, tuple[bool, str]]) -> dict[str, bool]:
    """For each item whether its test failed, with what earlier runs found of unchanged rows."""
    held = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    held |= {key: {"row": digest(items()[key]), "fails": fails} for key, (fails, _) in found.items()}
    known = {key: held[key] for key, item in items().items() if held.get(key, {}).get("row") == digest(item)}
    write_json(RECORD, known)
    return {key: bool(one["fails"]) for key, one in known.items()}


def digest(item: Item) -> str:
    """What was taken back, and the test, in short."""
    return hashlib.sha256("\n".join((item.file, item.line, item.instead, item.test)).encode()).hexdigest()[:12]


def rows(fails: dict[str, bool]) -> list[dict]:
    """Rows of the record, one for each theme."""
    themes: dict[str, list[str]] = {}
    for key in items():
        themes.setdefault(key[0], []).append(key)
    return [
        row(
            f"items {theme}, each taken back: tests that fail",
            f"{sum(fails.get(key, False) for key in keys)} of {len(keys)}"
            + "".join(f", not {key}" for key in keys if not fails.get(key, False)),
            "python -m studies.papers.takeback",
            goal=f"{len(keys)} of {len(keys)}",
            met=all(fails.get(key, False) for key in keys),
        )
        for theme, keys in themes.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="ID", choices=items(), help="these items")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    arguments = parser.parse_args()
    wanted = {key: item for key, item in items().items() if key in (arguments.only or items())}
    found = run(wanted, arguments.jobs)
    put(rows(remembered(found)))
    raise SystemExit(not all(fails for fails, _ in found.values()))


if __name__ == "__main__":
    main()

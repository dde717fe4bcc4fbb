"""Hostile and broken inputs through every reader, each in a process of its own.

    python -m studies.trust.hostile
    python -m studies.trust.hostile safe orbit      these readers only

The mutations of real files need SARSLIDE_REAL_DATA. The inputs are those of
tests/hostile/*_cases.py. Each must end in one coded line; one whose name ends in "?" may be read
instead, where the change is harmless. CPU seconds and peak memory are those of the process; where
`strace` is there, every file that it opens and every address that it connects to are looked at:
nothing outside the folder of the input and of the installation may be read. Writes rows of
studies/records/trust.json.
"""

import argparse
import importlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sarslide.errors import SarslideError
from sarslide.io.bounded import parsed_json
from studies.structure.records import REPOSITORY
from studies.trust import put, row

COMMAND = "python -m studies.trust.hostile"
CASES = REPOSITORY / "tests" / "hostile"
MAX_CPU_S, MAX_MB, MIN_MUTATIONS = 10, 1024, 15
MUTATION = re.compile(
    r"\b(flipped|cut|line_lost|line_doubled|number|swapped|widened|extreme|double|zeroed|doubled|removed) \d+\??$"
)
OPENED = re.compile(r'open(?:at)?\([^"]*"([^"]+)", ([A-Z_|]+).* = \d+$')
CONNECTED = re.compile(r"connect\(.*sa_family=AF_INET6?, .*\)")
ALLOWED = (
    "/var/tmp/etilqs_",  # of SQLite itself
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/usr",
    "/lib",
    "/root/.pyenv",
    str(REPOSITORY),
    sys.prefix,
    sys.base_prefix,
)


@dataclass(frozen=True)
class Outcome:
    """What became of an input."""

    name: str
    result: str  # coded, read, or what went wrong
    cpu_s: float
    memory_mb: float
    line: str = ""

    @property
    def good(self) -> bool:
        right = self.result == "coded" or (self.result == "read" and self.name.endswith("?"))
        return right and self.cpu_s < MAX_CPU_S and self.memory_mb < MAX_MB


def is_mutation(one: Outcome) -> bool:
    return bool(MUTATION.search(one.name))


def in_child(name: str, read: Callable[[], object]) -> Outcome:
    """Read an input in a child process."""
    answer, question = os.pipe()
    child = os.fork()
    if not child:
        os.close(answer)
        sys.stdout.flush()
        try:
            read()
            text = "read"
        except SarslideError as error:
            one = re.fullmatch(r"E\d{4} [^\n]+; cure: [^\n]+", str(error))
            text = f"coded {error}" if one else f"not one coded line: {str(error)!r}"
        except BaseException as error:
            text = f"uncoded {type(error).__name__}: {error} at {traceback.extract_tb(error.__traceback__)[-1]}"
        os.write(question, text.encode(errors="replace")[:4000])
        os._exit(0)
    os.close(question)
    with os.fdopen(answer, "rb") as stream:
        text = stream.read().decode(errors="replace")
    _, status, used = os.wait4(child, 0)
    if status:
        text = f"ended with status {status}"
    result, _, line = text.partition(" ")
    plain = result in ("coded", "read")
    return Outcome(
        name, result if plain else text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, line if plain else ""
    )


def all_of(reader: str, folder: Path) -> list[Outcome]:
    """Every input of a reader."""
    module = importlib.import_module(f"tests.hostile.{reader}_cases")
    # An address space that a bomb cannot take the machine with.
    resource.setrlimit(resource.RLIMIT_AS, (24 << 30,) * 2)
    found = []
    for name, read in module.cases(folder):
        found.append(in_child(name, read))
        if not found[-1].good:
            print(f"{reader}: {name}: {found[-1]}", flush=True)
    return found


def traced(reader: str, folder: Path) -> tuple[list[Outcome], list[str]]:
    """The same in a process of its own under strace, where there is one; and what was outside."""
    out, trace = folder / "outcomes.json", folder / "trace.txt"
    command = [sys.executable, "-m", "studies.trust.hostile", "--one", reader, "--folder", str(folder)]
    if strace := shutil.which("strace"):
        command = [strace, "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,connect", "-o", str(trace), *command]
    subprocess.run(command, check=True, cwd=REPOSITORY)
    outcomes = [Outcome(**one) for one in parsed_json(out.read_bytes(), out, SarslideError)]
    return outcomes, outside(trace, folder) if strace else []


def outside(trace: Path, folder: Path) -> list[str]:
    """Files outside the allowed folders that were opened, and addresses connected to."""
    real = os.environ.get("SARSLIDE_REAL_DATA", "")
    allowed = (*ALLOWED, str(folder), tempfile.gettempdir(), *([os.path.abspath(real)] if real else []))
    found = set()
    for line in trace.read_text(errors="replace").splitlines():
        if CONNECTED.search(line):
            found.add(line.partition(" ")[2])
        elif (match := OPENED.search(line)) and match[1].startswith("/") and not match[1].startswith(allowed):
            found.add(match[1])
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        import json

        outcomes = all_of(chosen.one, chosen.folder)
        (chosen.folder / "outcomes.json").write_text(json.dumps([asdict(one) for one in outcomes]))
        return
    readers = chosen.readers or sorted(path.stem.removesuffix("_cases") for path in CASES.glob("*_cases.py"))
    found, beyond = {}, {}
    for reader in readers:
        with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
            found[reader], beyond[reader] = traced(reader, Path(folder).resolve())
        mutations = sum(map(is_mutation, found[reader]))
        good = sum(one.good for one in found[reader])
        print(
            f"{reader}: {good} of {len(found[reader])} good, {mutations} mutations, outside: {beyond[reader]}",
            flush=True,
        )
    if not chosen.readers:
        put(rows(found, beyond))


def rows(found: dict[str, list[Outcome]], beyond: dict[str, list[str]]) -> list[dict]:
    """Of all readers."""
    every = [one for outcomes in found.values() for one in outcomes]
    good, coded = sum(one.good for one in every), sum(one.result == "coded" for one in every)
    mutations = {reader: sum(map(is_mutation, outcomes)) for reader, outcomes in found.items()}
    enough = sum(mutations.values()) >= 150 and all(count >= MIN_MUTATIONS for count in mutations.values() if count)
    away = sum(map(len, beyond.values()))
    counts = ", ".join(f"{reader} {len(outcomes)}" for reader, outcomes in found.items())
    shown = f"{coded} of {len(every)}, {good - coded} others are harmless and read right"
    cpu_s, memory_mb = max(one.cpu_s for one in every), max(one.memory_mb for one in every)
    what = "hostile and broken inputs"
    return [
        row(f"{what}: one coded line each", shown, COMMAND, ">= 300, none else", good == len(every) and coded >= 300),
        row(f"{what}, by reader", counts, COMMAND),
        row(f"{what}: seeded mutations of files", sum(mutations.values()), COMMAND, ">= 150, 15 a reader", enough),
        row(f"{what}: most CPU s of one", round(cpu_s, 2), COMMAND, f"< {MAX_CPU_S}", cpu_s < MAX_CPU_S),
        row(f"{what}: most memory of one, MB", round(memory_mb), COMMAND, f"< {MAX_MB}", memory_mb < MAX_MB),
        row(f"{what}: files opened elsewhere, addresses connected to", away, COMMAND, "0", away == 0),
    ]


if __name__ == "__main__":
    main()

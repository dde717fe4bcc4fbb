"""One flipped byte in each kind of intermediate: found by `sarslide verify`, and by the run that
reads it.

    python -m studies.trust.flips --folder FOLDER

FOLDER is the working folder of a finished small demo, which is copied. Of every rule one output of
each kind is damaged in its middle, its time kept; `verify` looks for it, and a job that would read
it. Then three are damaged at once, and `verify --repair` makes them again. Writes rows of
studies/records/trust.json.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from sarslide.workflow import checksums, verify
from studies.trust import put, row

COMMAND = "python -m studies.trust.flips --folder FOLDER"
REGION = "demo_small"


def flip(path: Path) -> None:
    """Change one bit of the byte in the middle of a file; its time stays."""
    state = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def kinds(folder: Path) -> dict[str, list[checksums.Record]]:
    """Records of the outputs by kind: rule and suffix."""
    found: dict[str, list[checksums.Record]] = {}
    for place in verify.records(folder, REGION):
        record = checksums.read(place)
        found.setdefault(f"{record.rule} {Path(record.path).suffix or 'folder'}", []).append(record)
    return found


def file_of(folder: Path, record: checksums.Record) -> Path:
    """The file of an output that is damaged: of a folder its largest."""
    if record.kind == "file":
        return folder / record.path
    largest = max(record.files, key=lambda name: record.files[name].bytes)
    return folder / record.path / largest


def sarslide(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of sarslide in a folder."""
    command = [sys.executable, "-m", "sarslide", *words, "--directory", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="working folder of a finished small demo")
    chosen = parser.parse_args()
    copy = chosen.folder.with_name(f"{chosen.folder.name}-damaged")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(chosen.folder, copy, symlinks=True)
    found, read = 0, 0
    all_kinds = kinds(copy)
    for kind, records in all_kinds.items():
        record = records[0]
        file = file_of(copy, record)
        whole = file.read_bytes()
        flip(file)
        done = sarslide(copy, "verify", REGION)
        seen = done.returncode == 70 and record.path in done.stdout
        # What a job compares that reads it.
        here = Path.cwd()
        os.chdir(copy)
        try:
            checksums.check_inputs([record.path])
            stopped = False
        except checksums.DamageError:
            stopped = True
            os.replace(checksums.aside_of(Path(record.path)), record.path)
        finally:
            os.chdir(here)
        found, read = found + seen, read + stopped
        print(
            f"{kind}: verify {'finds' if seen else 'MISSES'} it, a job {'stops' if stopped else 'reads it'}", flush=True
        )
        state = file.stat()
        file.write_bytes(whole)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    count = len(all_kinds)
    put(
        [
            row(
                "flipped byte, one in each kind of output: found by `verify`",
                f"{found} of {count}",
                COMMAND,
                "all",
                found == count,
            ),
            row("flipped byte, one in each kind of output: stops the job that reads it", f"{read} of {count}", COMMAND),
            *repaired(copy, all_kinds),
        ]
    )


def repaired(folder: Path, all_kinds: dict[str, list[checksums.Record]]) -> list[dict]:
    """Damage of three kinds at once, then --repair; nothing else is made again."""
    for kind in ("geocode_slc .tif", "unwrap .tif", "stack_rates .tif"):
        flip(file_of(folder, all_kinds[kind][-1]))
    done = sarslide(folder, "verify", REGION, "--repair", "--cores", "2")
    plan = sarslide(folder, "plan", REGION)
    began = time.process_time()
    whole = not verify.verify(folder, REGION).damaged
    cpu_s = round(time.process_time() - began, 2)
    good = done.returncode == 0 and whole and "othing to be done" in plan.stdout + plan.stderr
    what = "three damaged outputs, `verify --repair`: all whole again, nothing else to be made"
    return [
        row(what, str(good), COMMAND, "True", good),
        row("`sarslide verify` of the small demo: CPU s", cpu_s, COMMAND),
    ]


if __name__ == "__main__":
    main()

"""The tutorial is run as it stands: every block of commands or Python, in order, in one folder.

A ```text block below the mark `<!-- printed -->` holds what the block before it printed;
`<!-- printed from "FIRST" to "LAST" -->` keeps the lines from the one that begins with FIRST to the
one that begins with LAST.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from studies.docs.finished import REPOSITORY, SMALL, Finished

PAGE = REPOSITORY / "docs/tutorial.md"
FENCED = re.compile(r"^```(?P<kind>\w*)\n(?P<code>.*?)^```$", flags=re.S | re.M)
RUN = ("", "python")
PRINTED = re.compile(
    r'(?P<mark><!-- printed(?: from "(?P<first>[^"]+)" to "(?P<last>[^"]+)")? -->\n```text\n)(?P<text>.*?)(?P<end>^```$)',
    flags=re.S | re.M,
)
NAMED = re.compile(rf"`((?:results|resources)/{SMALL}/[^`]+)`")


def refreshed(page: str, folder: Path) -> str:
    """Run the blocks of a page in a folder, and put what they print below their marks.

    RuntimeError where a block fails.
    """
    parts, end = [], 0
    blocks = [block for block in FENCED.finditer(page) if block["kind"] in RUN]
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        output = _run(block["code"], folder, python=block["kind"] == "python")
        upto = following.start() if following else len(page)
        parts.append(page[end : block.end()])
        between = page[block.end() : upto]
        parts.append(PRINTED.sub(partial(_refill, output), between))
        end = upto
    return "".join(parts)


def missing_outputs(page: str, folder: Path) -> list[str]:
    """Files of the region that the page names and a folder lacks; {release} is any name."""
    return [name for name in NAMED.findall(page) if not list(folder.glob(re.sub(r"\{\w+\}", "*", name)))]


def copy_of(region: Finished, folder: Path) -> Finished:
    """The region in another working folder, with its times: nothing of it has to run again."""
    for name in ("results", "resources", "logs", ".snakemake"):
        shutil.copytree(region.folder / name, folder / name, symlinks=True)
    return Finished(folder, region.name)


def _run(code: str, folder: Path, *, python: bool) -> str:
    """What a block prints on standard output."""
    command = [sys.executable, "-c", code] if python else ["bash", "-ec", code]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"the tutorial's block fails:\n{code}\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}")
    return run.stdout


def _refill(output: str, found: re.Match[str]) -> str:
    """A marked block with the lines that its mark keeps."""
    lines = output.strip("\n").splitlines()
    if found["first"]:
        first = next(k for k, line in enumerate(lines) if line.startswith(found["first"]))
        last = next(k for k in range(first, len(lines)) if lines[k].startswith(found["last"]))
        lines = lines[first : last + 1]
    return found["mark"] + "".join(f"{line.rstrip()}\n" for line in lines) + found["end"]

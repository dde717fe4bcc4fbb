"""Compare every output of a region with its recorded hash, and make damaged ones again."""

import math
import os
import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from sarslide.errors import DamageError, SarslideError
from sarslide.inventory import records as release_records
from sarslide.io.fence import PLACES, remove
from sarslide.workflow import checksums
from sarslide.workflow.checksums import Record

SAMPLE = 0.1  # share of the files above SMALL whose hash `--fast` compares
RECENT_S = 120  # before an interruption; disks write within half a minute what they were given
SMALL = 64 << 10  # bytes; smaller files are compared in any case


@dataclass
class Findings:
    """What a comparison has found.

    Attributes
    ----------
    checked : int
        Files whose size was compared.
    hashed : int
        Of them, those whose hash was compared.
    missing : list of str
        Outputs that are gone; a run makes those again that it needs.
    damaged : dict of str to str
        Outputs that are not what was written, with the difference.
    releases : dict of str to str
        Releases that are not what was published, with the coded line.
    """

    checked: int = 0
    hashed: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    releases: dict[str, str] = field(default_factory=dict)


def verify(folder: Path, region: str, fast: bool = False, seed: int = 0) -> Findings:
    """Compare the outputs of a region, and its releases, with their recorded hashes.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.
    fast : bool, default False
        Whether only the sizes of all files and the hashes of a sample are compared.
    seed : int, default 0
        Of the sample.

    Returns
    -------
    Findings
        What is missing or damaged.
    """
    found, draw = Findings(), random.Random(seed)
    for place in tqdm(list(records(folder, region)), desc="verify", unit="file", disable=None):
        path = path_of(folder, place)
        if not (folder / path).exists():
            found.missing.append(path)
            continue
        limit = SMALL if fast and draw.random() > SAMPLE else math.inf
        if problem := checksums.damage(place, folder / path, limit):
            found.damaged[path] = problem
        with suppress(DamageError):
            files = checksums.read(place).files.values()
            found.checked += len(files)
            found.hashed += sum(member.bytes <= limit for member in files)
    releases = folder / "results" / region / "inventory" / "releases"
    for one in release_records.folders(releases):
        try:
            release_records.check(one)
        except SarslideError as error:
            found.releases[one.name] = str(error)
    return found


def records(folder: Path, region: str) -> Iterator[Path]:
    """Records of the outputs of a region.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.

    Yields
    ------
    Path
        Each record, in the order of paths.
    """
    for top in ("resources", "results"):
        yield from sorted((folder / top / region / checksums.FOLDER).rglob("*.json"))


def path_of(folder: Path, place: Path) -> str:
    """The output of a record.

    Parameters
    ----------
    folder : Path
        Working folder.
    place : Path
        The record.

    Returns
    -------
    str
        Relative to the working folder.
    """
    top, region, _, *rest = place.relative_to(folder).parts
    return Path(top, region, *rest).with_suffix("").as_posix()


def set_recent_aside(folder: Path) -> list[DamageError]:
    """Set aside what a power loss has damaged: outputs of the last minutes before an interruption.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of DamageError
        One for each output.
    """
    places = [place for top in PLACES for place in (folder / top).glob(f"*/{checksums.FOLDER}/**/*.json")]
    newest = max((place.stat().st_mtime for place in places), default=0)
    found = []
    for place in places:
        path = path_of(folder, place)
        if place.stat().st_mtime < newest - RECENT_S or not (folder / path).exists():
            continue
        if problem := checksums.damage(place, folder / path):
            set_aside(folder, [path])
            found.append(DamageError(f"{path}: {problem}; it is set aside", "none is needed: it is made again"))
    return found


def times(folder: Path, region: str) -> dict[str, tuple[Record, int]]:
    """Record, and time of the last change by a job, of every output that is there.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.

    Returns
    -------
    dict
        By path of the output: its record, and its time in ns.
    """
    found = {}
    for place in records(folder, region):
        with suppress(DamageError, FileNotFoundError):
            expected = checksums.read(place)
            # The record came after the output: what has changed since was no job.
            path = folder / expected.path
            found[expected.path] = expected, min(path.stat().st_mtime_ns, place.stat().st_mtime_ns)
    return found


def set_aside(folder: Path, damaged: Iterable[str]) -> None:
    """Give damaged outputs other names, and forget their records.

    Parameters
    ----------
    folder : Path
        Working folder.
    damaged : iterable of str
        Paths of the outputs.
    """
    for path in damaged:
        (folder / checksums.record_of(path)).unlink(missing_ok=True)
        if (folder / path).exists():
            checksums.set_aside(folder / path)


def restore_times(folder: Path, before: dict[str, tuple[Record, int]]) -> list[str]:
    """Give outputs that were made again with the same content their times back, so that nothing
    that was made from them is made again; remove what was set aside for them.

    Parameters
    ----------
    folder : Path
        Working folder.
    before : dict
        As of `times`, from before.

    Returns
    -------
    list of str
        Outputs that were made again with other content.
    """
    other = []
    for path, (expected, changed_ns) in before.items():
        made = folder / path
        if not made.exists() or made.stat().st_mtime_ns == changed_ns:
            continue
        if checksums.members(made) != expected.files:
            other.append(path)
            continue
        os.utime(made, ns=(changed_ns, changed_ns))
        remove(checksums.aside_of(made))
    return other


def report(found: Findings) -> str:
    """What was found, in lines.

    Parameters
    ----------
    found : Findings
        Of `verify`.

    Returns
    -------
    str
        One line for each damaged output and release, and a summary.
    """
    lines = [f"damaged: {path}: {problem}" for path, problem in found.damaged.items()]
    lines += [f"damaged: release {name}: {line}" for name, line in found.releases.items()]
    counted = f"{found.checked} files compared, {found.hashed} of them by their hash"
    missing = f", {len(found.missing)} outputs are gone" if found.missing else ""
    return "\n".join([*lines, f"{counted}: {len(found.damaged) + len(found.releases)} damaged{missing}"])

"""The texts of a checkout that people wrote, and what is looked for in them."""

import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "rules", "workflow_scripts", "studies", "benchmarks", "tests", "docs", "profiles", "envs")
SUFFIXES = {".py", ".smk", ".yaml", ".yml", ".md", ".toml", ".json", ".html", ".css"}
MADE = ("studies/records", "src/sarslide/report/assets")  # records and vendored code
# One letter and two digits as a word of its own: no track (A128), error code (E1001) or tile (T48RTR).
ID = re.compile(r"(?<![\w-])[A-J]\d{2}(?![\w-])")
NO_IDS = {"H22", "F16", "F32", "F64", "I32", "I64"}  # a paper; types of safetensors
# Working papers of the development, which are not part of the repository.
ABSENT = re.compile(
    r"\bDESIGN\b|\b(facts|audit|mission|redesign)\.md\b|\b[Ff]acts [A-I]\b|\bredesign\b"
    r"|\b[Tt]he issue\b|\bmission [A-J]\d"
)
ROW = re.compile(r"^\| ([A-J]\d{2}) \|", flags=re.M)  # of docs/papers.md


def texts(checkout: Path = REPOSITORY) -> Iterator[tuple[Path, str]]:
    """Path below the checkout and content of each."""
    files = [path for folder in FOLDERS for path in sorted((checkout / folder).rglob("*"))]
    for path in [*sorted(checkout.glob("*")), *files]:
        hidden = any(path.is_relative_to(checkout / folder) for folder in MADE)
        if path.is_file() and not hidden and (path.suffix in SUFFIXES or path.name in ("Snakefile", "Makefile")):
            yield path.relative_to(checkout), path.read_text()

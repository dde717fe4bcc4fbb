"""The texts of the repository that people wrote."""

from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "rules", "workflow_scripts", "studies", "tests", "docs", "profiles", "envs")
SUFFIXES = {".py", ".smk", ".yaml", ".yml", ".md", ".toml", ".json", ".html", ".css"}
MADE = (REPOSITORY / "studies/records", REPOSITORY / "src/sarslide/report/assets")  # records and vendored code


def texts() -> Iterator[tuple[Path, str]]:
    """Path below the repository and content of each."""
    files = [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*"))]
    for path in [*sorted(REPOSITORY.glob("*")), *files]:
        hidden = any(path.is_relative_to(folder) for folder in MADE)
        if path.is_file() and not hidden and (path.suffix in SUFFIXES or path.name in ("Snakefile", "Makefile")):
            yield path.relative_to(REPOSITORY), path.read_text()

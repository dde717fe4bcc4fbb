"""The commands of README.md and docs/*.md: those of code blocks for a shell, cron or systemd, and those of inline code."""

import re
from pathlib import Path

from tests.workflow.conftest import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "profiles/README.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.S | re.M)
OF_COMMANDS = ("", "sh", "bash", "console", "cron", "ini")
OURS = ("snakemake", "make", "python")
CRON = re.compile(r"^(?:[\d*/,-]+ ){5}|^@\w+ ")


def commands(page: Path) -> list[str]:
    """Command lines of a page, without comments, prompts, times and the interpreter's folder."""
    text = page.read_text()
    lines = [line for kind, block in BLOCK.findall(text) if kind in OF_COMMANDS for line in _lines(kind, block)]
    inline = re.findall(rf"`((?:{'|'.join(OURS)}) [^`\n]+)`", BLOCK.sub("", text))
    parts = [part.strip() for line in lines + inline for part in re.sub(r"\s{2,}#.*", "", line).split("&&")]
    return sorted({re.sub(r"^\S*\.venv/bin/", "", part) for part in parts if part})


def _lines(kind: str, block: str) -> list[str]:
    lines = block.replace("\\\n", " ").splitlines()
    if kind == "ini":
        return [line.partition("=")[2] for line in lines if line.startswith("ExecStart=")]
    if kind == "console":
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [CRON.sub("", line) for line in lines if not line.startswith("#")]


def documented() -> list[str]:
    """All commands, each once."""
    return sorted({command for page in PAGES for command in commands(page)})


def elided(command: str) -> bool:
    """Whether it is the pattern of commands: with a placeholder or an ellipsis."""
    return bool(re.search(r"<\w+>|\{\w+\}|\.\.\.", command))

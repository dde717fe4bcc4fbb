"""The commands of README.md, CONTRIBUTING.md and docs/: in code blocks for a shell, cron or systemd, and inline."""

import re
from pathlib import Path

from tests.workflow.conftest import REPOSITORY

FIRST = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "profiles/README.md")]
MADE = {REPOSITORY / "docs/reference/command.md"}  # of the help of `sarslide`: tests/cli
MADE |= set((REPOSITORY / "docs/notebooks").glob("*.md"))  # of notebooks: tests/docs/test_notebooks.py
PAGES = [path for path in (*FIRST, *sorted((REPOSITORY / "docs").rglob("*.md"))) if path.is_file() and path not in MADE]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.S | re.M)
OF_COMMANDS = ("", "sh", "bash", "console", "cron", "ini")
OURS = ("sarslide", "snakemake", "make", "python")
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
    return bool(re.search(r"<\w+>|\{\w+\}|\.\.\.|/NAME\b|'NAME'", command))


# Commands that `make test-full` does not run as they stand, with the reason.
HOURS = "hours, finished runs or other processors; studies/records/validation.json has what they measured"
NOT_RUN = {
    r"\$EDITOR|mkdir|cd |systemctl|crontab|scrontab|export|source": "of the shell",
    r"make (demo|resume|check|lint|types|format|docs|test)": "the tests themselves; the workflow behind: test_demo, test_reruns",
    r"snakemake --cores 4 --config region=mexico_city": "test_mexico_city, with the real data",
    r"snakemake (train|benchmark)": "hours; tests/training and tests/studies run their scripts on small worlds",
    r".*--(workflow-)?profile": "needs the cluster: make test-slurm",
    r".*(--conda-create-envs-only|--sdm|--software-deployment-method)": "needs conda or containers",
    r".*--default-storage": "needs an object store: tests/remote",
    r"snakemake --cores 16 --use-conda --rerun-incomplete": "the demo: test_demo",
    r"snakemake (--unlock|coco_export)": "test_reruns; tests/dataset",
    r"python -m studies\.(demo|docs|insar|recipes|closure|networks|inference)": HOURS,
    r"python -m studies\.(region_set|sbas|paper_regions)": HOURS,
    r"python -m studies.replay": "hours; test_scheduled_replay runs a small one",
    r"(info|view|tsview).py": "looks at a run of MintPy",
    r"(\w+=\S+ )?sarslide score (myregion|california)": "needs an inventory of others: tests/evaluate, tests/preflight",
    r"sarslide merge": "needs several regions: tests/publish/test_joined",
    r"sarslide new": "tests/config/test_new_region; the region of these tests has another grid",
    r"sarslide (demo|train|resume|clean|migrate)": "as make demo and snakemake train; tests/cli",
    r"sarslide (doctor|config|summary|coco|--install-completion)": "tests/cli",
    r"sarslide update zhouqu": "asks an archive; tests/archive",
    r"sarslide schedule .*curl": "sends to another machine; test_scheduled runs hooks",
    r"python -m tests\.": "tests/archive/test_archive_faults runs every row; tests/remote",
    r"python -m (sarslide.layer_tables|studies.registry_tables|sarslide.config --fix)": "rewrite files; tests hold these in step",
    r"snakemake (preflight|update_catalog)$": "named in a sentence; with cores and a region they are run",
    r"python -m sarslide.catalog.planned$": "a module that is named; with its options it is run",
    r"sarslide( (schedule|run|plan|update|preflight|new|score|series|report))?$": "named in a sentence",
    r"(python -m venv|pip|uv|conda|mamba|git|curl|aws)\b": "changes the machine",
    r"(docker|podman|apptainer|sudo|sbatch|srun|sinfo|squeue)\b": "needs the machine",
}


def left_out(command: str) -> str:
    """Why a command is not run by the full tests; empty for one that is."""
    return next((reason for pattern, reason in NOT_RUN.items() if re.match(pattern, command)), "")

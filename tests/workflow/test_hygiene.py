"""One word finds a rule's script, log, benchmark and fingerprint; scripts start fast; environments cover their imports."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import environments
from tests.support.environments import REPOSITORY, RULES

SCRIPTS = sorted((REPOSITORY / "workflow_scripts").glob("*.py"))


@pytest.mark.parametrize("word", sorted(RULES))
def test_one_word_finds_everything(word):
    block = RULES[word]
    assert f"workflow_scripts/{word}.py" in block
    assert (REPOSITORY / "workflow_scripts" / f"{word}.py").is_file()
    assert f'code("{word}")' in block
    # A benchmark is a file that is made: a rule without outputs, which runs whenever it is asked for, has none.
    for section in ("log", "benchmark") if "output:" in block else ("log",):
        path = re.search(rf"^\s*{section}:\s*f?\"([^\"]+)\"", block, flags=re.M).group(1)
        assert word in path, f"{section} of {word}: {path}"
    assert re.search(r"conda:\s*\"\.\./envs/\w+\.yaml\"", block)
    assert "mem_mb" in block or word == "update_catalog"
    assert "run:" not in block and "temp(" not in block


def test_every_script_has_a_rule():
    assert {path.stem for path in SCRIPTS} == set(RULES)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_stay_thin(script):
    text = script.read_text()
    assert "snakemake.config" not in text
    assert ast.get_docstring(ast.parse(text)), "the docstring lists inputs, outputs, units and signs"
    assert len(text.splitlines()) <= 120


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_importing_a_script_costs_little(script):
    """Each job starts an interpreter: under 1.5 CPU s before any work (numbers in seconds of user + system time)."""
    imports = [ast.unparse(n) for n in ast.parse(script.read_text()).body if isinstance(n, ast.Import | ast.ImportFrom)]
    probe = "\n".join(
        [*imports, "import resource as r", "u = r.getrusage(r.RUSAGE_SELF)", "print(u.ru_utime + u.ru_stime)"]
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 1.5


@pytest.mark.parametrize("word", sorted(RULES))
def test_the_environment_covers_the_imports(word):
    environment = environments.of_rule(word)
    lacking = environments.needed(word) - environments.listed(environment)
    assert not lacking, f"{environment} lacks {sorted(lacking)}"


def test_the_snakefile_is_short():
    assert len((REPOSITORY / "Snakefile").read_text().splitlines()) < 60


def test_lint_and_format():
    tools = Path(sys.executable).parent
    for command in (
        ["snakefmt", "--check", "Snakefile", "rules"],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
    ):
        run = subprocess.run([tools / command[0], *command[1:]], cwd=REPOSITORY, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
    run = subprocess.run([tools / "snakemake", "--lint"], cwd=REPOSITORY, capture_output=True, text=True)
    assert "in a good condition" in run.stdout + run.stderr

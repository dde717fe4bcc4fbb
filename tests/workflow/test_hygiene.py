"""One word finds a rule's script, log, benchmark and fingerprint; scripts start fast; environments cover their imports."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sarslide.fingerprint import _module_path, reached_modules

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = sorted((REPOSITORY / "workflow_scripts").glob("*.py"))
CONDA_NAMES = {
    "pystac_client": "pystac-client",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "torch": "pytorch",
    "whirlwind": "whirlwind-insar",
}
STANDARD = set(sys.stdlib_module_names) | {"sarslide"}


def rules() -> dict[str, str]:
    """Text of every rule with a script, by the rule's word (a name made in a loop loses its ids)."""
    found = {}
    for path in sorted((REPOSITORY / "rules").glob("*.smk")):
        for block in re.split(r"^\s*rule\b", path.read_text(), flags=re.M)[1:]:
            name = re.match(r"\s*(\w+):|:\s*name:\s*f?\"(\w+?)_?\{", block)
            found[(name.group(1) or name.group(2)).rstrip("_")] = block
    return found


RULES = rules()


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


def third_party(path: Path) -> set[str]:
    """Top-level third-party packages that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - STANDARD


@pytest.mark.parametrize("word", sorted(RULES))
def test_the_environment_covers_the_imports(word):
    environment = re.search(r"envs/(\w+\.yaml)", RULES[word]).group(1)
    listed = yaml.safe_load((REPOSITORY / "envs" / environment).read_text())["dependencies"]
    listed = [name for item in listed for name in (item["pip"] if isinstance(item, dict) else [item])]
    available = {re.split(r"[ =<>]", name)[0] for name in listed}
    script = REPOSITORY / "workflow_scripts" / f"{word}.py"
    files = [script, *(_module_path(module) for module in reached_modules(script))]
    needed = {CONDA_NAMES.get(name, name) for path in files for name in third_party(path)}
    assert needed <= available, f"{environment} lacks {sorted(needed - available)}"


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

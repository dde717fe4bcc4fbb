"""envs/*.yaml, constraints.txt, the container and the public jobs agree.

What scripts run as programs is there, too.
"""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from tests.support import environments
from tests.support.environments import REPOSITORY, RULES

ENVIRONMENTS = sorted(path.name for path in (REPOSITORY / "envs").glob("*.yaml"))
CONSTRAINTS = (REPOSITORY / "constraints.txt").read_text()
PINNED = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", CONSTRAINTS, flags=re.M))
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PIP_NAMES = {"pytorch": "torch"}
# Programs that scripts start, and libraries that others load by name: no import names them.
PROGRAMS = {
    "mintpy.yaml": {"mintpy"},
    "isce2.yaml": {"isce2", "shapely"},
    "geo.yaml": {"snaphu", "whirlwind-insar", "numba"},
}
# ISCE2 chooses its own versions; it is not on the index that constraints.txt is of.
ELSEWHERE = {"isce2.yaml"}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_file_is_one_that_conda_reads(name):
    content = yaml.safe_load((REPOSITORY / "envs" / name).read_text())
    assert content["channels"] == ["conda-forge", "nodefaults"] and set(content) == {"channels", "dependencies"}
    plain = [entry for entry in content["dependencies"] if isinstance(entry, str)]
    assert len(plain) == len({entry.split()[0] for entry in plain})
    of_pip = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    assert "pip =25" in plain if of_pip else "pip" not in environments.listed(name)
    assert {entry.split()[0] for entry in plain} | {entry.split()[0] for part in of_pip for entry in part} == (
        environments.listed(name)
    )


def test_every_environment_has_a_rule():
    assert {environments.of_rule(word) for word in RULES} == set(ENVIRONMENTS)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_versions_are_those_of_the_constraints(name):
    """A run with conda computes with the versions that the tests of the pip environment ran on."""
    for package, version in environments.versions(name).items():
        pinned = PINNED.get(PIP_NAMES.get(package, package).lower().replace("_", "-"))
        if package in ("python", "pip") or name in ELSEWHERE:
            continue
        assert version, f"{name}: {package} has no version"
        assert pinned, f"constraints.txt lacks {package} of {name}"
        wanted = version.lstrip("=").split(".")
        assert pinned.split(".")[: len(wanted)] == wanted, f"{name}: {package} {version}, constraints.txt has {pinned}"


def test_constraints_hold_every_requirement_with_hashes_and_no_address():
    blocks = re.split(r"^(?=\S)", CONSTRAINTS, flags=re.M)[1:]
    assert len(blocks) > 200
    assert not [block for block in blocks if not re.match(r"[a-z0-9-]+==\S+( ; .*)? \\\n    --hash=sha256:", block)]
    assert "://" not in CONSTRAINTS
    lines = PROJECT["dependencies"] + [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    for requirement in map(Requirement, lines):
        if requirement.name != "sarslide":
            pinned = PINNED[requirement.name.lower().replace("_", "-")]
            assert requirement.specifier.contains(pinned), f"{requirement}, constraints.txt has {pinned}: make lock"


def test_one_uv():
    texts = [(REPOSITORY / name).read_text() for name in ("Makefile", "Containerfile", ".github/workflows/ci.yaml")]
    assert len({version for text in texts for version in re.findall(r"uv==([\d.]+)", text)}) == 1
    assert all("uv==" in text for text in texts)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_comes_by_pip_comes_beside_a_pin_file_too(name):
    content = yaml.safe_load((REPOSITORY / "envs" / name).read_text())
    by_pip = [
        line.replace(" ", "") for part in content["dependencies"] if isinstance(part, dict) for line in part["pip"]
    ]
    script = (REPOSITORY / "envs" / name).with_suffix(".post-deploy.sh")
    assert script.exists() == bool(by_pip)
    if by_pip:
        assert re.findall(r'"([\w-]+==[\w.]+)"', script.read_text()) == by_pip


def test_one_python():
    """Snakemake's own modules are seen by the scripts of every environment: one minor version."""
    recipe = (REPOSITORY / "Containerfile").read_text()
    jobs = (REPOSITORY / ".github/workflows/ci.yaml").read_text()
    found = {environments.versions(name)["python"].lstrip("=") for name in ENVIRONMENTS}
    found |= set(re.findall(r"library/python:(\d+\.\d+)", recipe)) | set(
        re.findall(r'python-version: "([\d.]+)"', jobs)
    )
    assert found == {"3.11"}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_programs_are_there(name):
    assert PROGRAMS[name] <= environments.listed(name)


def test_public_jobs_solve_every_environment():
    jobs = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yaml").read_text())["jobs"]
    text = yaml.safe_dump(jobs)
    assert "ls envs/*.yaml" in text and "setup-micromamba" in text and "--use-conda" in text
    assert {"check", "test", "wheel", "constraints", "docs", "environments", "conda", "pins", "slurm"} <= set(jobs)
    for command in re.findall(r"(?:python|bash) (\.ci/\S+)", text):
        assert (REPOSITORY / command).is_file()
    targets = set(re.findall(r"(?<!\w)make ([\w-]+)", text))
    assert targets == set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.M)) & targets
    minors = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line}
    assert (
        set(jobs["test"]["strategy"]["matrix"]["python"])
        == set(jobs["wheel"]["strategy"]["matrix"]["python"])
        == minors
    )
    assert "secrets." not in text


def instructions() -> list[tuple[str, str]]:
    """Instruction and arguments of every line of the recipe, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (REPOSITORY / "Containerfile").read_text())
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_container_holds_what_the_workflow_reads():
    known = {"FROM", "ARG", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions()} <= known and instructions()[0][0] == "FROM"
    copied = [name for word, rest in instructions() if word == "COPY" for name in rest.split()[:-1]]
    assert all((REPOSITORY / name).exists() for name in copied)
    parts = {"Snakefile", "config.yaml", "rules", "workflow_scripts", "envs", "profiles", "src", "studies"}
    assert parts | {"constraints.txt", "pyproject.toml", "hatch_build.py"} <= set(copied)


def test_the_container_runs_as_a_user_and_holds_no_login():
    recipe = instructions()
    users = [rest for word, rest in recipe if word == "USER"]
    assert users[-1] not in ("root", "0") and not [
        rest for word, rest in recipe[recipe.index(("USER", users[-1])) :] if word == "RUN"
    ]
    assert "--constraints constraints.txt" in " ".join(rest for word, rest in recipe if word == "RUN")
    named = " ".join(rest for word, rest in recipe if word in ("ENV", "ARG", "COPY")).lower()
    assert not re.search(r"password|token|secret|netrc|credential|\.env\b", named)
    assert not re.search(r"python:(latest|\d+\b(?!\.))", recipe[0][1])

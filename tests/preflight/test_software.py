"""What is installed: versions that fit or not, extras and programs that only some regions need."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from sarslide import __version__
from sarslide.config import load
from sarslide.errors import PackageError
from sarslide.preflight import software
from sarslide.preflight.finding import ERROR, GOOD, NOTE, errors

REQUIRES = [
    "numpy>=2.0",
    "torch>=999",
    "no-such-package>=1",
    "hyp3-no-such>=7; extra == 'hyp3'",
    "stac-no-such>=1; extra == 'retrieve'",
    "vision-no-such; extra == 'instance'",
]


class Metadata:
    def get_all(self, name):
        assert name == "Provides-Extra"
        return ["hyp3", "retrieve", "instance", "dev"]


@pytest.fixture
def lacking(monkeypatch):
    monkeypatch.setattr(software, "requires", lambda name: REQUIRES)
    monkeypatch.setattr(software, "metadata", lambda name: Metadata())


def the(findings, check):
    return next(one for one in findings if one.check == check)


def test_this_installation_is_good():
    found = software.packages() + software.coordinate_systems()
    assert not errors(found)
    assert the(found, "sarslide").found.startswith(__version__)
    assert the(found, "workflow").found.endswith("Snakefile") and os.path.isfile(the(found, "workflow").found)
    assert the(found, "numpy").found == version("numpy")


def test_packages_that_are_absent_or_too_old(lacking):
    found = software.packages()
    assert (the(found, "torch").level, the(found, "torch").cure) == (ERROR, "pip install 'torch>=999'")
    assert version("torch") in the(found, "torch").found
    assert (the(found, "no-such-package").code, the(found, "no-such-package").found) == (
        f"E{PackageError.code}",
        "is not installed",
    )
    assert the(found, "packages").found.startswith("1 of 3 ")


def test_not_installed_at_all(monkeypatch):
    def absent(name):
        raise software.PackageNotFoundError(name)

    monkeypatch.setattr(software, "requires", absent)
    monkeypatch.setattr(software, "metadata", absent)
    assert the(software.packages(), "packages").level == NOTE and software.extras() == []


def test_extras_are_noted_with_their_cure(lacking, monkeypatch):
    found = software.extras()
    assert [one.check for one in found] == ["extra hyp3", "extra retrieve", "extra instance"]
    assert {one.level for one in found} == {NOTE}
    assert the(found, "extra hyp3").cure == 'pip install "sarslide[hyp3]"'
    monkeypatch.setattr(software, "version", lambda name: "7.1")
    assert (the(software.extras(), "extra hyp3").level, the(software.extras(), "extra hyp3").found) == (
        GOOD,
        "hyp3-no-such 7.1",
    )


@pytest.mark.parametrize(
    ("user", "needed"),
    [
        ({}, set()),
        ({"engine": "isce2"}, {"tool isce2"}),
        ({"engine": "snap"}, {"tool gpt", "tool snaphu"}),
        ({"rates": {"method": "mintpy"}}, {"tool mintpy"}),
    ],
)
def test_a_program_is_an_error_only_where_it_is_started(user, needed, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ISCE_STACK", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    found = software.programs(load({"region": "valley"} | user))
    assert {one.check for one in errors(found)} == needed
    checks = [one.check for one in found]
    assert {"isce2", "gpt", "snaphu", "mintpy", "conda", "git"} == {one.removeprefix("tool ") for one in checks}
    assert len(checks) == len(set(checks)) and all(one.cure for one in found)
    assert not errors(software.programs()) and {one.level for one in software.programs()} == {NOTE}
    (conda,) = errors(software.programs(load({"region": "valley"} | user), conda=True))
    assert (conda.check, conda.code) == ("tool conda", "E3009")


def test_programs_that_are_there(tmp_path, monkeypatch):
    for name in ("mamba", "gpt"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = software.programs()
    assert (the(found, "tool conda").level, the(found, "tool conda").found) == (GOOD, str(tmp_path / "mamba"))
    assert (the(found, "tool gpt").level, the(found, "tool gpt").found) == (GOOD, str(tmp_path / "gpt"))


def test_a_variable_of_another_proj(tmp_path):
    """A real GDAL that is sent to an empty folder; PyPI's pyproj looks only beside itself."""
    code = "from sarslide.preflight import software; print(*software.coordinate_systems(), sep='\\n')"
    environment = os.environ | {"PROJ_DATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    gdal, _ = done.stdout.splitlines()
    assert "level='error'" in gdal and f"E{PackageError.code}" in gdal and f"unset PROJ_DATA={tmp_path}" in gdal
    assert not done.stderr

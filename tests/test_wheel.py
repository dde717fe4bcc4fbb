"""The wheel holds the whole workflow: its files, and the same graph in an empty folder."""

import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from hatch_build import PARTS

from tests.support.environments import REPOSITORY

PACKAGES = ("sarslide", "sarsim", "snakemake_logger_plugin_sarslide")


def build(source: Path, out: Path, *options: str) -> Path:
    """The one file that a build without network gives."""
    uv = Path(sys.executable).parent / "uv"
    command = [uv, "build", "--no-build-isolation", "--python", sys.executable, *options, "--out-dir", out, source]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    (made,) = out.glob("sarslide-*")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout."""
    return build(REPOSITORY, tmp_path_factory.mktemp("wheel"), "--wheel")


@pytest.fixture(scope="module")
def unzipped(wheel, tmp_path_factory) -> Path:
    """The wheel as it lies in site-packages."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def files(folder: Path) -> set[str]:
    """Relative paths of the tracked files of a folder, or of a file."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()}


def test_it_holds_packages_and_workflow_and_nothing_else(unzipped):
    expected = {name.removeprefix("src/") for package in PACKAGES for name in files(REPOSITORY / "src" / package)}
    expected |= {f"sarslide/bundle/{name}" for part in PARTS for name in files(REPOSITORY / part)}
    found = {str(path.relative_to(unzipped)) for path in unzipped.rglob("*") if path.is_file()}
    assert {name for name in found if ".dist-info/" not in name} == expected
    for name in ("Snakefile", "config.schema.json", "rules/pairs.smk", "studies/records/validation.json"):
        assert (unzipped / "sarslide/bundle" / name).read_bytes() == (REPOSITORY / name).read_bytes()


def test_its_metadata(unzipped):
    (folder,) = unzipped.glob("*.dist-info")
    metadata = Parser().parsestr((folder / "METADATA").read_text())
    assert metadata["License-Expression"] == "BSD-3-Clause AND BSD-2-Clause"
    assert all((folder / "licenses" / name).is_file() for name in metadata.get_all("License-File"))
    assert {line.partition(",")[0] for line in metadata.get_all("Project-URL")} == {
        "Homepage", "Documentation", "Source", "Changelog"
    }  # fmt: skip
    assert (folder / "entry_points.txt").read_text().split() == [
        "[console_scripts]",
        "sarslide",
        "=",
        "sarslide.cli:main",
    ]


def test_the_source_distribution_gives_the_same_wheel(wheel, tmp_path):
    source = build(REPOSITORY, tmp_path / "source", "--sdist")
    assert build(source, tmp_path / "wheel", "--wheel").read_bytes() == wheel.read_bytes()


def jobs(folder: Path, *command: str, path: Path) -> dict[str, int]:
    """Jobs by rule of a dry run in a folder, with the packages of `path`."""
    environment = os.environ | {"PYTHONPATH": str(path)}
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    table = re.search(r"^job +count\n[- ]+\n(.*?)\n\n", done.stdout, flags=re.M | re.S)
    assert table, done.stdout[-3000:]
    return {name: int(count) for name, count in map(str.split, table.group(1).splitlines())}


@pytest.mark.parametrize("region", ["demo", "demo_small"])
def test_an_empty_folder_is_enough(unzipped, tmp_path, region):
    """`snakemake --snakefile` and `sarslide plan` of the wheel, and the checkout: one graph."""
    found = []
    for number, (root, path) in enumerate([(unzipped / "sarslide/bundle", unzipped), (REPOSITORY, REPOSITORY / "src")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        snakemake = ("snakemake", "--snakefile", str(root / "Snakefile"), "--cores", "2", "--dry-run")
        found.append(jobs(folder, *snakemake, "--config", f"region={region}", path=path))
        assert sorted(made.name for made in folder.iterdir()) in ([], [".snakemake"])
    found.append(jobs(tmp_path / "0", "sarslide", "plan", region, path=unzipped))
    assert found[0] == found[1] == found[2] and found[0]["total"] > 20

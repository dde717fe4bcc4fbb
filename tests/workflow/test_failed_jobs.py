"""A job that fails ends in one coded line on the terminal and in its log, whatever ended it; its traceback is in the log."""

import re
import shutil
import subprocess
import sys

import pytest

from sarslide.errors import LONGEST_MESSAGE, OutputError, SarslideError, unexpected
from tests.workflow.conftest import REPOSITORY

# What ends a job, and the coded line that it leaves.
ENDS = {
    "refused": ('raise UnwrapError("a.tif: is wrong", "do better")', "E3006 a.tif: is wrong; cure: do better"),
    "bug": ("[][3]", "E1000 unexpected IndexError: list index out of range; cure: report it with the traceback in LOG"),
    "gone": ('open("gone.txt")', "E1000 unexpected FileNotFoundError: .*gone.txt.*; cure: see that what it names is there.*LOG"),
    "corrupt": ('open("c.tif", "w").write("x"); rasterio.open("c.tif")', "E1000 unexpected RasterioIOError: 'c.tif' .*LOG"),
    "full": ('open("/dev/full", "w").write("x" * 10**6)', r"E1007 \[Errno 28\] No space left on device; cure: free space"),
    "memory": ("raise MemoryError", "E1000 out of memory: an allocation failed; cure: run again with fewer --cores .*LOG"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "E1000 the job ended without an error of its own, .*; cure: look"),
    "ended": ("os.kill(os.getpid(), signal.SIGTERM)", "E1000 the job ended without an error of its own, .*; cure: look"),
}  # fmt: skip
SNAKEFILE = """
from sarslide.workflow import console
console.announce("results/valley")

rule all:
    default_target: True
    input: expand("out/{{kind}}.txt", kind={kinds})
"""
RULE = """
rule {kind}:
    output: "out/{kind}.txt"
    log: "logs/{kind}.log"
    script: "{kind}.py"
"""
SCRIPT = """
import os, signal
from sarslide.errors import UnwrapError
from sarslide.workflow.job import job, rasterio
with job(snakemake) as log:
    log.info("begins")
    {end}
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """The folder of a run whose jobs all fail, each in its way, and what the terminal showed."""
    folder = tmp_path_factory.mktemp("failed")
    (folder / "Snakefile").write_text(
        SNAKEFILE.format(kinds=list(ENDS)) + "".join(RULE.format(kind=kind) for kind in ENDS)
    )
    for kind, (end, _) in ENDS.items():
        (folder / f"{kind}.py").write_text(SCRIPT.format(end=end))
    shutil.copytree(REPOSITORY / "profiles/default", folder / "profiles/default")
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--keep-going"], cwd=folder, capture_output=True, text=True
    )
    assert run.returncode == 1
    return folder, run.stdout + run.stderr


@pytest.mark.parametrize("kind", ENDS)
def test_a_failed_job_ends_in_its_coded_line(failed, kind):
    folder, shown = failed
    block = re.search(rf"FAILED  {kind}\n((?:    .*\n)+)", shown).group(1)
    assert block.endswith(f"    log: logs/{kind}.log\n")
    told = " ".join(block.split())
    line = ENDS[kind][1].replace("LOG", f"logs/{kind}.log")
    assert re.match(line, told)
    log = (folder / f"logs/{kind}.log").read_text()
    assert "begins" in log
    if kind in ("killed", "ended"):  # the last that was heard of it
        assert "INFO sarslide" in block
    else:
        assert re.search(f"ERROR sarslide.{kind}: {line}", log) and len(re.findall(rf"^{line}", shown, flags=re.M)) == 1
        assert ("Traceback" in log) == (kind != "refused")


def test_no_traceback_is_shown(failed):
    folder, shown = failed
    assert "Traceback" not in shown and f"\n{len(ENDS)} failed:\n" in shown
    assert not (folder / "out").exists() or not any((folder / "out").iterdir())


def test_a_log_that_cannot_be_written(tmp_path):
    (tmp_path / "logs").write_text("a file where the folder should be")
    script = (
        "from types import SimpleNamespace\nfrom sarslide.workflow.job import job\n"
        "with job(SimpleNamespace(rule='r', log=['logs/r.log'])):\n    print('works')\n"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1 and not run.stdout
    assert re.fullmatch(r"E1007 logs/r.log: cannot be written \(.+\); cure: .+\n", run.stderr)


def test_a_full_disk_makes_no_second_error_of_the_log():
    script = (
        "from types import SimpleNamespace\nfrom sarslide.workflow.job import job\n"
        "with job(SimpleNamespace(rule='r', log=['/dev/full'], input=[], output=[])) as log:\n"
        "    log.info('x')\n    raise ValueError('a\\nb')\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr == "E1000 unexpected ValueError: a b; cure: report it with the traceback in /dev/full\n"


def test_the_line_of_an_unexpected_error_is_one_and_not_too_long(monkeypatch, tmp_path):
    line = str(unexpected(ValueError("many\nwords " * 1000), "a.log"))
    assert (
        "\n" not in line
        and len(line) < LONGEST_MESSAGE + 100
        and line.startswith("E1000 unexpected ValueError: many words")
    )
    assert str(unexpected(KeyError(), "a.log")).startswith("E1000 unexpected KeyError: no message; cure: ")
    # GDAL tells only that a write failed: the disk tells why.
    failed = OSError("Write failed")
    assert type(unexpected(failed, "a.log")) is SarslideError
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0}))
    assert type(unexpected(failed, "a.log")) is OutputError

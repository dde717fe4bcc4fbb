"""The console of a run: one line a job, errors with log and code, what changed at the end; the scheduler's rate limit."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yte
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from sarslide.workflow import console, run_progress, scheduling
from tests.support import releases

REPOSITORY = Path(__file__).parents[2]
DATES = 40  # a list of so many paths is longer than a line may be
SNAKEFILE = f"""
from sarslide.workflow import console, scheduling

console.announce("results/valley")
SLC = expand("results/valley/slc/A128_{{date}}_with_a_long_name.tif", date=range(20190000, {20190000 + DATES}))


rule all:
    default_target: True
    input: "results/valley/inventory/release.json"

rule slc:
    output: "results/valley/slc/{{stack}}_{{date}}_with_a_long_name.tif"
    log: "logs/slc/{{stack}}_{{date}}.log"
    shell: "touch {{output}} {{log}}"

rule bad:
    input: SLC
    output: "results/valley/{{stack}}_bad.tif"
    log: "logs/bad/{{stack}}.log"
    shell: "echo '2026 ERROR sarslide.bad: E3006 {{wildcards.stack}} is wrong; cure: do better' > {{log}}; exit 1"

rule uncoded:
    output: "results/valley/{{stack}}_uncoded.tif"
    log: "logs/uncoded/{{stack}}.log"
    shell: "echo 'IndexError: out of range' > {{log}}; exit 1"

rule release:
    input: SLC
    output: "results/valley/inventory/release.json"
    params: page="results/valley/report"
    shell:
        "mkdir -p {{params.page}}; touch {{params.page}}/report.html;"
        "cp -r prepared/. results/valley/inventory; touch {{output}}"

onstart:
    scheduling.drop_default_rate_limit(workflow)

onsuccess:
    print("limit", workflow.scheduler.job_rate_limiter)
"""
JOBS = {"slc": DATES, "release": 1, "all": 1}


class Stub:
    """A workflow of tiny jobs with the profile of the repository."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "Snakefile").write_text(SNAKEFILE)
        shutil.copytree(REPOSITORY / "profiles/default", folder / "profiles/default")
        lines = [releases.change_line(f"LS{k:06d}", kind) for k, kind in enumerate(("new", "new", "grown"), 1)]
        releases.write(folder / "prepared", "20190330-aaaaaaaa", tuple(lines))

    def run(self, *arguments: str, code: int = 0, **variables: str) -> str:
        """What a run shows; its lines are never too long."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")} | variables
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        shown = done.stdout + done.stderr
        assert done.returncode == code, shown[-3000:]
        if not {"--verbose", "--printshellcmds"} & set(arguments):
            assert max(map(len, shown.splitlines()), default=0) <= console.MAX_CHARACTERS
        return shown


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Stub, str]:
    """A stub whose first run is over, and what it showed."""
    stub = Stub(tmp_path_factory.mktemp("console"))
    return stub, stub.run()


def job_lines(shown: str) -> list[str]:
    """Lines of finished jobs."""
    return re.findall(r"^\d\d:\d\d:\d\d +\d+/\d+  .*$", shown, flags=re.M)


def test_a_job_is_one_line_with_progress_and_time_left(finished):
    _, shown = finished
    lines = job_lines(shown)
    assert len(lines) == sum(JOBS.values())
    for rule, count in JOBS.items():
        steps = [line for line in lines if f"({rule} " in line]
        assert [re.search(r"\((\w+ \d+/\d+)", line).group(1) for line in steps] == [
            f"{rule} {number}/{count}" for number in range(1, count + 1)
        ]
    assert re.search(r" 1/42  slc A128 201900\d\d  [\d.]+ s  \(slc 1/40, about .* left\)$", lines[0])
    for file_name in ("with_a_long_name", "input:", "reason:", "Select jobs"):
        assert file_name not in shown


def test_the_log_of_snakemake_keeps_everything(finished):
    stub, shown = finished
    log = Path(re.search(r"^Complete log\(s\): (.*)$", shown, flags=re.M).group(1))
    assert log.parent == stub.folder / ".snakemake/log"
    longest = max(log.read_text().splitlines(), key=len)
    assert len(longest) > DATES * 40 and "with_a_long_name" in longest


def test_the_end_names_release_report_and_changes(finished):
    stub, shown = finished
    end = shown[shown.index("release  20190330-aaaaaaaa") :]
    assert "changes  1 grown, 2 new" in end and "report   results/valley/report/report.html" in end
    assert "before this run" not in end
    again = stub.run()
    assert "Nothing to be done" in again and "release  20190330-aaaaaaaa" in again and "from before this run" in again


def test_the_default_rate_limit_goes_a_chosen_one_stays(finished, tmp_path):
    stub, shown = finished
    assert "limit None" in shown
    assert "limit None" not in stub.run("--forcerun", "release", "--max-jobs-per-timespan", "50/1s")


def test_an_error_shows_wildcards_code_and_log(finished):
    stub, _ = finished
    targets = ["results/valley/A128_bad.tif", "results/valley/D062_bad.tif", "results/valley/D062_uncoded.tif"]
    events = stub.folder / "events.jsonl"
    shown = stub.run("--keep-going", *targets, code=1, SARSLIDE_EVENTS=str(events))
    for stack in ("A128", "D062"):
        block = (
            f"FAILED  bad (stack={stack})\n    E3006 {stack} is wrong; cure: do better\n    log: logs/bad/{stack}.log\n"
        )
        assert block in shown
        assert f"  bad {stack}  log: logs/bad/{stack}.log\n" in shown
    uncoded = re.search(r"FAILED  uncoded \(stack=D062\)\n((?:    .*\n)+)", shown).group(1)
    assert uncoded.startswith("    E1000 the job ended without an error of its own")
    assert uncoded.endswith("    IndexError: out of range\n    log: logs/uncoded/D062.log\n")
    assert "\n3 failed:\n" in shown and "CalledProcessError" not in shown
    assert events.read_text().count('"event": "failed"') == 3
    assert '"problem": "E3006 A128 is wrong; cure: do better"' in events.read_text()


def test_a_dry_run_keeps_its_table_and_its_jobs(finished):
    stub, _ = finished
    shown = stub.run("--dry-run", "--forceall")
    table = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\n\n", shown, flags=re.S).group(1)
    assert dict(line.split() for line in table.splitlines()) == {rule: str(count) for rule, count in JOBS.items()} | {
        "total": "42"
    }
    assert shown.count("rule slc:") == DATES and re.search(r"^    input: results.*…$", shown, flags=re.M)
    assert "This was a dry-run" in shown and "release  2019" not in shown


def test_quiet_verbose_and_commands_are_those_of_snakemake(finished):
    stub, _ = finished
    again = ["--forcerun", "release"]
    silent = stub.run(*again, "--quiet", "all").splitlines()
    assert {line.split()[0] for line in silent} == {"limit", "Using"}  # of the workflow, and the profile's name
    assert not job_lines(stub.run(*again, "--quiet", "progress"))
    commands = stub.run(*again, "--printshellcmds")
    assert "release starts" in commands and "mkdir -p results/valley/report" in commands and job_lines(commands)
    verbose = stub.run(*again, "--verbose")
    assert "Resources before job selection" in verbose and "with_a_long_name" in verbose and "rule release:" in verbose


@pytest.mark.parametrize("name", ["default", "slurm"])
def test_a_profile_holds_where_the_package_is_not_installed(name, monkeypatch):
    def profile():
        with open(REPOSITORY / f"profiles/{name}/profile.yaml") as stream:
            return yte.process_yaml(stream, require_use_yte=True)

    assert profile()["logger"] == "sarslide" and "quiet" not in profile()
    monkeypatch.setattr(LoggerPluginRegistry, "is_installed", lambda registry, name: False)
    assert profile()["quiet"] == ["reason"] and "logger" not in profile()


def test_the_time_left_is_that_of_the_steps_to_come():
    progress = run_progress.RunProgress()
    progress.plan({"slc": 4, "unwrap": 2, "total": 6})
    assert progress.left_s(0) == 0
    for number, (rule, start_s, end_s) in enumerate([("slc", 0, 10), ("slc", 0, 10), ("unwrap", 10, 40)]):
        progress.start(number, run_progress.RunningJob(rule, {"region": "valley", "stack": "A128"}, [], start_s))
        assert progress.finish(number, end_s).name == f"{rule} A128"
    # 50 s of work in 40 s; two SLCs of 10 s and one unwrapping of 30 s are left.
    assert progress.left_s(40) == pytest.approx(50 * 40 / 50)
    assert progress.finish(99, 0) is None and not progress.running


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.24, "3.2 s"), (9.97, "10 s"), (59.6, "1 min"), (3599, "60 min"), (7500, "2 h 05 min")]
)
def test_times_are_words(seconds, words):
    assert console.duration(seconds) == words.replace("60 min", "1 h 00 min")


def test_long_messages_are_cut():
    assert console.shorten("a" * 300) == "a" * 199 + "…" and console.shorten("a" * 200) == "a" * 200
    assert console.shorten_lines("a\n" * 40, limit=2) == ["a", "a", "… 38 more lines in the log"]


def test_long_silences_name_what_runs(capsys):
    settings = SimpleNamespace(
        quiet=None, debug_dag=False, verbose=False, dryrun=False, printshellcmds=False, nocolor=True,
        show_failed_logs=True, stdout=True,
    )  # fmt: skip
    handler = console.LogHandler(settings, None)
    assert handler._still_running(0) == []
    for number, rule in enumerate(("train", "unwrap")):
        handler._progress.start(number, run_progress.RunningJob(rule, {}, [], 60.0 * number))
    assert handler._still_running(180)[0].endswith("running 2: train (3 min), unwrap (2 min)")
    handler.close()
    assert capsys.readouterr().out == ""


def test_only_the_default_limit_is_dropped():
    for limit, kept in (((100, 1), False), ((10, 60), True)):
        limiter = SimpleNamespace(max_jobs=limit[0], timespan=limit[1])
        workflow = SimpleNamespace(scheduler=SimpleNamespace(job_rate_limiter=limiter))
        scheduling.drop_default_rate_limit(workflow)
        assert (workflow.scheduler.job_rate_limiter is limiter) == kept
    scheduling.drop_default_rate_limit(SimpleNamespace())

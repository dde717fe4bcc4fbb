"""`sarslide update --all`: several regions of a folder, one that fails, one that is busy."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from tests.support import releases
from tests.support.office import Office, moving

from sarslide import cli, exit_codes
from sarslide.cli import update
from sarslide.schedule import regions, run, status

REGION = """
source: safe
stacks: [A128]
grid: {epsg: 32647, bounds: [515130, 3200340, 523230, 3215640], dem: dem.tif}
"""
FULL_DISK = "E3006 A128: cannot be unwrapped; cure: see <the log> & repair"


class Page(HTMLParser):
    """Cells of the only table of a page, its lists of texts, and where its links and files lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()


@pytest.fixture
def folder(tmp_path):
    """Three regions of one's own."""
    (tmp_path / "regions").mkdir()
    for name in ("alpha", "beta", "gamma"):
        (tmp_path / f"regions/{name}.yaml").write_text(REGION)
    return tmp_path


@pytest.fixture
def workflow(monkeypatch):
    """What takes the place of the workflow: by region, a function of the steps that gives the code."""
    works = {}
    monkeypatch.setattr(run.Steps, "all", lambda steps: works[steps.order.config.region](steps))
    return works


def ended(folder, *words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["update", "--all", "-C", str(folder), *words])
    return end.value.code


def rows_of(folder) -> dict[str, dict]:
    found = json.loads((folder / "results/status.json").read_text())["regions"]
    return {row["region"]: row for row in found}


def test_one_fails_and_one_is_busy_and_the_others_go_on(folder, workflow, capsys):
    office, left = Office(folder, "alpha"), []

    def releases_a_date(steps):
        number = len(list((folder / "results/alpha/inventory/releases").glob("2*"))) + 1
        office.release(number, moving(10), *([moving(50)] if number > 1 else []))
        return exit_codes.GOOD

    def fails_and_leaves_a_job(steps):
        steps._note(FULL_DISK)
        left.append(subprocess.Popen(["sleep", "600"], pass_fds=(steps.held,)))  # which holds the lock
        return exit_codes.FAILED

    workflow |= {"alpha": releases_a_date, "beta": fails_and_leaves_a_job, "gamma": lambda _: exit_codes.GOOD}
    try:
        assert ended(folder, "--notify", f"tee -a {folder}/notices.jsonl") == exit_codes.FAILED
    finally:
        left[0].kill()
        left[0].wait()
    out, err = capsys.readouterr()
    titles, *lines, page = out.splitlines()
    assert titles.split() == ["region", "result", "last", "date", "release", "alerts", "GB", "news"]
    assert [re.split(r"  +", line)[:2] for line in lines] == [
        ["alpha", "released"], ["beta", "jobs failed"], ["gamma", status.BUSY],
    ]  # fmt: skip
    assert page == str(folder / "results/status.html")
    assert f"beta: jobs failed; {FULL_DISK}" in err and "gamma: locked by another run; E1012 another run holds" in err
    notices = [json.loads(line) for line in (folder / "notices.jsonl").read_text().splitlines()]
    assert [one["exit_code"] for one in notices] == [exit_codes.GOOD, exit_codes.FAILED, exit_codes.LOCKED]

    rows = rows_of(folder)
    assert (rows["alpha"]["release"], rows["alpha"]["last_date"]) == ("20200101-00000001", "2020-01-01")
    assert rows["beta"]["last_run"]["problems"] == [FULL_DISK] and rows["beta"]["release"] == ""
    assert rows["gamma"]["busy"] and rows["gamma"]["last_run"]["result"] == status.NO_RUN
    assert (folder / rows["beta"]["last_run"]["log"]).read_text() == FULL_DISK + "\n"

    # The lock is free again: all of them go, and what is new in the second release is reported.
    workflow["beta"] = workflow["gamma"]
    assert ended(folder) == exit_codes.GOOD
    rows = rows_of(folder)
    assert [row["last_run"]["exit_code"] for row in rows.values()] == [exit_codes.GOOD] * 3
    assert not rows["gamma"]["busy"] and rows["alpha"]["changes"] == {"new": 1}
    (line,) = rows["alpha"]["alerts"]
    assert line.startswith("new: LS000002, ")
    assert "alpha: released; release 20200201-00000002; 1 new" in capsys.readouterr().err
    cells = Page((folder / "results/status.html").read_text()).rows[1]
    assert cells[0] == "alpha" and cells[2:5] == ["2020-02-01", "20200201-00000002", f"1 new {line}"]


def test_whatever_a_region_meets_stays_with_it(folder, workflow, capsys):
    """A wrong configuration, and a fault that no code of ours raises on purpose."""

    def breaks(steps):
        raise IndexError("list index out of range")

    (folder / "regions/alpha.yaml").write_text(REGION + "rates: {metod: sbas}\n")
    workflow |= {"beta": breaks, "gamma": lambda _: exit_codes.GOOD}
    assert ended(folder, "--notify", f"tee -a {folder}/notices.jsonl") == exit_codes.FAILED
    rows = rows_of(folder)
    codes = {name: row["last_run"]["exit_code"] for name, row in rows.items()}
    assert codes == {"alpha": exit_codes.REFUSED, "beta": exit_codes.FAILED, "gamma": exit_codes.GOOD}
    assert rows["alpha"]["last_run"]["problems"][0].endswith("unknown key 'rates.metod'; cure: did you mean 'method'?")
    assert rows["beta"]["last_run"]["problems"][0].startswith("E1000 unexpected IndexError: list index out of range;")
    assert "IndexError" in capsys.readouterr().err
    assert len((folder / "notices.jsonl").read_text().splitlines()) == 3


def test_a_run_that_is_ended_leaves_the_page(folder, workflow):
    """By a signal in the second region: the first has its new row."""

    def is_ended(steps):
        raise SystemExit(143)

    workflow |= {"alpha": lambda _: exit_codes.GOOD, "beta": is_ended}
    assert ended(folder) == 143
    results = [row["last_run"]["result"] for row in rows_of(folder).values()]
    assert results == ["nothing new", status.NO_RUN, status.NO_RUN]


def test_a_damaged_release_is_shown_beside_the_others(folder, workflow):
    for name in ("alpha", "beta"):
        releases.write(folder / f"results/{name}/inventory", "20190330-aaaaaaaa", dates={"A128": ["20190330"]})
    (folder / "results/alpha/inventory/releases/20190330-aaaaaaaa/MANIFEST.json").write_text("{}")
    workflow |= dict.fromkeys(("alpha", "beta", "gamma"), lambda _: exit_codes.GOOD)
    assert ended(folder) == exit_codes.REFUSED
    rows = rows_of(folder)
    assert [one[:5] for one in rows["alpha"]["last_run"]["problems"]] == ["E5002"] and rows["alpha"]["release"] == ""
    assert rows["beta"]["last_date"] == "2019-03-30"


def test_regions_are_ones_own_and_packaged_ones_with_results(folder):
    for name in ("zhouqu", "demo", "retired"):
        releases.write(folder / f"results/{name}/inventory", "20190330-aaaaaaaa")
    assert regions.to_update(folder) == ["alpha", "beta", "gamma", "zhouqu"]  # the demo gets no acquisitions
    assert regions.without_configuration(folder) == ["retired"]
    shutil.rmtree(folder / "results/zhouqu")
    assert regions.to_update(folder) == ["alpha", "beta", "gamma"]


def test_results_without_a_region_have_a_row_and_do_not_fail(folder, workflow, capsys):
    releases.write(folder / "results/retired/inventory", "20190330-aaaaaaaa", dates={"A128": ["20190330"]})
    workflow |= dict.fromkeys(("alpha", "beta", "gamma"), lambda _: exit_codes.GOOD)
    assert ended(folder) == exit_codes.GOOD
    row = rows_of(folder)["retired"]
    assert row["last_run"]["result"] == status.NO_CONFIGURATION and row["last_date"] == "2019-03-30"
    assert re.search(r"^retired +no configuration +2019-03-30", capsys.readouterr().out, re.M)


def test_the_page_stands_alone_and_shows_what_is_wrong(folder):
    problems = [FULL_DISK, "E1012 <script>alert(1)</script>; cure: none"]
    failed = status.LastRun(result="jobs failed", exit_code=70, started_utc="2026-12-01T05:17:00Z", problems=problems)
    alerts = [f"new: LS{number:06d}" for number in range(status.MAX_ALERTS + 3)]
    row = status.RegionStatus(
        region="alpha", last_run=failed, alerts=alerts, changes={"not_observable": 2, "new": 1}, report="alpha/r.html"
    )
    text = status.write(folder, [row]).read_text()
    page = Page(text)
    assert page.links == ["alpha/r.html"]  # nothing is loaded
    assert all(problem in page.rows[1][5] for problem in problems) and "<script" not in text
    assert "2 not observable, 1 new new: LS000000" in page.rows[1][4] and page.rows[1][4].endswith("and 3 more")
    assert re.search("jobs failed 2026-12-01 05:17:00 UTC", page.rows[1][1])
    assert len(text) < 10_000 and '<html lang="en">' in text and "<caption>" in text
    assert text.count("<th scope=") == len(page.rows[0]) + 1


def test_a_summary_that_cannot_be_read_leaves_the_one_before(folder):
    logs = folder / "logs/alpha/scheduled"
    logs.mkdir(parents=True)
    (logs / "20190301T000000.000000Z.json").write_text('{"result": "released", "exit_code": 0, "jobs": {}}')
    (logs / "20190302T000000.000000Z.json").write_text('{"result": ')
    assert status.last_run(folder, "alpha") == status.LastRun(result="released", exit_code=0)
    assert status.last_run(folder, "beta").result == status.NO_RUN


def test_disk_of_a_region(folder):
    for path, size in (("results/alpha/a.tif", 3000), ("resources/alpha/slc/b", 500), ("results/beta/c", 70)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(bytes(size))
    row = status.of_region(folder, "alpha")
    assert (row.results_bytes, row.resources_bytes) == (3000, 500)


@pytest.mark.parametrize(
    ("codes", "code"), [([0, 0], 0), ([0, 76], 76), ([75, 76], 75), ([69, 75], 69), ([78, 69], 78), ([70, 78, 0], 70)]
)
def test_the_exit_code_is_that_of_the_worst(codes, code):
    assert update.worst(codes) == code == update.worst(reversed(codes))


@pytest.mark.parametrize(("words", "line"), [(["alpha"], "region alpha: named beside --all"), ([], "has no region")])
def test_what_is_refused_is_one_coded_line(words, line, tmp_path, capsys):
    assert ended(tmp_path, *words) == exit_codes.REFUSED
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("E1001 ") and line in said and "; cure: " in said and not list(tmp_path.iterdir())

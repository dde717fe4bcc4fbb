"""The measured parts of docs/reference/operations.md, made of studies/records/operations.json.

They are written between their marks.

    python -m studies.operations                 writes the page again
    python -m studies.operations --preflight     first runs `snakemake preflight` on the demo and
                                                 records what it says

The faults come from `python -m tests.archive.faults`, the replay and the search for secrets from
`python -m studies.replay`, the cluster from `python -m tests.slurm.run --record`, remote storage
from `python -m tests.remote.run --record`, the paper regions from
`python -m studies.paper_regions`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from studies.markdown import grid_lines

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
CONTENT, PAGE = REPOSITORY / "studies/records/operations.json", DOCS / "reference/operations.md"
DOING = {"search": "search", "burst": "download of bursts", "slc": "download of SLCs", "orbit": "orbit files"}


def record(content: dict) -> None:
    """Put keys into studies/records/operations.json, others stay, and write the page again."""
    known = json.loads(CONTENT.read_text()) if CONTENT.is_file() else {}
    CONTENT.write_text(json.dumps(known | content, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page(PAGE.read_text(), known | content))


def page(text: str, content: dict) -> str:
    """The page with every marked part made from `content`; one whose key is not there is empty."""
    for name, write in PARTS.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"docs/reference/operations.md: the marks of {name} are not there once")
        lines = write(content[name]) if name in content else []
        inside = "\n".join([begin, "", *lines, "", end] if lines else [begin, end])
        text = re.sub(f"{begin}.*{end}", lambda _, inside=inside: inside, text, flags=re.DOTALL)
    return text


def faults(rows: list[dict]) -> list[str]:
    """The fault table."""
    return grid_lines(
        ("while", "fault", "what the user sees", "lost", "then"),
        [(DOING[row["doing"]], row["fault"], row["user_sees"], row["lost"], row["then"]) for row in rows],
    )


def replay(content: dict) -> list[str]:
    """What was replayed, each arrival, and the comparison with a run in one go."""
    rows, same = content["arrivals"], content["same"]
    jobs = sum(sum(row["jobs"].values()) for row in rows)
    lines = [
        f"`{content['command']}`",
        "",
        f"{content['dates']} dates on {_and(content['tracks'])}, {content['cells']:,} cells, {content['cores']} cores;"
        f" {content['kills']} runs ended with kill -9 (seed {content['seed']}). Jobs, time and changes: of all runs after the"
        " arrival, killed ones too; CPU seconds without those of killed processes. Waiting: dates whose precise orbit is not"
        " published yet.",
        "",
        *grid_lines(
            ("clock", "arrival", "kills", "jobs", "s", "CPU s", "release", "landslides", "changes", "waiting"),
            [_arrival(row) for row in rows],
        ),
        "",
        f"In one go: {content['at_once']['jobs']} jobs, {content['at_once']['seconds']:.0f} s; one by one: {jobs} jobs,"
        f" {sum(row['seconds'] for row in rows):.0f} s. Objects that the acquisitions show: {same['objects']} one by one,"
        f" {same['other']} in one go, {same['matched']} with the same outline (1 mm), {same['attributes_equal']} of them with the"
        " same measured attributes (six digits). Ids one to one: "
        f"{'yes' if same['ids_one_to_one'] else 'no'}; {same['first_seen_earlier']} were seen at an earlier date than that of the"
        f" single release. {same['kept']} further objects are kept from earlier releases, as they cannot be observed now.",
    ]
    if "remarks" in content:
        lines += ["", content["remarks"]]
    if same["differ"]:
        lines += [
            "",
            "Attributes that differ: " + ", ".join(f"{name} ({count})" for name, count in same["differ"].items()) + ".",
        ]
    return lines


def _and(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " * (len(words) > 1) + words[-1]


def _arrival(row: dict) -> tuple[object, ...]:
    jobs, counts = row["jobs"], row["counts"]
    word = f"{sum(jobs.values())}" + (
        ": " + ", ".join(f"{n} {rule}" for rule, n in jobs.items() if n > 1) if jobs else ""
    )
    kinds = ", ".join(f"{count} {kind}" for kind, count in row["changes"].items())
    return (
        row["clock"], f"{row['track']} {row['date']}", row["kills"] or "", word.removesuffix(": "), f"{row['seconds']:.0f}",
        f"{row['cpu_s']:.0f}", row["release"], counts.get("landslides", ""), kinds, row["waiting"] or "",
    )  # fmt: skip


def secret_search(content: dict) -> list[str]:
    """What was searched for secrets, and what was found."""
    found = ", ".join(content["found"]) or "nothing"
    sent = ", ".join(content["sent_elsewhere"]) or "none"
    return [
        f"After the replay {content['files']:,} files ({content['mb']} MB) of both working folders, their names, logs and"
        f" Snakemake's records were searched for {content['secrets']} planted secrets (password, token, signature of an address,"
        f" a login's code), plain and percent-encoded. Found: {found}. Requests that carried a login to an address that it is not"
        f" for: {sent}."
    ]


def preflight(content: dict) -> list[str]:
    """The transcript."""
    return [f"`{content['command']}`, {content['seconds']:.0f} s", "", "```text", *content["printed"], "```"]


def slurm(runs: dict) -> list[str]:
    """The runs through a real Slurm, and the faults that each met."""
    lines = []
    for name, run in sorted(runs.items()):
        maps = run["rasters"]
        lines += [
            f"{name.capitalize()} (`{' '.join(run['config'])}`), {run['cluster']}: {run['submissions']} submissions,"
            f" {run['slurm_s']} s; locally {run['local_s']} s. Release {run['release']}, content"
            f" {'the same' if run['same'] else 'NOT the same'} as of the local run; {maps['equal']} of {maps['made']} rasters"
            f" equal byte for byte; second run: {run['second_run']}.",
            "",
            *grid_lines(
                ("what is killed", "job", "then", "s"),
                [tuple(met.get(word, "") for word in ("fault", "job", "then", "seconds")) for met in run["faults"]],
            ),
            "",
        ]
    return lines[:-1]


def remote_storage(run: dict) -> list[str]:
    """The run with its files in S3."""
    maps = run["rasters"]
    return [
        f"`{' '.join(run['config'])}`: {run['objects']} objects, {run['remote_s']} s; locally {run['local_s']} s."
        f" {maps['equal']} of {maps['made']} rasters are equal byte for byte, the release's content is"
        f" {'the same' if run['same'] else 'NOT the same'}; second run: {run['second_run']}. On the machine that ran remain:"
        f" {', '.join(f'`{path}`' for path in run['on_this_machine'])}."
    ]


def paper_plans(rows: list[dict]) -> list[str]:
    """Each paper region before it is run."""
    columns = ("region", "paper", "scenes", "dates", "pairs", "million cells", "jobs", "dry run, CPU s")
    return grid_lines(
        columns + ("forecast: download, GB", "disk, GB", "core-hours"),
        [
            (row["region"], row["paper"], row["scenes"], row["dates"], row["pairs"], f"{row['cells'] / 1e6:.1f}", row["jobs"],
             f"{row['cpu_s']:.1f}", *(f"{row[word]:g}" for word in ("download_gb", "disk_gb", "core_hours")))
            for row in rows
        ],
    )  # fmt: skip


def paper_runs(rows: list[dict]) -> list[str]:
    """The run of a small simulated piece of each paper region."""
    return grid_lines(
        ("region", "tracks", "method", "network", "dates", "pairs", "cells", "jobs", "CPU s", "released", "of them planted",
         "scored landslides found", "recall", "RMSE of the LOS rate (formal error), mm/yr"),
        [
            (row["region"], _and(row["tracks"]), row["method"], row["network"], row["dates"],
             " + ".join(str(row["pairs"][stack]) for stack in row["tracks"]), f"{row['cells']:,}", row["jobs"], row["cpu_s"],
             row["released"], row["right"], f"{row['scored_found']} of {row['scored']}",
             "–" if row["recall"] is None else f"{row['recall']:.2f}",
             _rate_errors(row))
            for row in rows
        ],
    )  # fmt: skip


def _rate_errors(row: dict) -> str:
    """RMSE and formal error of each track; a dash where nothing was unwrapped."""
    found = [(row["rmse_mm_per_yr"][name], row["formal_std_mm_per_yr"][name]) for name in row["tracks"]]
    words = [f"{rmse:.0f} ({formal:.0f})" for rmse, formal in found if rmse is not None]
    return _and(words) if words else "–"


PARTS = {"faults": faults, "replay": replay, "secret_search": secret_search, "preflight": preflight}
PARTS |= {"paper_plans": paper_plans, "paper_runs": paper_runs}
PARTS |= {"slurm": slurm, "remote_storage": remote_storage}


def run_preflight() -> dict:
    """What `snakemake preflight` says of the demo, in a fresh folder."""
    import time

    words = ["preflight", "--cores", "1", "--config", "region=valley"]
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--snakefile",
            str(REPOSITORY / "Snakefile"),
            "--directory",
            folder,
        ]
        done = subprocess.run([*command, *words], capture_output=True, text=True)
        log = Path(folder) / "logs/valley/preflight.log"
        if not log.is_file():
            raise SystemExit(done.stderr[-2000:])
        text = log.read_text().replace(folder, "FOLDER").replace(str(REPOSITORY), "SARSLIDE")
    printed = [line for line in text.splitlines() if line and not re.match(r"\d{4}-\d\d-\d\d ", line)]
    return {
        "command": "snakemake " + " ".join(words), "seconds": round(time.monotonic() - start, 1), "printed": printed,
        "exit_code": done.returncode,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preflight", action="store_true", help="run and record the preflight of the demo")
    record({"preflight": run_preflight()} if parser.parse_args().preflight else {})


if __name__ == "__main__":
    main()

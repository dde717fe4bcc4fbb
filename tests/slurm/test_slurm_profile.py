"""profiles/slurm fits the rules; every job asks for more at its next attempt; the full run through a real Slurm on request."""

import importlib.util
import os
import re
import subprocess

import pytest
import yaml

from tests.slurm import cluster
from tests.slurm.run import REDUCED, compare, wrong
from tests.workflow.conftest import REPOSITORY, SMALL, Checkout
from tests.workflow.test_hygiene import RULES

PROFILE = yaml.safe_load((REPOSITORY / "profiles/slurm/profile.yaml").read_text())
DEFAULT = yaml.safe_load((REPOSITORY / "profiles/default/profile.yaml").read_text())
# Their time is a limit of the configuration, or what a training may take: it resumes where it was ended.
LIMITED = {
    "hyp3_download",
    "isce2_prepare",
    "isce2_step",
    "mintpy_load",
    "mintpy_step",
    "train_network",
    "benchmark_train",
}
LIMITED |= {"snap_interferogram", "snap_unwrap", "snap_geocode", "retrieve_slc", "retrieve_dem", "retrieve_optical"}
HEAP = {"snap_interferogram", "snap_unwrap", "snap_geocode"}  # a Java heap of a size that the configuration says
OUTSIDE = {
    "update_catalog",
    "retrieve_slc",
    "retrieve_dem",
    "retrieve_optical",
    "hyp3_order",
    "hyp3_download",
    "preflight",
}


def group(block: str) -> str:
    found = re.search(r"group:\s*\"(\w+)\"", block)
    return found.group(1) if found else ""


def test_it_holds_what_the_default_profile_holds():
    """A workflow profile replaces the default one: what a fresh clone needs must stand here again."""
    assert DEFAULT["rerun-triggers"] == PROFILE["rerun-triggers"] and PROFILE["rerun-incomplete"] is True
    assert DEFAULT["conda-prefix"] == PROFILE["conda-prefix"]


def test_no_site_is_named():
    assert not {"default-resources", "set-resources", "slurm-no-account", "slurm-status-command"} & set(PROFILE)
    assert PROFILE["executor"] == "slurm" and PROFILE["retries"] >= 2


def test_groups_and_threads_are_those_of_the_rules():
    assert set(PROFILE["group-components"]) == {group(block) for block in RULES.values()} - {""}
    whole = {word for word, block in RULES.items() if "threads: workflow.cores" in block}
    inherited = re.findall(r"use rule (\w+) as (\w+) with:", (REPOSITORY / "rules/maps.smk").read_text())
    assert set(PROFILE["set-threads"]) == whole | {word for base, word in inherited if base in whole}
    assert max(PROFILE["set-threads"].values()) <= PROFILE["cores"]


@pytest.mark.parametrize("word", sorted(RULES))
def test_a_job_asks_for_more_at_its_next_attempt(word):
    block = RULES[word]
    assert re.search(r"mem_mb=memory\(", block) or word in HEAP
    assert re.search(r"runtime=minutes\(", block) or (word in LIMITED and "runtime=" in block)


@pytest.mark.parametrize("word", sorted(RULES))
def test_what_needs_the_internet_runs_where_snakemake_runs(word):
    assert ("localrule: True" in RULES[word]) == (word in OUTSIDE)
    assert not (group(RULES[word]) and "localrule" in RULES[word])


@pytest.mark.parametrize("word", sorted(RULES))
def test_rules_with_a_gpu_are_in_no_group(word):
    assert not ("gpu=" in RULES[word] and group(RULES[word]))


def asked(checkout: Checkout, attempt: int) -> dict[str, tuple[int, int]]:
    """MB and minutes of the first job of each rule, from a dry run."""
    text = checkout.snakemake("--dry-run", "--attempt", str(attempt)).stdout
    found = {}
    for block in re.split(r"^\s*rule ", text, flags=re.M)[1:]:
        found_in_block = {name: re.search(rf"\b{name}=(\d+)", block) for name in ("mem_mb", "runtime")}
        if all(found_in_block.values()):
            found.setdefault(
                block.split(":")[0], tuple(int(found_in_block[name].group(1)) for name in ("mem_mb", "runtime"))
            )
    return found


def test_memory_and_time_grow_with_region_and_attempt(tmp_path):
    small = Checkout(tmp_path, SMALL)
    first, third = asked(small, 1), asked(small, 3)
    assert {"geocode_slc", "segment", "release", "report", "unwrap"} <= set(first)
    assert all(third[word] == (3 * memory, 3 * time) for word, (memory, time) in first.items())
    larger = [entry.replace("517500, 3206400", "487500, 3176400") for entry in SMALL]
    (tmp_path / "large").mkdir()
    large = asked(Checkout(tmp_path / "large", ["region=valley", *larger]), 1)
    cells = (33000 * 33600 - 3000 * 3600) // 30**2
    # simulate_world: 1500 bytes and ten times 31 microseconds a cell
    assert large["simulate_world"][0] - first["simulate_world"][0] == pytest.approx(cells * 1500 / 2**20, abs=1)
    assert large["simulate_world"][1] - first["simulate_world"][1] == pytest.approx(cells * 310e-6 / 60, abs=1)
    assert large["segment"][0] > first["segment"][0] and large["segment"][1] > first["segment"][1]


def test_the_reduced_run_has_two_frames_and_joins_them(tmp_path):
    output = Checkout(tmp_path, REDUCED).snakemake("--dry-run").stdout
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", output, flags=re.M))
    assert jobs["candidates"] == "2" and {"level_frames", "mosaic", "fuse", "release", "report"} <= set(jobs)


def test_the_link_of_a_killed_test_is_no_hindrance(tmp_path, monkeypatch):
    ended = subprocess.Popen(["true"])
    ended.wait()
    link, target = tmp_path / "slurm.conf", tmp_path / "other.conf"
    monkeypatch.setattr(cluster, "LINK", link)
    assert not cluster.left_over()
    link.symlink_to(target)
    assert cluster.left_over()
    for name, gone in ((f"sarslide{ended.pid}", True), (f"sarslide{os.getpid()}", False), ("site", False)):
        target.write_text(f"# a cluster\nClusterName={name}\nSlurmctldPort=6817\n")
        assert cluster.left_over() == gone
    link.unlink()
    link.write_text(f"ClusterName=sarslide{ended.pid}\n")
    assert not cluster.left_over()


def test_a_run_that_met_no_fault_is_wrong():
    met = [{"fault": name, "then": "it goes on"} for name in "abc"]
    good = {"same": True, "second_run": "nothing to be done", "faults": met}
    assert wrong(good) == []
    for change in (
        {"same": False},
        {"second_run": "3 jobs"},
        {"faults": met[:2]},
        {"faults": [*met[:2], {"fault": "?"}]},
    ):
        assert len(wrong(good | change)) == 1


@pytest.mark.full
def test_the_release_through_slurm_is_the_local_one(tmp_path):
    """As `make test-slurm` does it; skipped where that target has not installed what it needs."""
    if lacking := cluster.missing():
        pytest.skip(f"no Slurm can be started here without: {', '.join(lacking)}")
    if not importlib.util.find_spec("snakemake_executor_plugin_slurm"):
        pytest.skip("snakemake-executor-plugin-slurm is not installed")
    assert not wrong(compare(tmp_path, REDUCED))

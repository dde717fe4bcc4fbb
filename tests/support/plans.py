"""Plans of the workflow inside this process: what each job of a region would read, and with which parameters."""

import gc
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import snakemake.api
from snakemake.api import SnakemakeApi
from snakemake.io import is_flagged
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    DeploymentMethod,
    DeploymentSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)
from snakemake.sourcecache import infer_source_file

from sarslide.workflow import rule_graph

# Parameters that no key decides: the fingerprint of the code, and what an archive has at the moment.
WITHOUT = ("code", "found")
SNAKEFILE = Path(__file__).parents[2] / "Snakefile"


@dataclass(frozen=True)
class Planned:
    """A job of a plan.

    Attributes
    ----------
    rule : str
        Name of its rule; of rules that a loop makes, that of their script.
    reruns : tuple of str
        Its parameters and inputs: another value makes it run again.
    machine : tuple of str
        Its resources and threads: they make nothing again.
    local : bool
        Whether its outputs stay on this machine when the rest lies in remote storage.
    """

    rule: str
    reruns: tuple[str, ...]
    machine: tuple[str, ...]
    local: bool


@dataclass(frozen=True)
class Plan:
    """The jobs of a region, by what they write.

    Attributes
    ----------
    jobs : mapping of str to Planned
        By the first output.
    release : str
        The id of the release; empty where none is planned.
    """

    jobs: Mapping[str, Planned]
    release: str

    def rules(self) -> set[str]:
        """Names of the rules."""
        return {job.rule for job in self.jobs.values()}

    def again(self, other: "Plan") -> set[str]:
        """Rules of which another plan has a job that is new to this one, or reads something else."""
        return {
            job.rule
            for name, job in other.jobs.items()
            if name not in self.jobs or self.jobs[name].reruns != job.reruns
        }

    def differs(self, other: "Plan") -> bool:
        """Whether another plan has other jobs, or gives a job another machine."""
        return dict(self.jobs) != dict(other.jobs)


_parse = snakemake.workflow.parse
_parsed: dict[tuple[str, int], tuple[tuple[str, int], dict[int, int]]] = {}


def _parse_once(path: Any, workflow: Any, linemap: dict[int, int], rulecount: int) -> tuple[str, int]:
    """Snakemake's parser, half of the time of a plan; rule files stay as they are."""
    place = path.get_path_or_uri(secret_free=True), rulecount
    if place not in _parsed:
        lines: dict[int, int] = {}
        _parsed[place] = _parse(path, workflow, lines, rulecount=rulecount), lines
    parsed, lines = _parsed[place]
    linemap |= lines
    return parsed


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, threshold, content = Path.cwd(), gc.get_threshold(), dict(vars(snakemake.workflow))
    vars(snakemake.workflow)["parse"] = _parse_once
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        # A workflow stays in its module, of which the next one keeps a copy: none would ever go.
        vars(snakemake.workflow).clear()
        vars(snakemake.workflow).update(content)
        # The Snakefile makes the collector rare, for a process that ends with its graph.
        gc.set_threshold(*threshold)
        gc.collect()


def plan(folder: Path, config: Mapping[str, Any], targets: Iterable[str] = (), conda: bool = False) -> Plan:
    """Plan a region.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : mapping
        Keys of the command line.
    targets : iterable of str
        Rules or files that are asked for beside those of every run.
    conda : bool
        Whether rules would run in conda environments, so that no outside program is looked for.

    Returns
    -------
    Plan
        All jobs, whatever is there already.
    """
    with _workflow(folder, config, {"all", *targets}, conda) as workflow:
        jobs = [job for job in workflow.dag.jobs if job.rule.script]
        release = next((str(job.params.release) for job in jobs if job.rule.name == "release"), "")
        return Plan({str(min(job.output, default=job.rule.name)): _planned(job) for job in jobs}, release)


def scripts(folder: Path, config: Mapping[str, Any]) -> dict[str, Path]:
    """Where Snakemake looks for the script of each rule that a run of a region starts.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : mapping
        Keys of the command line.

    Returns
    -------
    dict of str to Path
        By rule.
    """
    with _workflow(folder, config, {"all"}) as workflow:
        rules = {job.rule.name: job.rule for job in workflow.dag.jobs if job.rule.script}
        found = {name: infer_source_file(rule.script, infer_source_file(rule.basedir)) for name, rule in rules.items()}
        return {name: Path(source.get_path_or_uri(secret_free=True)) for name, source in found.items()}


def outputs(folder: Path, config: Mapping[str, Any]) -> list[str]:
    """All files that the jobs of a run of a region make.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : mapping
        Keys of the command line.

    Returns
    -------
    list of str
        Paths.
    """
    return [path for *_, made in files(folder, config) for path in made]


def files(
    folder: Path, config: Mapping[str, Any], targets: Iterable[str] = ()
) -> list[tuple[str, list[str], list[str]]]:
    """What each job of a run of a region reads and makes.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : mapping
        Keys of the command line.
    targets : iterable of str
        Rules or files that are asked for beside those of every run.

    Returns
    -------
    list of tuple
        Name of the rule, paths of the inputs, paths of the outputs.
    """
    with _workflow(folder, config, {"all", *targets}) as workflow:
        return [(job.rule.name, [*map(str, job.input)], [*map(str, job.output)]) for job in workflow.dag.jobs]


def costs(folder: Path, config: Mapping[str, Any], frame: str) -> dict[str, int]:
    """What the jobs of a frame take.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : mapping
        Keys of the command line.
    frame : str
        Name of the frame.

    Returns
    -------
    dict of str to int
        `files` with logs and benchmarks, and the largest `mem_mb`.
    """
    with _workflow(folder, config, {"all"}) as workflow:
        jobs = [job for job in workflow.dag.jobs if any(f"/{frame}/" in str(path) for path in job.output)]
        files = sum(len(job.output) + len(job.log) + bool(job.benchmark) for job in jobs)
        return {"files": files, "mem_mb": max(job.resources.mem_mb for job in jobs)}


def record_flow(folder: Path, config: Mapping[str, Any]) -> Path:
    """Record the flow of a region, as the start of a run does.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : mapping
        Keys of the command line.

    Returns
    -------
    Path
        Where the flow of the region lies, if the plan ends with its report.
    """
    with _workflow(folder, config, {"all"}) as workflow:
        path = folder / workflow.globals["FLOW"]
        rule_graph.record(workflow.dag, path, workflow.globals["CONFIG"])
        return path


def check(folder: Path, config: Mapping[str, Any], targets: Iterable[str]) -> None:
    """What a run of targets does before its first job; SystemExit where it refuses.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : mapping
        Keys of the command line.
    targets : iterable of str
        Rules or files.
    """
    with _workflow(folder, config, set(targets)) as workflow:
        workflow.globals["first_checks"]()


@contextmanager
def _workflow(folder: Path, config: Mapping[str, Any], targets: set[str], conda: bool = False) -> Iterator[Any]:
    """A workflow with the graph of its targets."""
    deployment = DeploymentSettings(deployment_method={DeploymentMethod.CONDA} if conda else set())
    with _inside(folder), SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow_api = api.workflow(
            ResourceSettings(cores=2),
            ConfigSettings(config=dict(config)),
            deployment_settings=deployment,
            snakefile=SNAKEFILE,
            workdir=folder,
        )
        try:
            workflow = workflow_api._workflow
            workflow_api.dag(DAGSettings(targets=targets))
            workflow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True, nolock=True)
            workflow._build_dag()
            yield workflow
        finally:  # also of a plan that is refused
            if workflow_api._workflow_store is not None:
                workflow_api._workflow_store.sourcecache.runtime_cache.cleanup()


def _planned(job: Any) -> Planned:
    params = tuple(f"{name}={value!r}" for name, value in sorted(job.params.items()) if name not in WITHOUT)
    resources = sorted((name, str(value)) for name, value in job.resources.items() if name != "tmpdir")
    inputs = tuple(sorted(map(str, job.input)))
    script = Path(job.rule.script).stem
    rule = script if job.rule.name.startswith(script) else job.rule.name
    local = all(is_flagged(file, "local") for file in job.output)
    return Planned(rule, (*params, *inputs), (*map(str, resources), str(job.threads)), local)

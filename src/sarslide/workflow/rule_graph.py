"""Which rule reads what another one makes: the processing flow of a region, as it was planned."""

from pathlib import Path
from typing import Any

from sarslide.io.sidecar import write_json

LAST = "report"


def edges(dag: Any) -> list[list[str]]:
    """Pairs of rules of a plan, as in `snakemake --rulegraph`.

    Parameters
    ----------
    dag : snakemake.dag.DAG
        The plan.

    Returns
    -------
    list of list of str
        Rule that makes a file, rule that reads it.
    """
    found = {(made.rule.name, job.rule.name) for job in dag.jobs for made in dag.dependencies[job]}
    return [list(edge) for edge in sorted(found)]


def record(dag: Any, path: Path) -> None:
    """Write the flow of a plan that ends with the report, for its figure.

    Parameters
    ----------
    dag : snakemake.dag.DAG
        The plan.
    path : Path
        JSON file.
    """
    found = edges(dag)
    if any(reader == LAST for _, reader in found):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, found)

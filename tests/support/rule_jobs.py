"""Scripts of rules run as the rules run them, without Snakemake."""

import runpy
from pathlib import Path
from types import SimpleNamespace

from sarslide.frames import WHOLE

WORKFLOW_SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"


class Named(dict):
    """Stands in for Snakemake's lists with names."""

    __getattr__ = dict.__getitem__


def run_script(
    rule: str,
    folder: Path,
    inputs: dict,
    outputs: dict,
    wildcards: dict | None = None,
    resources: dict | None = None,
    **params,
) -> None:
    """Run a rule's script; its log lies in `folder`."""
    snakemake = SimpleNamespace(
        rule=rule,
        input=Named(inputs),
        output=Named(outputs),
        params=Named(params),
        log=[str(folder / f"{rule}.log")],
        wildcards=SimpleNamespace(**{"frame": WHOLE} | (wildcards or {})),
        resources=SimpleNamespace(**(resources or {})),
        threads=1,
    )
    runpy.run_path(str(WORKFLOW_SCRIPTS / f"{rule}.py"), {"snakemake": snakemake})

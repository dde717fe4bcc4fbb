"""snap_unwrap: SNAP's interferogram -> filtered by SNAP, unwrapped by SNAPHU, in radar geometry.

inputs: sidecar of the interferogram, beside which it lies. outputs: sidecar with the path of
SNAPHU's result; beside it filtered.dim and snaphu/.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.insar.snap import gpt as snap
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    params, marker, log_path = snakemake.params, Path(snakemake.output.sidecar), Path(snakemake.log.snap)
    limits = snakemake.resources
    machine = snap.Machine(limits.gpt, limits.snaphu, limits.memory_gb, snakemake.threads, limits.limit_min * 60)
    log_path.unlink(missing_ok=True)
    header = snap.unwrap(marker.parent, params.goldstein_alpha, params.goldstein_window, machine, log_path)
    extra = {"unwrapped": header.relative_to(marker.parent).as_posix(), "snap": machine.version(log_path)}
    write_json(marker, sidecar("snap_unwrap", dict(snakemake.input.items()), dict(params.items()), extra))


with job(snakemake):
    main(snakemake)

"""isce2_step: one step of topsStack for one date, in its own processes, checked.

inputs: markers of the steps before it. outputs: marker with the files that ISCE2 wrote, relative to
the date's work folder, and their sizes in bytes.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.insar.isce2.topsstack import run_step
from sarslide.io.sidecar import sidecar, write_json


def main(snakemake) -> None:
    params, wanted = snakemake.params, snakemake.wildcards
    marker = Path(snakemake.output.marker)
    log = Path(snakemake.log.isce)
    limit_s = snakemake.resources.limit_min * 60
    files = run_step(wanted.step, marker.parent, wanted.date, params.reference, log, limit_s)
    write_json(marker, sidecar("isce2_step", dict(snakemake.input.items()), dict(params.items()), {"files": files}))


with job(snakemake):
    main(snakemake)

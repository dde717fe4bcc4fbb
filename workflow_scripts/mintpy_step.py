"""mintpy_step: a group of MintPy's steps (inversion, corrections or velocity), in its own process.

inputs: MintPy's stack and geometry, the files that the steps read (HDF5; displacement in m,
positive towards the satellite). outputs: the files that they make.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.io.sidecar import sidecar, write_json
from sarslide.rates.mintpy.steps import MintpyStep, run_step, version


def main(snakemake) -> None:
    params, out = snakemake.params, snakemake.output
    step = MintpyStep(params.step, params.first, params.last, params.options, tuple(params.reads), tuple(params.makes))
    run_step(step, Path(out.sidecar).parent, snakemake.resources.limit_min * 60)
    about = sidecar("mintpy_step", dict(snakemake.input.items()), dict(params.items()), {"mintpy": version()})
    write_json(out.sidecar, about)


with job(snakemake):
    main(snakemake)

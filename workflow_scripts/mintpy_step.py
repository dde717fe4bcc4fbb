"""mintpy_step: a group of MintPy's steps (inversion, corrections or velocity), in its own process.

inputs: MintPy's stack and geometry, the files that the steps read (HDF5; displacement in m,
positive towards the satellite); sidecar of the rule before. outputs: the files that they make,
empty in a frame without rates.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.io.sidecar import read_json, sidecar, write_json
from sarslide.rates.mintpy.steps import MintpyStep, run_step, version
from sarslide.rates.unrated import unknown_without_ground, why_unrated, write_unknown


def main(snakemake) -> None:
    params, files, out = snakemake.params, snakemake.input, snakemake.output
    reference = read_json(files.before)["reference"]
    if reason := why_unrated(reference):
        write_unknown(snakemake, reason)
        return
    step = MintpyStep(params.step, params.first, params.last, params.options, tuple(params.reads), tuple(params.makes))
    run_step(step, Path(out.sidecar).parent, snakemake.resources.limit_min * 60)
    extra = {"mintpy": version(), "reference": reference}
    write_json(out.sidecar, sidecar("mintpy_step", dict(files.items()), dict(params.items()), extra))


with job(snakemake), unknown_without_ground(snakemake):
    main(snakemake)

"""benchmark: scores of runs -> page of results.

inputs: scores (JSON records), one a run; they, and the patches (npz) beside them, are read below params.folder.
outputs: page (Markdown), tables (JSON); figures lie in images/ beside them.
params: folder (of the benchmark's results), code.
"""

from sarslide.workflow import job


def main(snakemake, log) -> None:
    from pathlib import Path

    from sarslide.benchmark import page
    from sarslide.provenance import read_json

    region_set = read_json(snakemake.input.scores[0])["region_set"]
    made = page.write(Path(snakemake.params.folder), Path(snakemake.output.page).parent, region_set, None, None)
    log.info("%d runs, %d tables", len(made["runs"]), len(made["tables"]))


with job(snakemake) as log:
    main(snakemake, log)

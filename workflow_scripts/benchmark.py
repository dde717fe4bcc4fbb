"""benchmark: scores of runs -> page of results.

inputs: scores (JSON records), one a run; they, and the patches (npz) beside them, are read from the
benchmark's folder. outputs: page (Markdown), tables (JSON); figures lie in images/ beside them.
params: about (the regions in words), ranges (region -> mountain range), code.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from pathlib import Path

    from studies.benchmark import page

    from sarslide.io.sidecar import read_json

    region_set = read_json(snakemake.input.scores[0])["region_set"]
    folder = Path(snakemake.output.page).parents[1]
    about, ranges = snakemake.params.about, snakemake.params.ranges
    made = page.write(folder, Path(snakemake.output.page).parent, region_set, None, None, about, ranges=ranges)
    log.info("%d runs, %d tables", len(made["runs"]), len(made["tables"]))


with job(snakemake) as log:
    main(snakemake, log)

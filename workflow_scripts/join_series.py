"""join_series: time series of the polygons of each frame of a stack -> one table.

inputs: tables of rule `series`, in the order of `frames`. output: CSV as of rule `series`, with the
frame of each polygon.
"""

from sarslide.workflow.job import job


def main(snakemake) -> None:
    from sarslide.inventory.series import join_csv
    from sarslide.io.atomic import atomic_file
    from sarslide.io.sidecar import sidecar, write_json

    params, files = dict(snakemake.params.items()), snakemake.input
    tables = dict(zip(params["frames"], files.tables, strict=True))
    with atomic_file(snakemake.output.table) as temporary:
        temporary.write_text(join_csv(tables))
    write_json(snakemake.output.sidecar, sidecar("join_series", dict(files.items()), params))


with job(snakemake):
    main(snakemake)

"""update_catalog: SAFE folders below resources/{region}/slc/{stack}/{date}/ -> rows of resources/{region}/scenes.csv.

inputs: none declared, the folder is looked through. outputs: the append-only scene table, rewritten only when it changes.
"""

from pathlib import Path

from sarslide.catalog.local import update
from sarslide.workflow import job


def main(snakemake, log) -> None:
    new = update(Path(snakemake.output[0]), Path(snakemake.params.folder))
    log.info("%d new acquisitions", new)


with job(snakemake) as log:
    main(snakemake, log)

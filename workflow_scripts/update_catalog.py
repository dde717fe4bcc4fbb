"""update_catalog: SAFE folders below resources/{region}/slc/{stack}/{date}/ -> rows of resources/{region}/scenes.csv.

inputs: none declared, the folder is looked through. outputs: the append-only scene table, rewritten only when it changes; its
baselines (m) are against the first orbit of the stack, up and away from the track, as the centre of the region sees them.
"""

from pathlib import Path

from sarslide.catalog.local import update
from sarslide.grid import RegionGrid
from sarslide.workflow import job


def main(snakemake, log) -> None:
    region = RegionGrid.from_dict(snakemake.params.grid)
    new = update(Path(snakemake.output[0]), Path(snakemake.params.folder), region, snakemake.params.orbits)
    log.info("%d new acquisitions", new)


with job(snakemake) as log:
    main(snakemake, log)

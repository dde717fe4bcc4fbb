"""update_catalog: an archive, or products in folders -> rows of resources/{region}/scenes.csv.

inputs: none declared, the archive is searched or the folder looked through. outputs: the
append-only scene table, rewritten only when it changes; with an archive the burst-by-date matrix.
Baselines of the table (m) are against the first orbit of the stack, up and away from the track, as
the centre of the region sees them.
"""

import sys
from pathlib import Path

from sarslide.workflow.job import job
from sarslide.catalog import archive_update, local
from sarslide.grid import RegionGrid
from sarslide.retrieve.access import Access


def main(snakemake, log) -> None:
    params, table = snakemake.params, Path(snakemake.output.table)
    region = RegionGrid.from_dict(params.grid)
    if params.search is None:
        new = local.update(table, Path(params.folder), region, params.orbits)
        log.info("%d new acquisitions", new)
        return
    search = archive_update.Search(**params.search)
    folder = Path(params.orbit_folder) if params.baselines else None
    found = archive_update.update(
        table, Path(snakemake.output.coverage), region, search, Access.of(snakemake.resources), folder
    )
    log.info("%d new granules, %d superseded, %d orbit files", found.added, found.superseded, found.orbits)
    for problem in found.problems:
        log.warning("%s", problem)
        print(f"warning: dates wait for their orbits: {problem}", file=sys.stderr)


with job(snakemake) as log:
    main(snakemake, log)

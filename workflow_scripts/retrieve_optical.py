"""retrieve_optical: clearest Sentinel-2 L2A scenes -> resources/{region}/sentinel2/{scene}/.

inputs: none. outputs: a folder a scene with the parts of B02, B03, B04, B08 and SCL that cover the
region, numbers with scale and offset in the file; the list of scenes. params: collection; dates,
most cloud (%), scenes of a tile, or granules by name in their place.
"""

import shutil
from pathlib import Path

from sarslide.workflow.job import job
from sarslide.catalog.region import bounds_degree
from sarslide.grid import RegionGrid
from sarslide.io.sidecar import sidecar, write_json
from sarslide.retrieve import sentinel2
from sarslide.retrieve.access import Access


def main(snakemake, log) -> None:
    params, folder = snakemake.params, Path(snakemake.output.products)
    access, grid = Access.of(snakemake.resources), RegionGrid.from_dict(params.grid)
    how = {"timeout_s": access.timeout_s, "tries": access.tries, "pause_s": access.pause_s}
    where = snakemake.resources.stac, params.collection, bounds_degree(grid)
    if params.granules:
        scenes = sentinel2.named(*where, params.granules, **how)
    else:
        scenes = sentinel2.search(*where, params.start, params.end, params.max_cloud, params.per_tile, **how)
    folder.mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        kept = sentinel2.retrieve(scene, grid, Path(params.store), **how)
        shutil.copytree(kept, folder / scene["id"], dirs_exist_ok=True)
        log.info("%s: %.1f %% of cloud", scene["id"], scene["cloud"])
    found = {scene["id"]: {"cloud": scene["cloud"], "tile": scene["tile"]} for scene in scenes}
    write_json(snakemake.output.sidecar, sidecar("retrieve_optical", {}, dict(params.items()), {"scenes": found}))


with job(snakemake) as log:
    main(snakemake, log)

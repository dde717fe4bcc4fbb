"""observability: terrain, line of sight, coherence -> visible downslope motion (B26, B27).

inputs: slope and aspect (degree); unit vector ground to satellite; layover and shadow; mean
coherence. outputs: sensitivity of the line of sight to downslope motion (-1..1, positive =
downslope motion comes nearer), R-index, class of observability.
"""

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from sarslide.rates.observability import CLASSES, observable_class
from sarslide.terrain.downslope import downslope_sensitivity, r_index

TERRAIN = ("slope_deg", "aspect_deg", "los_east", "los_north", "los_up")


def main(snakemake) -> None:
    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    terrain = [raster.read(files[layer], grid) for layer in TERRAIN]
    layover_shadow, coherence = (raster.read(path, grid) for path in (files.layover_shadow, files.mean_coherence))
    sensitivity = downslope_sensitivity(*terrain)
    layers = {
        "downslope_sensitivity": sensitivity,
        "r_index": r_index(*terrain),
        "observable_class": observable_class(
            layover_shadow, coherence, sensitivity, params.min_coherence, params.min_sensitivity
        ),
    }
    for layer, values in layers.items():
        raster.write(snakemake.output[layer], values, grid, layer)
    share = {name: round(float((layers["observable_class"] == k).mean()), 4) for k, name in enumerate(CLASSES)}
    write_json(
        snakemake.output.sidecar,
        sidecar("observability", dict(files.items()), dict(params.items()), {"share": share}),
    )


with job(snakemake):
    main(snakemake)

"""velocity_threshold: rates of one track -> active ground, without a network.

inputs: LOS rate (mm/yr, positive towards the satellite; either sign counts), its standard error
(mm/yr) and slope (degree), under their registered names. outputs: probability (1 active, 0 not, NaN
where a layer is unknown), sidecar JSON with the rule. params: grid; form (published, tuned);
sigmas; noise (map, cell); min_cells; min_slope_deg; null where the form decides.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from dataclasses import asdict

    import numpy as np

    from sarslide.grid import RegionGrid
    from sarslide.inventory.velocity_threshold import LAYERS, active_areas, rule_of
    from sarslide.io import raster
    from sarslide.io.sidecar import sidecar, write_json

    files, params, output = snakemake.input, snakemake.params, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    rate, std, slope = (raster.read(files[name], grid) for name in LAYERS)
    numbers = {name: params[name] for name in ("sigmas", "noise", "min_cells", "min_slope_deg")}
    rule = rule_of(params.form, **numbers)
    active = active_areas(rate, std, slope, rule)
    known = np.isfinite(rate) & np.isfinite(std) & np.isfinite(slope)
    # No training whose speeds the map would be limited to.
    tags = {"network": snakemake.rule, "threshold": "0.5", "speed_limits": "[]"}
    raster.write(output.probability, np.where(known, active, np.nan), grid, "probability", tags)
    counts = {"known_cells": int(known.sum()), "active_cells": int(active.sum()), "rule": asdict(rule)}
    log.info("%(active_cells)d of %(known_cells)d cells are active", counts)
    write_json(output.sidecar, sidecar("velocity_threshold", dict(files.items()), dict(params.items()), counts))


with job(snakemake) as log:
    main(snakemake, log)

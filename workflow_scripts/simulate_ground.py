"""simulate_ground: a region of the benchmark on real ground -> one scene a track, at product level.

inputs: none. outputs: ascending and descending npz: stored layers under their registered names,
units and signs (LOS rate mm/yr, positive towards the satellite), `label` (1 landslide that this
track can see, 0 background, 255 not counted), `decoy` (code, 0 none), `landslide_kind` (P2's type,
0 none), `true_los_rate_mm_per_yr`, and `meta` (JSON, with the hash of the set's settings); worlds
lie in `worlds` beside. params: region (its name), code.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from pathlib import Path

    from studies.benchmark import regions
    from studies.ground import making

    region, folder = regions.region_of(snakemake.params.region), Path(snakemake.output.ascending).parents[1]
    making.make(folder, region, regions.settings_hash())
    for orbit_pass in making.PASSES:
        label = making.layers_of(folder, region, orbit_pass)["label"]
        log.info("%s, %s: %d of %d cells are landslide", region.name, orbit_pass, (label == 1).sum(), label.size)


with job(snakemake) as log:
    main(snakemake, log)

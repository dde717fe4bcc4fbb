"""simulate_benchmark: a region of the benchmark set -> one scene a track, made at product level.

inputs: none. outputs: ascending and descending npz: stored layers under their registered names,
units and signs (LOS rate mm/yr, positive towards the satellite), `label` (1 landslide that this
track can see, 0 background, 255 not counted), `decoy` (code, 0 none), `landslide_kind` (P2's type,
0 none), `true_los_rate_mm_per_yr`, and `meta` (JSON, with the hash of the set's settings).
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarsim.benchmark import simulate_region
    from sarsim.world import write_npz

    scenes = simulate_region(snakemake.params.region)
    for orbit_pass, path in (("A", snakemake.output.ascending), ("D", snakemake.output.descending)):
        write_npz(path, scenes[orbit_pass])
        label = scenes[orbit_pass]["label"]
        log.info("%s: %d of %d cells are landslide", path, (label == 1).sum(), label.size)


with job(snakemake) as log:
    main(snakemake, log)

"""simulate_training: a seed -> product-level training scenes of a random region, one a track.

inputs: none. outputs: ascending and descending npz: stored layers under their registered names,
units and signs (LOS rate mm/yr, positive towards the satellite), `label` (1 landslide that this
track can see, 0 background, 255 not counted) and `meta` (JSON).
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarsim.training import STACKS, training_scene, training_world
    from sarslide.io.arrays import write_npz

    world = training_world(snakemake.params.seed)
    for orbit_pass, path in (("A", snakemake.output.ascending), ("D", snakemake.output.descending)):
        scene = training_scene(world, STACKS[orbit_pass])
        write_npz(path, scene)
        log.info("%s: %d of %d cells are landslide", path, (scene["label"] == 1).sum(), scene["label"].size)


with job(snakemake) as log:
    main(snakemake, log)

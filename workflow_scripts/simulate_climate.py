"""simulate_climate: a seed -> the training scene of one track over a region of a paper's climate.

inputs: none. output: scene (npz): stored layers of every channel set under their registered names,
units and signs (LOS rate mm/yr, positive towards the satellite; phases rad, positive away), `label`
(1 landslide that this track can see, 0 background, 255 not counted), `decoy`, `landslide_kind`, the
planted rate and `meta` (JSON). params: climate; seed; chain (cells, pairs, rates and fusion of the
region); code (fingerprint).
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarsim.paper_scene import Chain, simulate
    from sarslide.io.arrays import write_npz

    params = snakemake.params
    scene = simulate(params.climate, params.seed, snakemake.wildcards.stack, Chain.of(params.chain))
    write_npz(snakemake.output.scene, scene)
    log.info("%d of %d cells are landslide", (scene["label"] == 1).sum(), scene["label"].size)


with job(snakemake) as log:
    main(snakemake, log)

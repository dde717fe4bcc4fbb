# The feature stack through the network: one probability map per stack, and the objects of a network that finds single ones.

# What every network can read of a track; the optional inputs are asked for by the weights that read them.
SEGMENT_LAYERS = {
    **layers_of(
        RATES,
        [
            "phase_rate_rad_per_yr",
            "los_rate_mm_per_yr",
            "los_rate_std_mm_per_yr",
            "mean_coherence",
        ],
    ),
    **layers_of(f"{STACK}/averaging", ["avg_phase_rad"]),
    **layers_of(f"{STACK}/amplitude", ["mean_amplitude_db"] if WITH_AMPLITUDE else []),
    **layers_of(
        f"{STACK}/geometry", ["los_east", "los_north", "los_up", "layover_shadow"]
    ),
    **layers_of(f"{RESULTS}/terrain", TERRAIN),
}


rule segment:
    input:
        unpack(lambda wildcards: optional_inputs_of_weights()),
        unpack(lambda wildcards: picture_of_weights(wildcards.stack)),
        **SEGMENT_LAYERS,
        weights=lambda wildcards: fitting_weights(wildcards.stack),
    output:
        **instance_layer(),
        probability=f"{SEGMENT}/probability.tif",
        sidecar=f"{SEGMENT}/segment.json",
    log:
        f"{LOGS}/segment/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/segment/{{stack}}.tsv"
    conda:
        "../envs/torch.yaml"
    # All cores: one job at a time on a machine with one GPU, without any profile; `--set-threads segment=4` runs tracks side by side.
    threads: workflow.cores
    resources:
        mem_mb=memory(2500, 200),
        gpu=int(CONFIG.segmentation.device == "cuda"),
        runtime=minutes(20, 27),
    params:
        grid=GRID,
        overlap=CONFIG.segmentation.overlap,
        device=CONFIG.segmentation.device,
        precision=CONFIG.segmentation.precision,
        code=code("segment"),
    script:
        "../workflow_scripts/segment.py"

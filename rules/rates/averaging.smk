# The averaged phase of wrapped pairs (P0 3.1; B04, B05), of every region: all that the method averaging
# makes, without any pair unwrapped.


rule average_phase:
    input:
        unpack(corrected_pairs("coherence", "wrapped")),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(f"{STACK}/averaging", [*layers.AVERAGES, *layers.OF_PAIRS]),
        reference=f"{STACK}/averaging/reference.json",
        sidecar=f"{STACK}/averaging/average_phase.json",
    log:
        f"{LOGS}/average_phase/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/average_phase/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 400),
        runtime=minutes(10, 0.9, pairs),
    params:
        **rate_settings("average_phase"),
        grid=cell_grid,
        pairs=pairs,
        mean=CONFIG.rates.average,
        weighting=CONFIG.rates.average_weighting,
        code=code("average_phase"),
    script:
        "../../workflow_scripts/average_phase.py"

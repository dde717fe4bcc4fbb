# Final layers of each track, and the terrain beside them, on the finer grid of the products (P3: 12.5 m from 25 m, C09).


rule resample_products:
    input:
        **layers_of(f"{STACK}/averaging", AVERAGES),
        **layers_of(RATES, RATE_LAYERS),
        **layers_of(f"{STACK}/geometry", GEOMETRY),
        **layers_of(f"{RESULTS}/terrain", TERRAIN),
        probability=f"{SEGMENT}/probability.tif",
    output:
        **layers_of(RESAMPLED, RESAMPLED_LAYERS),
        sidecar=f"{RESAMPLED}/resample_products.json",
    log:
        f"{LOGS}/resample_products/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/resample_products/{{stack}}.tsv"
    conda:
        "../envs/insar.yaml"
    resources:
        # Measured: 0.2 GB and 18 bytes a cell of the finer grid.
        mem_mb=memory(
            1000,
            25 * (GRID["cell_m"] / (CONFIG.grid.product_m or GRID["cell_m"])) ** 2,
        ),
        runtime=minutes(20, 25),
    params:
        grid=GRID,
        product_m=CONFIG.grid.product_m,
        code=code("resample_products"),
    script:
        "../workflow_scripts/resample_products.py"

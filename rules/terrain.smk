# Slope, aspect and curvatures on the region grid.


rule terrain:
    input:
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        **layers_of(f"{RESULTS}/terrain", TERRAIN),
        hillshade=f"{RESULTS}/terrain/hillshade.tif",
        sidecar=f"{RESULTS}/terrain/terrain.json",
    log:
        f"{LOGS}/terrain.log",
    benchmark:
        f"{BENCHMARKS}/terrain.tsv"
    group:
        "ground"
    conda:
        "../envs/terrain.yaml"
    resources:
        # Measured: 0.3 GB and 109 bytes a cell.
        mem_mb=memory(1000, 150),
        runtime=minutes(20, 25),
    params:
        grid=GRID,
        code=code("terrain"),
    script:
        "../workflow_scripts/terrain.py"

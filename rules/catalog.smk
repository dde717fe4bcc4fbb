# The scene table of a real region: SAFE folders and orbit files that lie below resources/{region}/slc/{stack}/{date}/.


rule update_catalog:
    output:
        update(f"{RESOURCES}/scenes.csv"),
    log:
        f"{LOGS}/update_catalog.log",
    benchmark:
        f"{BENCHMARKS}/update_catalog.tsv"
    conda:
        "../envs/insar.yaml"
    params:
        folder=f"{RESOURCES}/slc",
        grid=GRID,
        orbits=CONFIG.slc.orbits,
        found=lambda wildcards: scenes.listing(Path(f"{RESOURCES}/slc")),
        code=code("update_catalog"),
    script:
        "../workflow_scripts/update_catalog.py"

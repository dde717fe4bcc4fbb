# The ground beside the radar: the terrain layers, and the optional inputs of P3 (2.2; C07, C08) on
# the region grid.


rule terrain:
    input:
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        **layer_files(TERRAIN, layers.TERRAIN),
        hillshade=f"{TERRAIN}/hillshade.tif",
        sidecar=f"{TERRAIN}/terrain.json",
    log:
        f"{LOGS}/terrain/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/terrain/{{frame}}.tsv"
    group:
        "ground"
    conda:
        "../envs/geo.yaml"
    resources:
        # Measured: 0.3 GB and 109 bytes a cell.
        mem_mb=memory(1000, 150),
        runtime=minutes(20, 25),
    params:
        grid=cell_grid,
        code=code("terrain"),
    script:
        "../workflow_scripts/terrain.py"


# Sentinel-2 reflectances: the products of the user, or the scenes that are retrieved.
if CONFIG.retrieve.sentinel2:

    rule retrieve_optical:
        output:
            products=directory(f"{RESOURCES}/sentinel2"),
            sidecar=f"{RESOURCES}/sentinel2.json",
        log:
            f"{LOGS}/retrieve_optical.log",
        benchmark:
            f"{BENCHMARKS}/retrieve_optical.tsv"
        localrule: True
        conda:
            "../envs/geo.yaml"
        resources:
            **RETRIEVE_ACCESS,
            stac=CONFIG.retrieve.stac,
            mem_mb=memory(1500, 100),
            runtime=120,
        params:
            grid=cell_grid,
            collection=CONFIG.retrieve.sentinel2_collection,
            start=CONFIG.retrieve.sentinel2_start,
            end=CONFIG.retrieve.sentinel2_end,
            max_cloud=CONFIG.retrieve.sentinel2_cloud,
            per_tile=CONFIG.retrieve.sentinel2_scenes,
            granules=CONFIG.retrieve.sentinel2_granules,
            store=f"{RESOURCES}/archive/sentinel2",
            code=code("retrieve_optical"),
        script:
            "../workflow_scripts/retrieve_optical.py"


OPTICAL_FILES = bool(CONFIG.optical.products or CONFIG.retrieve.sentinel2)
# A region that is not simulated without the file is planned, too: preflight ends its run.
LITHOLOGY_FILE = bool(CONFIG.lithology.file) or not GRAPH.simulated


if OPTICAL_FILES:

    rule optical:
        input:
            products=or_exit(
                lambda: [own(resolve(path)) for path in CONFIG.optical.products]
            ),
            scenes=[] if CONFIG.optical.products else [f"{RESOURCES}/sentinel2"],
        output:
            **layer_files(f"{RESULTS}/optical/{{frame}}", layers.OPTICAL),
            sidecar=f"{RESULTS}/optical/{{frame}}/optical.json",
        log:
            f"{LOGS}/optical/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/optical/{{frame}}.tsv"
        group:
            "ground"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(1500, 40),
            runtime=minutes(60, 5),
        params:
            grid=cell_grid,
            scale=CONFIG.optical.scale,
            offset=CONFIG.optical.offset,
            code=code("optical"),
        script:
            "../workflow_scripts/optical.py"


if LITHOLOGY_FILE:

    rule lithology:
        input:
            map=(
                [own(or_exit(lambda: resolve(CONFIG.lithology.file)))]
                if CONFIG.lithology.file
                else []
            ),
        output:
            lithology=f"{RESULTS}/lithology/{{frame}}/lithology.tif",
            legend=f"{RESULTS}/lithology/{{frame}}/legend.csv",
            sidecar=f"{RESULTS}/lithology/{{frame}}/lithology.json",
        log:
            f"{LOGS}/lithology/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/lithology/{{frame}}.tsv"
        group:
            "ground"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(1500, 20),
            runtime=minutes(30, 5),
        params:
            grid=cell_grid,
            layer=CONFIG.lithology.layer,
            attribute=CONFIG.lithology.attribute,
            classes=CONFIG.lithology.classes,
            code=code("lithology"),
        script:
            "../workflow_scripts/lithology.py"

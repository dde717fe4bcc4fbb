# What is downloaded for a real region: products and orbits of the dates in the scene table, a DEM, Sentinel-2 scenes.
# Addresses, logins and patience are resources: they decide nothing about a product, and others make nothing again.

if ARCHIVE:

    # Files arrive in archive/ and orbits/, which no job removes: a failed job, a new version and a better orbit cost no second download.
    rule retrieve_slc:
        output:
            slc=directory(slc_folder("{stack}", "{date}")),
            sidecar=f"{RESOURCES}/slc/{{stack}}/{{date}}.json",
        log:
            f"{LOGS}/retrieve_slc/{{stack}}/{{date}}.log",
        benchmark:
            f"{BENCHMARKS}/retrieve_slc/{{stack}}/{{date}}.tsv"
        localrule: True
        conda:
            "../envs/retrieve.yaml"
        resources:
            **RETRIEVE_ACCESS,
            addresses=lambda wildcards: addresses_of(wildcards.stack, wildcards.date),
            mem_mb=memory(1000),
            runtime=240,
        params:
            archive=ARCHIVE,
            granules=lambda wildcards: granules_of(wildcards.stack, wildcards.date),
            store=f"{RESOURCES}/archive",
            orbit_folder=f"{RESOURCES}/orbits",
            code=code("retrieve_slc"),
        script:
            "../workflow_scripts/retrieve_slc.py"


if DEM_MODEL:

    rule retrieve_dem:
        output:
            dem=f"{RESOURCES}/dem_m.tif",
            sidecar=f"{RESOURCES}/dem_m.json",
        log:
            f"{LOGS}/retrieve_dem.log",
        benchmark:
            f"{BENCHMARKS}/retrieve_dem.tsv"
        localrule: True
        conda:
            "../envs/retrieve.yaml"
        resources:
            **RETRIEVE_ACCESS,
            dem_address=getattr(CONFIG.retrieve, f"dem_{DEM_MODEL}"),
            geoid_address=getattr(CONFIG.retrieve, f"geoid_{MODELS[DEM_MODEL].geoid}"),
            mem_mb=memory(2000, 60),
            runtime=60,
        params:
            model=DEM_MODEL,
            grid=GRID,
            margin_m=CONFIG.grid.margin_m,
            store=f"{RESOURCES}/archive/dem",
            code=code("retrieve_dem"),
        script:
            "../workflow_scripts/retrieve_dem.py"


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
            "../envs/retrieve.yaml"
        resources:
            **RETRIEVE_ACCESS,
            stac=CONFIG.retrieve.stac,
            mem_mb=memory(1500, 100),
            runtime=120,
        params:
            grid=GRID,
            collection=CONFIG.retrieve.sentinel2_collection,
            start=CONFIG.retrieve.sentinel2_start,
            end=CONFIG.retrieve.sentinel2_end,
            max_cloud=CONFIG.retrieve.sentinel2_cloud,
            per_tile=CONFIG.retrieve.sentinel2_scenes,
            store=f"{RESOURCES}/archive/sentinel2",
            code=code("retrieve_optical"),
        script:
            "../workflow_scripts/retrieve_optical.py"

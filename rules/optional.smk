# Optional inputs on the region grid: reflectances of Sentinel-2 and rock classes of a geological map (P3 2.2; C07, C08).


# The products of the user, or the scenes that retrieve_optical found.
if CONFIG.optical.products or CONFIG.retrieve.sentinel2:

    rule optical:
        input:
            products=or_exit(
                lambda: [own(resolve(path)) for path in CONFIG.optical.products]
            ),
            scenes=[] if CONFIG.optical.products else [f"{RESOURCES}/sentinel2"],
        output:
            **layers_of(f"{RESULTS}/optical", OPTIONAL["optical"]),
            sidecar=f"{RESULTS}/optical/optical.json",
        log:
            f"{LOGS}/optical.log",
        benchmark:
            f"{BENCHMARKS}/optical.tsv"
        group:
            "ground"
        conda:
            "../envs/insar.yaml"
        resources:
            mem_mb=memory(1500, 40),
            runtime=minutes(60, 5),
        params:
            grid=GRID,
            scale=CONFIG.optical.scale,
            offset=CONFIG.optical.offset,
            code=code("optical"),
        script:
            "../workflow_scripts/optical.py"

elif CONFIG.source == "simulated":

    rule simulate_optical:
        input:
            world=f"{TRUTH}/world.npz",
        output:
            **layers_of(f"{RESULTS}/optical", OPTIONAL["optical"]),
            sidecar=f"{RESULTS}/optical/simulate_optical.json",
        log:
            f"{LOGS}/simulate_optical.log",
        benchmark:
            f"{BENCHMARKS}/simulate_optical.tsv"
        group:
            "ground"
        conda:
            "../envs/simulate.yaml"
        resources:
            mem_mb=memory(1000, 400),
            runtime=minutes(20, 5),
        params:
            seed=CONFIG.simulation.seed,
            code=code("simulate_optical"),
        script:
            "../workflow_scripts/simulate_optical.py"


if CONFIG.lithology.file:

    rule lithology:
        input:
            map=own(or_exit(lambda: resolve(CONFIG.lithology.file))),
        output:
            lithology=f"{RESULTS}/lithology/lithology.tif",
            legend=f"{RESULTS}/lithology/legend.csv",
            sidecar=f"{RESULTS}/lithology/lithology.json",
        log:
            f"{LOGS}/lithology.log",
        benchmark:
            f"{BENCHMARKS}/lithology.tsv"
        group:
            "ground"
        conda:
            "../envs/inventory.yaml"
        resources:
            mem_mb=memory(1500, 20),
            runtime=minutes(30, 5),
        params:
            grid=GRID,
            layer=CONFIG.lithology.layer,
            attribute=CONFIG.lithology.attribute,
            classes=CONFIG.lithology.classes,
            code=code("lithology"),
        script:
            "../workflow_scripts/lithology.py"

elif CONFIG.source == "simulated":

    rule simulate_lithology:
        input:
            world=f"{TRUTH}/world.npz",
        output:
            lithology=f"{RESULTS}/lithology/lithology.tif",
            sidecar=f"{RESULTS}/lithology/simulate_lithology.json",
        log:
            f"{LOGS}/simulate_lithology.log",
        benchmark:
            f"{BENCHMARKS}/simulate_lithology.tsv"
        group:
            "ground"
        conda:
            "../envs/simulate.yaml"
        resources:
            mem_mb=memory(1000, 400),
            runtime=minutes(20, 5),
        params:
            seed=CONFIG.simulation.seed,
            code=code("simulate_lithology"),
        script:
            "../workflow_scripts/simulate_lithology.py"

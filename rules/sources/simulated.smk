# A simulated region: terrain, landslides and atmosphere, then SAFE products of every stack, treated
# from here on as downloaded.
SCATTERING = GRAPH.leaves(
    "simulation",
    "scattering",
    "snow_drop_m",
    "fading_mm_per_yr",
    "season_mm_per_km",
)


rule simulate_world:
    input:
        ground=[own(path) for path in or_exit(GRAPH.ground_file)],
    output:
        world=f"{TRUTH}/world.npz",
        landslides=f"{TRUTH}/landslides.gpkg",
        decoys=f"{TRUTH}/decoys.gpkg",
        dem=f"{RESOURCES}/dem_m.tif",
        sidecar=f"{TRUTH}/world.json",
    log:
        f"{LOGS}/simulate_world.log",
    benchmark:
        f"{BENCHMARKS}/simulate_world.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(1000, 1500),
        runtime=minutes(10, 31),
    params:
        **GRAPH.leaves("grid", "dem_vertical", "geoid_m", rule="simulate_world"),
        grid=cell_grid,
        margin_m=CONFIG.grid.dem_margin_m,
        seed=CONFIG.simulation.seed,
        snowline_m=CONFIG.simulation.snowline_m,
        library_dem=GRAPH.library_dem,
        landslides=CONFIG.simulation.landslides,
        code=code("simulate_world"),
    script:
        "../../workflow_scripts/simulate_world.py"


# One job for the first acquisitions of each stack; the outputs are named by dates, which differ
# between stacks.
for stack in CONFIG.stacks:

    rule:
        name:
            f"simulate_stack_{stack}"
        input:
            world=rules.simulate_world.output.world,
        output:
            slc=[
                directory(GRAPH.paths.slc(stack, date))
                for date in SCENES.first_dates(stack)
            ],
            atmosphere=[
                f"{TRUTH}/{stack}/{date}.true_atmosphere_mm.tif"
                for date in SCENES.first_dates(stack)
            ],
            los_rate=f"{TRUTH}/{stack}/true_los_rate_mm_per_yr.tif",
            observable=f"{TRUTH}/{stack}/true_observable.tif",
            sidecar=f"{TRUTH}/{stack}/simulate_stack.json",
        log:
            f"{LOGS}/simulate_stack/{stack}.log",
        benchmark:
            f"{BENCHMARKS}/simulate_stack/{stack}.tsv"
        conda:
            "../../envs/geo.yaml"
        resources:
            mem_mb=memory(2000, 100),
            runtime=minutes(10, 42, len(SCENES.first_dates(stack))),
        params:
            **SCATTERING,
            grid=cell_grid,
            seed=CONFIG.simulation.seed,
            stack=stack,
            dates=SCENES.first_dates(stack),
            code=code("simulate_stack"),
        script:
            "../../workflow_scripts/simulate_stack.py"


# An acquisition that arrives later is simulated on its own, with the same bytes as in a longer run.
rule simulate_date:
    input:
        world=rules.simulate_world.output.world,
    output:
        slc=directory(GRAPH.paths.slc("{stack}", "{date}")),
        atmosphere=f"{TRUTH}/{{stack}}/{{date}}.true_atmosphere_mm.tif",
    log:
        f"{LOGS}/simulate_date/{{stack}}/{{date}}.log",
    benchmark:
        f"{BENCHMARKS}/simulate_date/{{stack}}/{{date}}.tsv"
    wildcard_constraints:
        date="|".join(SCENES.later_dates()) or "none",
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2000, 100),
        runtime=minutes(10, 42),
    params:
        **SCATTERING,
        grid=cell_grid,
        seed=CONFIG.simulation.seed,
        code=code("simulate_date"),
    script:
        "../../workflow_scripts/simulate_date.py"


# Reflectances of Sentinel-2 and rock classes, where no files of the user take their place (P3 2.2;
# C07, C08).
if not (CONFIG.optical.products or CONFIG.retrieve.sentinel2):

    rule simulate_optical:
        input:
            world=rules.simulate_world.output.world,
        output:
            **layer_files(f"{RESULTS}/optical/{{frame}}", layers.OPTICAL),
            sidecar=f"{RESULTS}/optical/{{frame}}/simulate_optical.json",
        log:
            f"{LOGS}/simulate_optical/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/simulate_optical/{{frame}}.tsv"
        group:
            "ground"
        conda:
            "../../envs/geo.yaml"
        resources:
            mem_mb=memory(1000, 400),
            runtime=minutes(20, 5),
        params:
            seed=CONFIG.simulation.seed,
            code=code("simulate_optical"),
        script:
            "../../workflow_scripts/simulate_optical.py"


if not CONFIG.lithology.file:

    rule simulate_lithology:
        input:
            world=rules.simulate_world.output.world,
        output:
            lithology=f"{RESULTS}/lithology/{{frame}}/lithology.tif",
            sidecar=f"{RESULTS}/lithology/{{frame}}/simulate_lithology.json",
        log:
            f"{LOGS}/simulate_lithology/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/simulate_lithology/{{frame}}.tsv"
        group:
            "ground"
        conda:
            "../../envs/geo.yaml"
        resources:
            mem_mb=memory(1000, 400),
            runtime=minutes(20, 5),
        params:
            seed=CONFIG.simulation.seed,
            code=code("simulate_lithology"),
        script:
            "../../workflow_scripts/simulate_lithology.py"

# A simulated region: terrain, landslides and atmosphere, then SAFE products of every stack, treated from here on as downloaded.


rule simulate_world:
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
        "../envs/simulate.yaml"
    resources:
        mem_mb=memory(1000, 1500),
        runtime=minutes(10, 31),
    params:
        grid=GRID,
        margin_m=CONFIG.grid.margin_m,
        seed=CONFIG.simulation.seed,
        snowline_m=CONFIG.simulation.snowline_m,
        code=code("simulate_world"),
    script:
        "../workflow_scripts/simulate_world.py"


# One job for the first acquisitions of each stack; the outputs are named by dates, which differ between stacks.
for stack in CONFIG.stacks:

    rule:
        name:
            f"simulate_stack_{stack}"
        input:
            world=rules.simulate_world.output.world,
        output:
            slc=[
                directory(slc_folder(stack, date))
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
            "../envs/simulate.yaml"
        resources:
            mem_mb=memory(1000, 6000),
            runtime=minutes(10, 42, len(SCENES.first_dates(stack))),
        params:
            grid=GRID,
            seed=CONFIG.simulation.seed,
            stack=stack,
            dates=SCENES.first_dates(stack),
            code=code("simulate_stack"),
        script:
            "../workflow_scripts/simulate_stack.py"


# An acquisition that arrives later is simulated on its own, with the same bytes as in a longer run.
rule simulate_date:
    input:
        world=rules.simulate_world.output.world,
    output:
        slc=directory(slc_folder("{stack}", "{date}")),
        atmosphere=f"{TRUTH}/{{stack}}/{{date}}.true_atmosphere_mm.tif",
    log:
        f"{LOGS}/simulate_date/{{stack}}/{{date}}.log",
    benchmark:
        f"{BENCHMARKS}/simulate_date/{{stack}}/{{date}}.tsv"
    wildcard_constraints:
        date="|".join(SCENES.arrived()) or "none",
    conda:
        "../envs/simulate.yaml"
    resources:
        mem_mb=memory(1000, 6000),
        runtime=minutes(10, 42),
    params:
        grid=GRID,
        seed=CONFIG.simulation.seed,
        code=code("simulate_date"),
    script:
        "../workflow_scripts/simulate_date.py"

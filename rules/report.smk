# Scores against the planted truth of a simulated region, and the report.

SIMULATED = CONFIG.source == "simulated"
# Scores of the benchmark, where the workflow has the repository's documentation.
SCORES_TABLES = Path(workflow.basedir) / "studies/records/benchmark.json"
PUBLISHED = (
    [own(str(SCORES_TABLES))] if CONFIG.paper and SCORES_TABLES.is_file() else []
)
LAST_PAIR = {stack: pairs(stack)[-1:] for stack in CONFIG.stacks}


rule report:
    input:
        **layers_of(f"{RESULTS}/terrain", [*TERRAIN, "hillshade"]),
        current=CURRENT,
        candidates=f"{RESULTS}/inventory/candidates.gpkg",
        weights=lambda wildcards: weights_file(),
        scores=[f"{RESULTS}/report/scores.json"] if SIMULATED else [],
        planted=[f"{RESULTS}/report/planted.gpkg"] if SIMULATED else [],
        amplitude=(
            every(f"{STACK}/amplitude/mean_amplitude_db.tif") if WITH_AMPLITUDE else []
        ),
        avg_phase=every(f"{STACK}/averaging/avg_phase_rad.tif"),
        los_rate=every(f"{RATES}/los_rate_mm_per_yr.tif"),
        los_rate_std=every(f"{RATES}/los_rate_std_mm_per_yr.tif"),
        mean_coherence=every(f"{RATES}/mean_coherence.tif"),
        reference=every(f"{RATES}/reference.json"),
        closure_rms=every(f"{STACK}/quality/closure_rms_rad.tif"),
        unwrap_errors=every(f"{STACK}/quality/unwrap_error_count.tif"),
        phase_bias=every(f"{STACK}/quality/phase_bias_flag.tif"),
        observable=every(f"{STACK}/observability/observable_class.tif"),
        probability=every(f"{SEGMENT}/probability.tif"),
        wrapped=[
            path
            for stack in CONFIG.stacks
            for path in ifg(stack, LAST_PAIR[stack], "wrapped_rad.tif")
        ],
        coherence=[
            path
            for stack in CONFIG.stacks
            for path in ifg(stack, LAST_PAIR[stack], "cor.tif")
        ],
        incidence=every(f"{STACK}/geometry/incidence_deg.tif") if CONFIG.paper else [],
        heading=every(f"{STACK}/geometry/heading_deg.tif") if CONFIG.paper else [],
        published=PUBLISHED,
        pairs=[
            path
            for stack in CONFIG.stacks
            for path in ifg(stack, pairs(stack), "json")
        ],
    output:
        html=f"{RESULTS}/report/report.html",
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{BENCHMARKS}/report.tsv"
    group:
        "inventory"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1500, 300),
        runtime=minutes(10, 43),
    params:
        region=REGION,
        grid=GRID,
        stacks=CONFIG.stacks,
        engine=ENGINE,
        method=METHOD,
        simulated=SIMULATED,
        settings=settings(CONFIG),
        paper=CONFIG.paper,
        assumptions=CONFIG.assumptions,
        assumed=CONFIG.assumed(),
        benchmarks=BENCHMARKS,
        page=page_digest(),
        code=code("report"),
    script:
        "../workflow_scripts/report.py"


if SIMULATED:

    rule score:
        input:
            current=CURRENT,
            planted=f"{TRUTH}/landslides.gpkg",
            decoys=f"{TRUTH}/decoys.gpkg",
            true_los_rate=every(f"{TRUTH}/{{stack}}/true_los_rate_mm_per_yr.tif"),
            observable=every(f"{TRUTH}/{{stack}}/true_observable.tif"),
            atmosphere=[
                f"{TRUTH}/{stack}/{date}.true_atmosphere_mm.tif"
                for stack in CONFIG.stacks
                for date in dates(stack)
            ],
            los_rate=every(f"{RATES}/los_rate_mm_per_yr.tif"),
            los_rate_std=every(f"{RATES}/los_rate_std_mm_per_yr.tif"),
            mean_coherence=every(f"{RATES}/mean_coherence.tif"),
            stable_ground=every(f"{RATES}/stable_ground.tif"),
            probability=every(f"{SEGMENT}/probability.tif"),
            elevation=f"{RESULTS}/terrain/elevation_m.tif",
            coherence=[
                path
                for stack in CONFIG.stacks
                for path in ifg(stack, pairs(stack), "cor.tif")
            ],
            conncomp=[
                path
                for stack in CONFIG.stacks
                for path in ifg(stack, pairs(stack), "conncomp.tif")
            ],
            pairs=[
                path
                for stack in CONFIG.stacks
                for path in ifg(stack, pairs(stack), "json")
            ],
        output:
            scores=f"{RESULTS}/report/scores.json",
            planted=f"{RESULTS}/report/planted.gpkg",
        log:
            f"{LOGS}/score.log",
        benchmark:
            f"{BENCHMARKS}/score.tsv"
        group:
            "inventory"
        conda:
            "../envs/inventory.yaml"
        resources:
            mem_mb=memory(1500, 300),
            runtime=minutes(10, 44),
        params:
            grid=GRID,
            stacks=CONFIG.stacks,
            dates={stack: dates(stack) for stack in CONFIG.stacks},
            pairs={stack: pairs(stack) for stack in CONFIG.stacks},
            threshold=CONFIG.inventory.threshold,
            method=METHOD,
            rates=RATE_SETTINGS | ATMOSPHERE | {"weighting": CONFIG.rates.weighting},
            code=code("score"),
        script:
            "../workflow_scripts/score.py"

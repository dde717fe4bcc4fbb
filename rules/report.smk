# Scores against the planted truth of a simulated region, and the report.

# Scores of the networks' benchmark, where the workflow lies in a checkout.
SCORES_TABLES = Path(workflow.basedir) / "studies/records/benchmark.json"
PUBLISHED = str(SCORES_TABLES) if CONFIG.paper and SCORES_TABLES.is_file() else ""
TERRAIN_OF_REGION = GRAPH.map_of(TERRAIN)


rule report:
    input:
        unpack(paper_inputs),
        unpack(made_factors),
        **layer_files(TERRAIN_OF_REGION, [*layers.TERRAIN, "hillshade"]),
        **(
            {
                "los_rate": GRAPH.maps(f"{RATES}/los_rate_mm_per_yr.tif"),
                "los_rate_std": GRAPH.maps(f"{RATES}/los_rate_std_mm_per_yr.tif"),
                "closure_rms": GRAPH.maps(f"{STACK}/quality/closure_rms_rad.tif"),
                "unwrap_errors": GRAPH.maps(f"{STACK}/quality/unwrap_error_count.tif"),
            }
            if GRAPH.method.has_rates
            else {}
        ),
        current=RELEASED,
        candidates=f"{RESULTS}/inventory/candidates.gpkg",
        weights=own_weights,
        scores=[f"{RESULTS}/report/scores.json"] if GRAPH.simulated else [],
        planted=[f"{RESULTS}/report/planted.gpkg"] if GRAPH.simulated else [],
        external=(
            [
                f"{RESULTS}/report/external_scores.json",
                f"{RESULTS}/report/external.gpkg",
            ]
            if GRAPH.compared
            else []
        ),
        amplitude=(
            GRAPH.maps(f"{STACK}/amplitude/mean_amplitude_db.tif")
            if GRAPH.engine.amplitude
            else []
        ),
        avg_phase=GRAPH.maps(f"{STACK}/averaging/avg_phase_rad.tif"),
        mean_coherence=GRAPH.maps(f"{RATES}/mean_coherence.tif"),
        reference=GRAPH.every(f"{RATES}/reference.json"),
        phase_bias=GRAPH.maps(f"{STACK}/quality/phase_bias_flag.tif"),
        observable=GRAPH.maps(f"{STACK}/observability/observable_class.tif"),
        probability=GRAPH.maps(f"{SEGMENT}/probability.tif"),
        network_maps=(
            GRAPH.every(f"{NETWORKS}/comparison.png")
            if CONFIG.segmentation.beside
            else []
        ),
        wrapped=GRAPH.every_pair("wrapped", GRAPH.last_pairs),
        coherence=GRAPH.every_pair("coherence", GRAPH.last_pairs),
        incidence=(
            GRAPH.maps(f"{STACK}/geometry/incidence_deg.tif") if CONFIG.paper else []
        ),
        heading=GRAPH.maps(f"{STACK}/geometry/heading_deg.tif") if CONFIG.paper else [],
        pairs=GRAPH.every_pair("sidecars"),
    output:
        html=report(
            f"{RESULTS}/report/report.html",
            caption="captions/report.rst",
            category="Inventory",
        ),
        project=f"{RESULTS}/report/region.qgs",
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{BENCHMARKS}/report.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 300),
        runtime=minutes(10, 43),
        published=PUBLISHED,
    params:
        region=CONFIG.region,
        grid=cell_grid,
        stacks=CONFIG.stacks,
        engine=GRAPH.engine.name,
        method=GRAPH.method.name,
        simulated=GRAPH.simulated,
        settings=shown_settings,
        paper=CONFIG.paper,
        assumptions=CONFIG.assumptions,
        assumed=CONFIG.assumed(),
        benchmarks=BENCHMARKS,
        flow=FLOW,
        ranked=lambda wildcards: ranked_stacks(),
        network=network_parameter,
        # Its hash, not its path, which is that of the workflow.
        published_sha256=sha256(PUBLISHED) if PUBLISHED else "",
        page=page_digest(),
        code=code("report"),
    script:
        "../workflow_scripts/report.py"


if GRAPH.simulated:
    # What the error of the rates is found from.
    SCORED_RATES = {
        "atmosphere": [
            f"{TRUTH}/{stack}/{date}.true_atmosphere_mm.tif"
            for stack in CONFIG.stacks
            for date in GRAPH.dates(stack)
        ],
        "los_rate": GRAPH.maps(f"{RATES}/los_rate_mm_per_yr.tif"),
        "los_rate_std": GRAPH.maps(f"{RATES}/los_rate_std_mm_per_yr.tif"),
        "mean_coherence": GRAPH.maps(f"{RATES}/mean_coherence.tif"),
        "stable_ground": GRAPH.maps(f"{RATES}/stable_ground.tif"),
        "elevation": f"{TERRAIN_OF_REGION}/elevation_m.tif",
        "coherence": GRAPH.every_pair("coherence"),
        "conncomp": GRAPH.every_pair("conncomp"),
        "pairs": GRAPH.every_pair("sidecars"),
    }

    rule score:
        input:
            **(SCORED_RATES if GRAPH.method.has_rates else {}),
            current=RELEASED,
            planted=f"{TRUTH}/landslides.gpkg",
            decoys=f"{TRUTH}/decoys.gpkg",
            true_los_rate=GRAPH.maps(f"{TRUTH}/{{stack}}/true_los_rate_mm_per_yr.tif"),
            observable=GRAPH.maps(f"{TRUTH}/{{stack}}/true_observable.tif"),
            probability=GRAPH.maps(f"{SEGMENT}/probability.tif"),
        output:
            scores=report(
                f"{RESULTS}/report/scores.json",
                caption="captions/scores.rst",
                category="Inventory",
            ),
            planted=f"{RESULTS}/report/planted.gpkg",
        log:
            f"{LOGS}/score.log",
        benchmark:
            f"{BENCHMARKS}/score.tsv"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(1500, 300),
            runtime=minutes(10, 44),
        params:
            grid=cell_grid,
            stacks=CONFIG.stacks,
            dates={stack: GRAPH.dates(stack) for stack in CONFIG.stacks},
            pairs={stack: GRAPH.pairs(stack) for stack in CONFIG.stacks},
            threshold=CONFIG.inventory.threshold,
            method=GRAPH.method.name,
            # Of methods whose error is predicted from them.
            rates=rate_settings("score") if GRAPH.method.predicts_error else {},
            code=code("score"),
        script:
            "../workflow_scripts/score.py"

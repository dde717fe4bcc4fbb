# Scores against the planted truth of a simulated region, and the report; of a region of several
# frames from their mosaics, where layers are not taken frame by frame.

# Scores of the networks' benchmark, where the workflow lies in a checkout.
SCORES_TABLES = Path(workflow.basedir) / "studies/records/benchmark.json"
PUBLISHED = str(SCORES_TABLES) if CONFIG.paper and SCORES_TABLES.is_file() else ""
TERRAIN_OF_REGION = GRAPH.map_of(TERRAIN)
MAPS_OF_NETWORKS = GRAPH.map_of(NETWORKS)
LARGEST_FRAME = max(
    (GRAPH.frame(name).grid for name in GRAPH.frames),
    key=lambda grid: grid.rows * grid.cols,
).to_dict()


rule compare_networks:
    input:
        probability=[
            f"{MAPS_OF_NETWORKS}/{name}/probability.tif" for name in NETWORK.names
        ],
        planted=[f"{RESULTS}/report/planted.gpkg"] if GRAPH.simulated else [],
    output:
        figure=report(
            f"{MAPS_OF_NETWORKS}/comparison.png",
            caption="captions/networks.rst",
            category="Maps",
        ),
    log:
        f"{LOGS}/compare_networks/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/compare_networks/{{stack}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        # Maps are read as coarse as a screen shows them.
        mem_mb=memory(1500),
        runtime=minutes(10),
    params:
        networks=list(NETWORK.names),
        code=code("compare_networks"),
    script:
        "../workflow_scripts/compare_networks.py"


rule report:
    input:
        unpack(paper_inputs),
        unpack(made_factors),
        unpack(made_series),
        **layer_files(TERRAIN_OF_REGION, [*layers.TERRAIN, "hillshade"]),
        **(
            {
                "los_rate": GRAPH.maps(f"{RATES}/los_rate_mm_per_yr.tif"),
                "los_rate_std": GRAPH.maps(f"{RATES}/los_rate_std_mm_per_yr.tif"),
                "sensitivity": GRAPH.maps(
                    f"{STACK}/observability/downslope_sensitivity.tif"
                ),
            }
            if GRAPH.method.has_rates
            else {}
        ),
        **(
            {
                "closure_rms": GRAPH.maps(f"{STACK}/quality/closure_rms_rad.tif"),
                "unwrap_errors": GRAPH.maps(f"{STACK}/quality/unwrap_error_count.tif"),
            }
            if GRAPH.method.has_rates and GRAPH.engine.pairs
            else {}
        ),
        **(
            {
                "avg_phase": GRAPH.maps(f"{STACK}/averaging/avg_phase_rad.tif"),
                "phase_bias": GRAPH.maps(f"{STACK}/quality/phase_bias_flag.tif"),
            }
            if GRAPH.engine.pairs
            else {"products": GRAPH.every(f"{RATES}/ingest_displacement.json")}
        ),
        current=RELEASED,
        motion=(
            GRAPH.every(rules.object_motion.output.motion)
            if GRAPH.method.has_rates
            else []
        ),
        timeseries=(
            GRAPH.every(f"{RATES}/timeseries.nc")
            if GRAPH.method.has_series and not CONFIG.grid.in_frames
            else []
        ),
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
        mean_coherence=GRAPH.maps(f"{RATES}/mean_coherence.tif"),
        reference=GRAPH.every(f"{RATES}/reference.json"),
        levels=LEVELS,
        observable=GRAPH.maps(f"{STACK}/observability/observable_class.tif"),
        probability=GRAPH.maps(f"{SEGMENT}/probability.tif"),
        network_maps=(
            GRAPH.maps(f"{NETWORKS}/comparison.png")
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
        files=directory(f"{RESULTS}/report/report_files"),
        project=f"{RESULTS}/report/region.qgs",
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{BENCHMARKS}/report.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        # Layers are read as coarse as a screen shows them. Measured with 300 million cells and two
        # tracks: 1.2 GB.
        mem_mb=memory(1500 + 300 * len(CONFIG.stacks)),
        runtime=minutes(15),
        published=PUBLISHED,
    params:
        region=CONFIG.region,
        grid=cell_grid,
        stacks=CONFIG.stacks,
        frames={
            name: {
                "core": GRAPH.frame(name).core.to_dict(),
                "stacks": GRAPH.stacks_of(name),
            }
            for name in GRAPH.frames
        },
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
        base_map=CONFIG.report.model_dump(),
        # Its hash, not its path, which is that of the workflow.
        published_sha256=sha256(PUBLISHED) if PUBLISHED else "",
        page=page_digest(),
        code=code("report"),
    script:
        "../workflow_scripts/report.py"


if GRAPH.simulated:
    # What the error of the rates is found from, frame by frame; the levelled map and its zero beside it.
    SCORED_RATES = {
        "atmosphere": [
            f"{TRUTH}/{stack}/{date}.true_atmosphere_mm.tif"
            for stack in CONFIG.stacks
            for date in GRAPH.dates(stack)
        ],
        "los_rate": GRAPH.every(f"{RATES}/los_rate_mm_per_yr.tif"),
        "los_rate_std": GRAPH.every(f"{RATES}/los_rate_std_mm_per_yr.tif"),
        "mean_coherence": GRAPH.every(f"{RATES}/mean_coherence.tif"),
        "stable_ground": GRAPH.every(f"{RATES}/stable_ground.tif"),
        "elevation": [
            f"{TERRAIN}/elevation_m.tif".format(frame=frame)
            for stack in CONFIG.stacks
            for frame in GRAPH.frames_of(stack)
        ],
        "levelled": (
            GRAPH.maps(f"{RATES}/los_rate_mm_per_yr.tif")
            if CONFIG.grid.in_frames
            else []
        ),
        "levels": (
            GRAPH.maps(f"{RATES}/level_frames.json") if CONFIG.grid.in_frames else []
        ),
        **{
            kind: [
                path
                for stack in CONFIG.stacks
                for frame in GRAPH.frames_of(stack)
                for path in GRAPH.pair_inputs([kind], stack, frame)[kind]
            ]
            for kind in ("coherence", "conncomp")
        },
        "pairs": GRAPH.every_pair("sidecars"),
    }

    rule score:
        input:
            **(SCORED_RATES if GRAPH.method.has_rates else {}),
            current=RELEASED,
            planted=f"{TRUTH}/landslides.gpkg",
            decoys=f"{TRUTH}/decoys.gpkg",
            true_los_rate=[
                f"{TRUTH}/{stack}/true_los_rate_mm_per_yr.tif"
                for stack in CONFIG.stacks
            ],
            observable=[
                f"{TRUTH}/{stack}/true_observable.tif" for stack in CONFIG.stacks
            ],
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
            # One frame of one stack at a time, of all its dates; maps of the region by blocks.
            mem_mb=memory(1500, 300, lambda wildcards: LARGEST_FRAME),
            runtime=minutes(10, 44),
        params:
            grid=cell_grid,
            stacks=CONFIG.stacks,
            frames={
                stack: {
                    name: GRAPH.frame(name).to_dict()
                    for name in GRAPH.frames_of(stack)
                }
                for stack in CONFIG.stacks
            },
            # Ground that is not scored.
            left_out=[
                GRAPH.frame(name).core.to_dict()
                for name in CONFIG.inventory.without_frames
            ],
            dates={stack: GRAPH.dates(stack) for stack in CONFIG.stacks},
            pairs={stack: GRAPH.pairs(stack) for stack in CONFIG.stacks},
            threshold=CONFIG.inventory.threshold,
            method=GRAPH.method.name,
            # Of methods whose error is predicted from them.
            rates=rate_settings("score") if GRAPH.method.predicts_error else {},
            code=code("score"),
        script:
            "../workflow_scripts/score.py"

# The release against an inventory of others and against field checks: `evaluation` of the
# configuration.


rule score_external:
    input:
        **{
            name: [own(path) for path in paths]
            for name, paths in or_exit(GRAPH.external_files).items()
        },
        current=RELEASED,
        observable=GRAPH.maps(f"{STACK}/observability/observable_class.tif"),
    output:
        scores=report(
            f"{RESULTS}/report/external_scores.json",
            caption="captions/external_scores.rst",
            category="Inventory",
        ),
        matches=f"{RESULTS}/report/external_matches.csv",
        objects=f"{RESULTS}/report/external.gpkg",
    log:
        f"{LOGS}/score_external.log",
    benchmark:
        f"{BENCHMARKS}/score_external.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        # Of the map of observability, the windows of the objects.
        mem_mb=memory(1500),
        runtime=minutes(10),
    params:
        **GRAPH.leaves(
            "evaluation",
            *("layer", "name_column", "class_column", "complete", "match_iou"),
            *("min_area_km2", "seen_column"),
        ),
        grid=cell_grid,
        stacks=[stack for stack in CONFIG.stacks if GRAPH.frames_of(stack)],
        code=code("score_external"),
    script:
        "../workflow_scripts/score_external.py"

# Engine `files`: interferograms that another processor made, brought to the engine contract.


rule ingest_files:
    input:
        unwrapped=lambda wildcards: [own(path) for path in SCENES.files("unwrapped")],
        coherence=lambda wildcards: [own(path) for path in SCENES.files("coherence")],
        baselines=lambda wildcards: [own(path) for path in SCENES.files("baselines")],
        line_of_sight=lambda wildcards: [
            own(path) for path in SCENES.files("line_of_sight")
        ],
        metadata=lambda wildcards: [own(path) for path in SCENES.files("metadata")],
        headers=lambda wildcards: [own(path) for path in SCENES.files("headers")],
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        wrapped=files_of("wrapped"),
        unwrapped=files_of("unwrapped"),
        coherence=files_of("coherence"),
        conncomp=files_of("conncomp"),
        sidecars=files_of("sidecars"),
        geometry=list(layer_files(f"{STACK}/geometry", layers.GEOMETRY).values()),
    log:
        f"{LOGS}/ingest_files/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/ingest_files/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 250),
        runtime=minutes(30, 14, len(SCENES.pairs)),
    params:
        grid=cell_grid,
        pairs=SCENES.pairs,
        naming=CONFIG.files.naming,
        positive_phase=CONFIG.files.positive_phase,
        ionosphere=CONFIG.files.ionosphere,
        wavelength_m=CONFIG.files.wavelength_m,
        incidence_deg=CONFIG.files.incidence_deg,
        heading_deg=CONFIG.files.heading_deg,
        code=code("ingest_files"),
    script:
        "../../workflow_scripts/ingest_files.py"

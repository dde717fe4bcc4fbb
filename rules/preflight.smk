# `sarslide preflight`: what can be known before any job. Every run starts with the part of it that
# needs no network.


# Without an output, and without a benchmark, which counts as one: it runs each time it is requested.
rule preflight:
    log:
        f"{LOGS}/preflight.log",
        findings=f"{LOGS}/preflight.json",
    localrule: True
    conda:
        "../envs/geo.yaml"
    resources:
        **RETRIEVE_ACCESS | {"tries": 1},
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        **dem_addresses(CONFIG),
        # The whole configuration, as nowhere else: the rule makes nothing that could be outdated.
        config=CONFIG.model_dump(mode="json"),
        conda=IN_CONDA,
        online=bool(CONFIG.archive() or dem_model(CONFIG)),
        code=code("preflight"),
    script:
        "../workflow_scripts/preflight.py"

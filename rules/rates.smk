# From pairs to rates: the averaged phase (wrapped branch), phase and LOS rates (unwrapped branch),
# a rule file a method.
from sarslide.rates.methods import METHODS


rule average_phase:
    input:
        unpack(pair_inputs("coherence", "wrapped")),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(f"{STACK}/averaging", layers.AVERAGES),
        sidecar=f"{STACK}/averaging/average_phase.json",
    log:
        f"{LOGS}/average_phase/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/average_phase/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 400),
        runtime=minutes(10, 0.9, pairs),
    params:
        **rate_settings("average_phase"),
        grid=GRID,
        pairs=pairs,
        mean=CONFIG.rates.average,
        weighting=CONFIG.rates.average_weighting,
        code=code("average_phase"),
    script:
        "../workflow_scripts/average_phase.py"


for method in METHODS:

    include: f"rates/{method}.smk"

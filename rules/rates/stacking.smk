# Stacking (P4 eqs. 1 and 2), of all pairs of a stack and of those of a window.


rule stack_rates:
    input:
        unpack(unwrapped_pairs),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        loop_errors=LOOP_ERRORS,
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(f"{STACK}/stacking", layers.RATES),
        reference=f"{STACK}/stacking/reference.json",
        sidecar=f"{STACK}/stacking/stack_rates.json",
    log:
        f"{LOGS}/stack_rates/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/stack_rates/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=minutes(10, 0.6, pairs),
    params:
        **rate_settings("stack_rates"),
        grid=cell_grid,
        pairs=pairs,
        code=code("stack_rates"),
    script:
        "../../workflow_scripts/stack_rates.py"


# Only pairs with both dates inside the window; its outputs are the whole difference.
use rule stack_rates as window_rates with:
    output:
        **layer_files(f"{STACK}/windows/{{window}}", layers.RATES),
        reference=f"{STACK}/windows/{{window}}/reference.json",
        sidecar=f"{STACK}/windows/{{window}}/window_rates.json",
    log:
        f"{LOGS}/window_rates/{{stack}}/{{frame}}/{{window}}.log",
    benchmark:
        f"{BENCHMARKS}/window_rates/{{stack}}/{{frame}}/{{window}}.tsv"
    wildcard_constraints:
        window="|".join(CONFIG.rates.windows) or "none",

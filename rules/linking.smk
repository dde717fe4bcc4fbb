# Phase linking (engine native): the linked phases of the dates of a mini-stack, which its pairs are
# made of, and the compressed SLC that stands for it among later dates.


rule link_dates:
    input:
        unpack(linked_inputs),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
    output:
        phase=f"{STACK}/linked/{{ministack}}.linked_rad.tif",
        std=f"{STACK}/linked/{{ministack}}.linked_std_rad.tif",
        agreement=f"{STACK}/linked/{{ministack}}.linking_coherence.tif",
        compressed=f"{STACK}/linked/{{ministack}}.gslc.tif",
        sidecar=f"{STACK}/linked/{{ministack}}.json",
    log:
        f"{LOGS}/link_dates/{{stack}}/{{frame}}/{{ministack}}.log",
    benchmark:
        f"{BENCHMARKS}/link_dates/{{stack}}/{{frame}}/{{ministack}}.tsv"
    wildcard_constraints:
        ministack=names.DATE,
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(3000, 20 + 24 * CONFIG.interferogram.ministack),
        runtime=minutes(20, 50),
        device=CONFIG.slc.device,
    params:
        grid=cell_grid,
        linking=CONFIG.interferogram.linking,
        ministack=CONFIG.interferogram.ministack,
        code=code("link_dates"),
    script:
        "../workflow_scripts/link_dates.py"

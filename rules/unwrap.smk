# Unwrapping, for the engines that deliver wrapped pairs: one job for all pairs that end at a date.


for stack in CONFIG.stacks:
    for date in later_dates(stack):
        ending = pairs_ending(stack, date)

        rule:
            name:
                f"unwrap_{stack}_{date}"
            input:
                wrapped=ifg(stack, ending, "wrapped_rad.tif"),
                coherence=ifg(stack, ending, "cor.tif"),
                sidecars=ifg(stack, ending, "json"),
                layover_shadow=of_stack(stack, "geometry", "layover_shadow.tif"),
            output:
                unwrapped=ifg(stack, ending, "unw_rad.tif"),
                conncomp=ifg(stack, ending, "conncomp.tif"),
                sidecar=of_stack(stack, "ifg", f"{date}.unwrap.json"),
            log:
                f"{LOGS}/unwrap/{stack}/{date}.log",
            benchmark:
                f"{BENCHMARKS}/unwrap/{stack}/{date}.tsv"
            group:
                "pairs"
            conda:
                "../envs/insar.yaml"
            resources:
                mem_mb=memory(1500, 300),
                runtime=minutes(10, 14, len(ending)),
            params:
                pairs=ending,
                unwrapper=CONFIG.interferogram.unwrapper,
                alpha=CONFIG.interferogram.goldstein_alpha,
                window=CONFIG.interferogram.unwrap_window,
                phase=CONFIG.interferogram.unwrapped_phase,
                code=code("unwrap"),
            script:
                "../workflow_scripts/unwrap.py"

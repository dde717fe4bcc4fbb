# `snakemake preflight`: what can be known before any job. Every run starts with the part of it that needs no network.

from sarslide.preflight import checks
from sarslide.preflight.finding import ERROR, WARNING, as_text, errors

FOLDERS = {"resources": RESOURCES, "results": RESULTS}
IN_CONDA = bool(workflow.deployment_settings.deployment_method)
# What no job could make good; the rest of what is found is said, and the run goes on.
FATAL = ("input", "DEM", "weights", "tool")


def first_checks():
    """Say what the checks without a network find wrong; the end of Snakemake for what no job can make good."""
    path = Path(RESOURCES) / "scenes.csv"
    listed = scenes.read(path) if CONFIG.archive() and path.is_file() else []
    found = checks.cheap(
        CONFIG,
        SCENES,
        listed,
        {name: Path(folder) for name, folder in FOLDERS.items()},
        IN_CONDA,
    )
    wrong = [one for one in found if one.level in (ERROR, WARNING)]
    print("preflight:", as_text(wrong), file=sys.stderr)
    fatal = [
        f"{one.code} {one.found}; cure: {one.cure}"
        for one in errors(wrong)
        if one.check.startswith(FATAL)
    ]
    if SCENES.ready and fatal:
        sys.exit("\n".join(fatal))


# Without an output, and without a benchmark, which counts as one: whoever asks for it gets it done again.
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
        # The whole configuration, as nowhere else: the rule makes nothing that could be out of date.
        config=CONFIG.model_dump(mode="json"),
        folders=FOLDERS,
        conda=IN_CONDA,
        online=bool(CONFIG.archive() or dem_model(CONFIG)),
        code=code("preflight"),
    script:
        "../workflow_scripts/preflight.py"

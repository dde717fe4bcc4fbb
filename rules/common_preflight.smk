# What every run says before its first job: functions and names of preflight, no rules.
from sarslide.preflight import checks
from sarslide.preflight.finding import ERROR, WARNING, as_text, errors

FOLDERS = {"resources": RESOURCES, "results": RESULTS}
IN_CONDA = bool(workflow.deployment_settings.deployment_method)
# What no job could make good; the rest of what is found is said, and the run goes on.
HOPELESS = ("input", "DEM", "weights", "tool")


def first_checks():
    """Say what the checks without a network find wrong; the end of Snakemake for what no job can make good."""
    path = Path(RESOURCES) / "scenes.csv"
    listed = scenes.read(path) if ARCHIVE and path.is_file() else []
    found = checks.cheap(
        CONFIG,
        SCENES,
        listed,
        {name: Path(folder) for name, folder in FOLDERS.items()},
        IN_CONDA,
    )
    wrong = [one for one in found if one.level in (ERROR, WARNING)]
    print("preflight:", as_text(wrong), file=sys.stderr)
    hopeless = [
        f"{one.code} {one.found}; cure: {one.cure}"
        for one in errors(wrong)
        if one.check.startswith(HOPELESS)
    ]
    if SCENES.ready and hopeless:
        sys.exit("\n".join(hopeless))

"""preflight: configuration, scene table, folders, machine and archives -> a table of what is good
and what is not.

inputs: none; resources/{region}/scenes.csv is read where it is. outputs: none but the logs, which
outlive a failure: the table as text and as JSON. The job fails when there is an error.
"""

import sys

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.config import Config
    from sarslide.errors import ConfigError
    from sarslide.io.sidecar import write_json
    from sarslide.preflight import checks, machine, online
    from sarslide.preflight.finding import as_json, as_text, errors
    from sarslide.retrieve.access import Access

    params = snakemake.params
    config = Config.model_validate(params.config)
    findings = checks.of_region(config, conda=params.conda)
    findings += machine.versions() + machine.device(config)
    if params.online:
        access = Access.of(snakemake.resources)
        if not any(one.check.startswith("account") for one in errors(findings)):
            findings += online.archive(config, access, checks.listed(config))
        findings += online.dem(config, params.dem_address, params.geoid_address, access.connections)
    text = as_text(findings, "preflight")
    log.info("\n%s", text)
    sys.stderr.write(f"{text}\n")  # in one piece: the console writes, too
    write_json(snakemake.log.findings, as_json(findings))
    if wrong := errors(findings):
        codes = ", ".join(sorted({one.code for one in wrong}))
        raise ConfigError(f"region {config.region}: preflight refuses ({codes})", "correct each error of its table")


with job(snakemake) as log:
    main(snakemake, log)

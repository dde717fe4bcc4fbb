"""release: fused objects and the last release -> the next release, and the pointer to it.

inputs: fused candidates; per stack layover and shadow, mean coherence and number of pairs (what
could be seen); the reviewer's file and that of named landslides, if any. output: release.json,
which names the release below releases/ that this run made. The release folder itself is written
once, under a temporary name that is then renamed; neither it nor current.json, the pointer to the
current release, is a declared output: Snakemake removes those of a job that fails.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from pathlib import Path

    from sarslide.inventory import place_names, records, release, review
    from sarslide.inventory.changes import ChangeRules, known_ids, update
    from sarslide.inventory.observability import Observability, track_state
    from sarslide.inventory.tables import FUSED, rows_of
    from sarslide.io import raster, vector
    from sarslide.io.hashes import sha256
    from sarslide.io.sidecar import versions

    params, files = snakemake.params, snakemake.input
    made = Path(snakemake.output.release)
    releases = made.parent / records.RELEASES
    frame = vector.read(files.candidates, "candidates")
    decisions = review.read(files.review[0]) if files.review else {}

    release.repair(releases)
    if not params.allow_older:
        records.refuse_older(releases, params.release, params.dates)
    previous = release.predecessor(releases, params.release, frame.crs)
    log.info("release %s follows %s", params.release, previous.release or "none: it is the first")
    if decisions and not previous.release:
        log.warning(
            "the ids of the reviewer's file are taken as those of this first release; a wkt per row guards them"
        )

    grid = raster.grid_of(files.layover_shadow[0])
    evidence = zip(params.stacks, files.layover_shadow, files.mean_coherence, files.pair_count, strict=True)
    states = {
        stack: track_state(*(raster.read(path, grid) for path in paths), params.min_coherence)
        for stack, *paths in evidence
    }
    inventory = update(
        previous.inventory,
        rows_of(frame, FUSED, files.candidates),
        Observability(grid, states, params.snowline_m),
        decisions,
        params.release[:8],
        ChangeRules(match_iou=params.match_iou),
    )
    if files.names:
        places = place_names.read(files.names[0], params.names_column, params.names_m, frame.crs)
        place_names.give(inventory.layers, places)
    if files.review:
        review.check_ids(files.review[0], decisions, known_ids(previous.inventory) | known_ids(inventory))

    about = {
        "region": params.region,
        "stacks": params.stacks,
        "dates": params.dates,
        "scenes": params.scenes,
        "pairs": params.pairs,
        "parameters": params.settings,
        "code": params.code,
        "weights": params.weights,
        "review_sha256": sha256(files.review[0]) if files.review else None,
        "names_sha256": sha256(files.names[0]) if files.names else None,
        "versions": versions(),
    }
    manifest = release.publish(releases, params.release, previous.release, inventory, about, frame.crs)
    for row in inventory.changes:
        log.info("%s %s %s %s", row["ls_id"], row["change"], row["related"], row["detail"])
    log.info("%s: %s, content %s", manifest.release, manifest.counts, manifest.content_hash)
    for path in (made.with_name(records.POINTER), made):
        records.write_pointer(path, manifest)


with job(snakemake) as log:
    main(snakemake, log)

"""release: fused objects and the last release -> the next release, and the pointer to it.

inputs: fused candidates; per stack and frame layover and shadow, mean coherence and number of pairs
(what could be seen; read around lost objects alone); with rates the smallest speeds that can be
seen, of each frame (mm/yr, down the slope), which the release holds as rasters of the region, and
the mean rates and series of the objects in each track; the reviewer's file, that of named
landslides, and those of ground and what stands on it, if any (masks_NAME, land_cover,
exposure_NAME). output: release.json, which names the release below releases/ that this run
made. params: seen (frames by stack, in the order of the files), frames (all of the region),
without_frames (those that the release leaves out). The release folder itself is written once, under
a temporary name that is then renamed; neither it nor current.json,
the pointer to the current release, is a declared output: Snakemake removes those of a job that
fails.
"""

from pathlib import Path

from sarslide.workflow.job import job


def state_reader(paths, min_coherence: float):
    """What reads the states of a track in a part of a frame, of three of its layers."""
    from sarslide.grid import window_of
    from sarslide.inventory.observability import track_state
    from sarslide.io import raster

    grid = raster.grid_of(paths[0])
    for path in paths[1:]:
        raster.check_grid(path, grid)
    return lambda part: track_state(*(raster.read_block(path, *window_of(grid, part)) for path in paths), min_coherence)


def map_writer(speeds, frames, region, write_series):
    """What writes the smallest speeds of all frames into the folder of a release, and series."""
    from sarslide.io.mosaic import Piece, write_mosaic

    def write(folder: Path) -> None:
        write_series(folder)
        for layer, paths in speeds.items():
            pieces = [Piece.of(path, frames[Path(path).parent.name].core) for path in paths]
            write_mosaic(folder / f"{layer}.tif", region, layer, pieces)

    return write


def give_ground(layers, files, params, region):
    """Attributes of objects by the user's files of ground: columns, and hashes of the files."""
    from sarslide.inventory import exposure, ground
    from sarslide.inventory.tables import further
    from sarslide.io.hashes import sha256

    columns, used = [], {}
    for name, keys in params.get("masks_keys", {}).items():
        used[f"masks_{name}"] = f"masks.{name}"
        with ground.opened(files[f"masks_{name}"][0], ground.GroundFile(**keys), region) as found:
            columns += ground.give_share(layers, name, found, region)
    if files.get("land_cover"):
        used["land_cover"] = "land_cover"
        with ground.checked_map(files.land_cover[0], params.land_cover_legend, region) as found:
            columns += ground.give_land_cover(layers, found, params.land_cover_legend, region)
    for name, keys in params.get("exposure_keys", {}).items():
        used[f"exposure_{name}"] = f"exposure.{name}"
        about = exposure.ExposureFile(**keys)
        exposed = exposure.read(files[f"exposure_{name}"][0], name, about, region)
        columns += exposure.give(layers, exposed)
    hashes = {key: {Path(path).name: sha256(path) for path in files[name]} for name, key in used.items()}
    return further(columns), hashes


def main(snakemake, log) -> None:
    from functools import partial

    from sarslide.frames import Frame
    from sarslide.grid import RegionGrid
    from sarslide.inventory import (
        followed,
        place_names,
        records,
        release,
        review,
        review_audit,
        review_check,
        review_files,
        uids,
    )
    from sarslide.inventory.changes import ChangeRules, known_ids, update
    from sarslide.inventory.masks import NOT_UNWRAPPED
    from sarslide.inventory.observability import FrameStates, Observability, StatesByFrame
    from sarslide.inventory.tables import FUSED, rows_of
    from sarslide.io import vector
    from sarslide.io.hashes import sha256
    from sarslide.io.sidecar import read_json, versions
    from sarslide.layers import SMALLEST_SPEED

    params, files = snakemake.params, snakemake.input
    made = Path(snakemake.output.release)
    releases = made.parent / records.RELEASES
    frame = vector.read(files.candidates, "candidates")
    decisions = review_files.read_all(files.review)

    release.repair(releases)
    if not params.allow_older:
        records.refuse_older(releases, params.release, params.dates)
    previous = release.predecessor(releases, params.release, frame.crs)
    log.info("release %s follows %s", params.release, previous.release or "none: it is the first")
    if decisions and not previous.release:
        log.warning(
            "the ids of the reviewer's file are taken as those of this first release; a wkt per row guards them"
        )

    region = RegionGrid.from_dict(params.grid)
    frames = {name: Frame.from_dict(name, grids) for name, grids in params.frames.items()}
    evidence = iter(zip(files.layover_shadow, files.mean_coherence, files.pair_count, strict=True))
    states = {
        stack: StatesByFrame(
            region,
            [FrameStates(frames[name].core, state_reader(next(evidence), params.min_coherence)) for name in names],
        )
        for stack, names in params.seen.items()
    }
    left_out = [frames[name].core for name in params.without_frames]
    if left_out:
        log.warning("the release is incomplete: without %s", ", ".join(params.without_frames))
    tracks = followed.joined(map(read_json, files.get("motion", [])))
    objects = rows_of(frame, FUSED, files.candidates)
    followed.give_motion(objects, tracks)
    review_check.check(files.review, decisions, review_check.Known(releases, frame.crs, previous.inventory), region)
    inventory = update(
        previous.inventory,
        objects,
        Observability(region, states, params.snowline_m, left_out),
        decisions,
        params.release[:8],
        ChangeRules(match_iou=params.match_iou),
    )
    if files.names:
        places = place_names.read(files.names[0], params.names_column, params.names_m, frame.crs)
        place_names.give(inventory.layers, places)
    columns, ground_hashes = give_ground(inventory.layers, files, params, region)
    review.check_ids(decisions, known_ids(previous.inventory) | known_ids(inventory))

    about = {
        "region": params.region,
        "stacks": params.stacks,
        "dates": params.dates,
        "without_frames": list(params.without_frames),
        "scenes": params.scenes,
        "pairs": params.pairs,
        "parameters": params.settings,
        "code": params.code,
        "weights": params.weights,
        "review_sha256": review_files.digest(files.review) if files.review else None,
        "names_sha256": sha256(files.names[0]) if files.names else None,
        **({"ground_sha256": ground_hashes} if ground_hashes else {}),
        "versions": versions(),
    }
    speeds = {layer: files.get(layer) for layer in SMALLEST_SPEED if files.get(layer)}
    if not speeds:
        about["smallest_speed"] = NOT_UNWRAPPED[0]
    today = params.release[:8]
    present = [
        row
        for layer in inventory.layers.values()
        for row in layer
        if row["last_seen"] == today and row["status"] not in ("not_observable", "vanished")
    ]
    series = followed.series_table(present, tracks)
    if series.empty:
        about["series"] = "the rate method makes no time series of every cell"
    elif len(series) > followed.MAX_ROWS:
        about["series"] = f"{len(series)} values are too many for the GeoPackage; they are in series_*.csv"
        series = series[:0]
    maps = map_writer(speeds, frames, region, partial(followed.write_series, rows=present, tracks=tracks))
    uids.give(inventory, params.region, frame.crs)
    audit = review_audit.table(
        decisions,
        review_check.by_id(previous.inventory.layers),
        review_check.by_id(inventory.layers),
        review_audit.read(releases / previous.release) if previous.release else [],
        params.release,
    )
    tables = {"series": series, review_audit.TABLE: audit}
    manifest = release.publish(
        releases, params.release, previous.release, inventory, about, frame.crs, maps, tables, columns
    )
    for row in inventory.changes:
        log.info("%s %s %s %s", row["ls_id"], row["change"], row["related"], row["detail"])
    log.info("%s: %s, content %s", manifest.release, manifest.counts, manifest.content_hash)
    for path in (made.with_name(records.POINTER), made):
        records.write_pointer(path, manifest)


with job(snakemake) as log:
    main(snakemake, log)

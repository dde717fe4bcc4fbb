"""candidates: probability map and rates of one stack in a frame -> objects of that track, masked
ones kept with their reasons.

inputs: probability (0 to 1) of a network or of the velocity threshold; of a network that finds
single objects instances (number of the object, 0 none); of methods that make rates LOS rate and its
standard error (mm/yr, positive towards the satellite) and phase rate (rad/yr, positive away from
it); averaged phase (rad, as the phase rate); mean coherence; LOS unit vector (ground to satellite);
layover and shadow; stable ground; elevation (m), slope and aspect (degree); the user's files of
masked ground, if any (masks; masks_NAME by the name of the reason). outputs: GeoPackage layer
`candidates` (attributes with units in their names), sidecar. What the margin of the frame sees
beyond the region is left out.
"""

from sarslide.workflow.job import job


def main(snakemake) -> None:
    import math

    from sarslide.grid import RegionGrid, common_part, window_of
    from sarslide.inventory import ground, masked_ground
    from sarslide.inventory.attributes import LAYERS, STABLE
    from sarslide.inventory.candidates import cell_threshold, find_candidates, object_confidence, speed_limits
    from sarslide.inventory.masks import MaskRules
    from sarslide.io import raster, vector
    from sarslide.io.sidecar import sidecar, write_json
    from sarslide.network import interval_years

    params, files = snakemake.params, snakemake.input
    grid, region = (RegionGrid.from_dict(values) for values in (params.grid, params.region))
    inside = common_part(grid, region) or grid
    window = window_of(grid, inside)
    years = [interval_years(pair) for pair in params.pairs] or [math.nan]  # a product has no pairs
    tags = raster.tags_of(files.probability)
    threshold, limits = cell_threshold(params.threshold, tags), speed_limits(tags, files.probability)
    masking = [masked_ground.read(files.masks[0], params.masks_column, inside)] if files.get("masks") else []
    for name, keys in params.get("masks_keys", {}).items():
        about = ground.GroundFile(**keys)
        with ground.opened(files[f"masks_{name}"][0], about, inside, region) as found:
            masking.append(ground.GroundReason(name, found.share(inside), about.min_share))
    frame = find_candidates(
        {name: raster.read(files[name], grid)[window] for name in (*LAYERS, STABLE) if name in files.keys()},  # noqa: SIM118
        inside,
        params.stack,
        threshold,
        params.get("min_rate_mm_per_yr", math.inf),
        MaskRules(
            params.min_area_km2,
            params.snowline_m,
            params.min_slope_deg,
            params.min_coherence,
            min_sensitivity=params.min_sensitivity,
        ),
        raster.read(files.instances, grid)[window] if "instances" in files.keys() else None,  # noqa: SIM118
        limits,
        sum(years) / len(years),
        masking,
        params.frame,
        "threshold" if tags.get("network") == "velocity_threshold" else "network",
        max(years),
        object_confidence(tags, files.probability),
    )
    vector.write(snakemake.output.candidates, frame, "candidates")
    counts = {name: frame[name].value_counts().sort_index().to_dict() for name in ("source", "reason")}
    about = {"threshold": threshold, "speed_limits": limits, "sources": counts["source"], "reasons": counts["reason"]}
    write_json(snakemake.output.sidecar, sidecar("candidates", dict(files.items()), dict(params.items()), about))


with job(snakemake):
    main(snakemake)

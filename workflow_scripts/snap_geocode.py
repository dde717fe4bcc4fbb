"""snap_geocode: SNAP's pair in radar geometry -> the same on cells of the region's size and
alignment, by Terrain-Correction.

inputs: sidecar of the unwrapping, beside which the products lie; SNAP's DEM. outputs: sidecar;
beside it unfiltered.dim and geocoded.dim with i, q, coherence, unwrapped phase, incidence, layover
and shadow.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.snap import gpt as snap
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import read_json, sidecar, write_json


def main(snakemake) -> None:
    params, files, marker = snakemake.params, snakemake.input, Path(snakemake.output.sidecar)
    limits = snakemake.resources
    machine = snap.Machine(limits.gpt, limits.snaphu, limits.memory_gb, snakemake.threads, limits.limit_min * 60)
    log_path, grid = Path(snakemake.log.snap), RegionGrid.from_dict(params.grid)
    log_path.unlink(missing_ok=True)
    unwrapped = marker.parent / read_json(files.unwrap)["unwrapped"]
    made = snap.geocode(marker.parent, unwrapped, Path(files.degrees).resolve(), grid, machine, log_path)
    extra = {path.name: sha256(path) for path in made} | {"snap": machine.version(log_path)}
    write_json(marker, sidecar("snap_geocode", dict(files.items()), dict(params.items()), extra))


with job(snakemake):
    main(snakemake)

"""snap_interferogram: SAFE products of two dates -> SNAP's interferogram and coherence in radar
geometry.

inputs: folders with SAFE product(s) and orbit file, earlier and later; DEM (m); the same for SNAP.
outputs: sidecar with SNAP's version, the swaths, looks; beside it ifg.dim, ifg.data and the graph,
interferogram.xml.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.grid import RegionGrid
from sarslide.insar.native.surface import read_surface
from sarslide.insar.snap import gpt as snap
from sarslide.insar.snap import plan as snap_plan
from sarslide.insar.snap.graph import Settings, SnapAcquisition
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import sidecar, write_json
from sarslide.sentinel1.safe import open_scene, products_in


def main(snakemake) -> None:
    params, files, marker = snakemake.params, snakemake.input, Path(snakemake.output.sidecar)
    region, log_path = RegionGrid.from_dict(params.grid), Path(snakemake.log.snap)
    limits = snakemake.resources
    machine = snap.Machine(limits.gpt, limits.snaphu, limits.memory_gb, snakemake.threads, limits.limit_min * 60)
    log_path.unlink(missing_ok=True)
    surface = read_surface(files.dem)
    surface.require(region)
    scenes, acquisitions = [], []
    for folder in files.slc:
        scene = open_scene(Path(folder), snakemake.wildcards.stack, params.polarisation, params.orbits)
        snap.place_orbits(Path(folder), Path(limits.auxdata).expanduser())
        products = tuple(product.path.resolve() for product in products_in(folder))
        acquisitions.append(SnapAcquisition(products, snap.orbit_kind(scene.orbit.source)))
        scenes.append(scene)
    settings = Settings(
        swaths=snap_plan.swaths(*scenes, surface, region),
        polarisation=scenes[0].polarisation,
        area=snap_plan.outline(region),
        dem=Path(files.degrees).resolve(),
        coherence_range=params.coherence_range,
        coherence_azimuth=params.coherence_azimuth,
        range_looks=params.range_looks,
        azimuth_looks=params.azimuth_looks,
    )
    version = machine.version(log_path)
    out = snap.interferogram(marker.parent, *acquisitions, settings, machine, log_path)
    extra = {"snap": version, "swaths": list(settings.swaths), "orbits": [one.orbit for one in acquisitions]}
    extra |= {"wavelength_m": scenes[0].wavelength_m, "ifg": sha256(out)}
    write_json(marker, sidecar("snap_interferogram", dict(files.items()), dict(params.items()), extra))


with job(snakemake):
    main(snakemake)

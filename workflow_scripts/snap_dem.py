"""snap_dem: the region's DEM, projected -> the same heights by longitude and latitude, as SNAP
reads them.

inputs: DEM (ellipsoidal heights, m). outputs: GeoTIFF in EPSG:4326, float32, m above the ellipsoid.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.insar.snap.plan import write_dem


def main(snakemake) -> None:
    write_dem(snakemake.input.dem, Path(snakemake.output.dem))


with job(snakemake):
    main(snakemake)

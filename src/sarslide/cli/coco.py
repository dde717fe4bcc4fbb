"""`sarslide coco`: COCO annotations become polygons on the ground."""

from pathlib import Path
from typing import Annotated

import typer


def coco(
    annotations: Annotated[Path, typer.Argument(help="COCO data set, or list of COCO results.", show_default=False)],
    polygons: Annotated[Path, typer.Argument(help="GeoPackage to write.", show_default=False)],
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="FILE",
            help="Exported data set of the same images, where annotations have no place.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Bring the objects of a COCO file back to the ground, as polygons in the CRS of their images.

    The GeoPackage has the layer `landslides` and can be `training.labels`. Images and annotations
    of a region are made by `snakemake coco_export`.

        sarslide coco json/train.json landslides.gpkg
        sarslide coco drawn.json landslides.gpkg --images json/train.json
    """
    from sarslide.dataset.coco import read_dataset
    from sarslide.errors import VectorError
    from sarslide.io import vector

    if polygons.suffix != ".gpkg":
        raise VectorError(f"{polygons}: is no GeoPackage by its name", "end it in .gpkg")
    frame = read_dataset(annotations, images)
    vector.write(polygons, frame, "landslides")
    print(f"{len(frame)} polygons in {frame.crs.to_string()}: {polygons}")

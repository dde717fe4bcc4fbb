"""A QGIS project of an export: its GeoPackage, by class and by rate, over rasters of the tracks.

Paths are relative, so that the folder can be moved. Beside each raster lies its QML, with the same
colours and legend, for projects of one's own.
"""

import zipfile
from pathlib import Path

from sarslide.inventory.changes import LAYERS
from sarslide.inventory.styles import STYLES, qml
from sarslide.io import raster
from sarslide.publish import columns
from sarslide.publish.files import BY_CLASS, BY_RATE, MOVING, PACKAGE
from sarslide.publish.kml import TIME
from sarslide.publish.results import HILLSHADE, RASTERS
from sarslide.publish.source import Publication
from sarslide.publish.styles import by_rate_qml
from sarslide.report.qgis import VectorLayer, credit, document, raster_qml, with_series
from sarslide.report.reading import read_display
from sarslide.report.scales import Scale, scale_for

FILE, MEMBER = "landslides.qgz", "landslides.qgs"
FIRST = "los_rate_mm_per_yr"  # of the first track it is on when the project is opened


def project(publication: Publication, folder: Path) -> None:
    """`landslides.qgz`, and `rasters/*.qml`.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        The export, with its GeoPackage and rasters.
    """
    coloured = scales(sorted((folder / RASTERS).glob("*.tif")))
    for path, scale in coloured.items():
        path.with_suffix(".qml").write_text(raster_qml(scale))
    first = next((path for path in coloured if path.stem.endswith(FIRST)), None)
    below = [
        (path.stem.replace("_", " "), f"./{RASTERS}/{path.name}", scale, path == first or path.stem == HILLSHADE)
        for path, scale in sorted(coloured.items(), key=lambda one: (one[0].stem == HILLSHADE, one[0]))
    ]
    words = credit(publication.release, publication.dates, publication.simulated)
    layers = with_series(vectors(publication), folder / PACKAGE, f"./{PACKAGE}")
    content = document(publication.region, publication.epsg, publication.bounds, layers, below, words)
    with zipfile.ZipFile(folder / FILE, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(MEMBER, TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, content)


def vectors(publication: Publication) -> list[VectorLayer]:
    """The layers of the GeoPackage.

    Parameters
    ----------
    publication : Publication
        The release.

    Returns
    -------
    list of VectorLayer
        Landslides on top.
    """
    found = []
    for layer in LAYERS:
        styles = {BY_CLASS: qml(*STYLES[layer])} | ({BY_RATE: by_rate_qml()} if layer in MOVING else {})
        names = publication.layers[layer].columns.drop("geometry")
        titles = {name: columns.title(name) for name in names}
        source = f"./{PACKAGE}|layername={layer}"
        found.append(VectorLayer(layer.replace("_", " "), source, styles, layer == LAYERS[0], titles))
    return found


def scales(paths: list[Path]) -> dict[Path, Scale]:
    """Colours of rasters: of one layer the same in all tracks, those of the report.

    Parameters
    ----------
    paths : list of Path
        Published rasters.

    Returns
    -------
    dict of Path to Scale
        In the order of the paths.
    """
    layers = {path: raster.tags_of(path)["layer"] for path in paths}
    shared = {
        layer: scale_for(layer, [read_display(path, layer) for path in paths if layers[path] == layer])
        for layer in set(layers.values())
    }
    return {path: shared[layer] for path, layer in layers.items()}

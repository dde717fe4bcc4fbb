"""What QGIS makes of a project: run by the Python that has PyQGIS, as `in_qgis.py PROJECT PICTURE`.

It prints JSON: version, CRS of the project, layers that are valid and that are not, styles of the
landslides, dates that the map tip of each landslide draws, files that its actions open, items of
each print layout; the first layout is written as a picture.
"""

import json
import re
import sys

from qgis.core import (  # type: ignore
    Qgis,
    QgsApplication,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsLayoutExporter,
    QgsLayoutItem,
    QgsProject,
)


def answers(layer) -> tuple[dict, list]:
    """Dates that the map tip of each object draws, by `ls_id`, and paths that its actions open."""
    drawn, opened = {}, []
    for feature in layer.getFeatures():
        context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
        context.setFeature(feature)
        tip = QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context)
        drawn[feature["ls_id"]] = sum(len(points.split()) for points in re.findall(r'points="([^"]*)"', tip))
        opened += [
            QgsExpression.replaceExpressionText(one.command(), context) for one in layer.actions().actions("Feature")
        ]
    return drawn, opened


def main(project: str, picture: str) -> None:
    """Open, look, print."""
    application = QgsApplication([], False)
    application.initQgis()
    opened = QgsProject.instance()
    read = opened.read(project)
    layers = opened.mapLayers().values()
    drawn, files = answers(next(one for one in layers if one.name() == "landslides"))
    layouts = opened.layoutManager().layouts()
    settings = QgsLayoutExporter.ImageExportSettings()
    settings.dpi = 90
    printed = bool(layouts) and QgsLayoutExporter(layouts[0]).exportToImage(picture, settings) == 0
    found = {
        "version": Qgis.QGIS_VERSION.split("-")[0],
        "read": read,
        "crs": opened.crs().authid(),
        "valid": sorted(one.name() for one in layers if one.isValid()),
        "invalid": sorted(one.name() for one in layers if not one.isValid()),
        "styles": next((one.styleManager().styles() for one in layers if one.name() == "landslides"), []),
        "drawn": drawn,
        "opens": files,
        "layouts": {
            one.name(): sorted(type(item).__name__ for item in one.items() if isinstance(item, QgsLayoutItem))
            for one in layouts
        },
        "printed": printed,
    }
    print(json.dumps(found))


main(*sys.argv[1:])

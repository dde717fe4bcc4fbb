"""How the layers of a release look: QML for QGIS and SLD for every other reader, stored inside the
GeoPackage.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """Fill and line of one class of a layer. Colours are #rrggbb.

    Attributes
    ----------
    value : str
        Of the layer's class column.
    label : str
        In the legend.
    fill, line : str
        Colours of area and edge.
    opacity : float
        Of the fill, 0 to 1.
    dash : bool
        Whether the edge is dashed.
    """

    value: str
    label: str
    fill: str
    line: str
    opacity: float = 0.45
    dash: bool = False


# layer -> (class column, styles)
STYLES: dict[str, tuple[str, tuple[Style, ...]]] = {
    "landslides": (
        "status",
        (
            Style("released", "landslide", "#d7301f", "#7f0000"),
            Style("not_observable", "landslide, not observable now", "#fdcc8a", "#7f0000", 0.2, dash=True),
        ),
    ),
    "non_landslide_deformation": (
        "status",
        (
            Style("released", "non-landslide deformation", "#3690c0", "#034e7b"),
            Style("not_observable", "deformation, not observable now", "#a6bddb", "#034e7b", 0.2, dash=True),
        ),
    ),
    "masked": (
        "status",
        (
            Style("masked", "masked, see reason", "#969696", "#525252", 0.3),
            Style("rejected", "rejected by the reviewer", "#ffffff", "#252525", 0.2, dash=True),
        ),
    ),
    "vanished": ("status", (Style("vanished", "vanished or merged", "#ffffff", "#969696", 0.0, dash=True),)),
}


def style_rows() -> list[dict[str, str | bool]]:
    """Rows of the `layer_styles` table that QGIS and other readers look for, one per layer."""
    return [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": layer,
            "f_geometry_column": "geom",
            "styleName": layer,
            "styleQML": qml(column, styles),
            "styleSLD": sld(layer, column, styles),
            "useAsDefault": True,
            "description": f"sarslide: {layer.replace('_', ' ')} by {column}",
            "owner": "sarslide",
            "ui": "",
            "update_time": "2000-01-01T00:00:00.000Z",
        }
        for layer, (column, styles) in STYLES.items()
    ]


def qml(column: str, styles: tuple[Style, ...]) -> str:
    """A categorised QGIS style.

    Parameters
    ----------
    column : str
        The layer's class column.
    styles : tuple of Style
        One a class.

    Returns
    -------
    str
        QML.
    """
    categories = "".join(
        f'<category render="true" symbol="{k}" value="{style.value}" label="{style.label}"/>'
        for k, style in enumerate(styles)
    )
    symbols = "".join(
        f'<symbol type="fill" name="{k}" alpha="1" clip_to_extent="1"><layer class="SimpleFill" enabled="1" locked="0" pass="0">'
        f'<Option type="Map"><Option type="QString" name="color" value="{_rgba(style.fill, style.opacity)}"/>'
        f'<Option type="QString" name="outline_color" value="{_rgba(style.line, 1)}"/>'
        f'<Option type="QString" name="outline_style" value="{"dash" if style.dash else "solid"}"/>'
        '<Option type="QString" name="outline_width" value="0.4"/><Option type="QString" name="outline_width_unit" value="MM"/>'
        '<Option type="QString" name="style" value="solid"/></Option></layer></symbol>'
        for k, style in enumerate(styles)
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.28" styleCategories="Symbology">'
        f'<renderer-v2 type="categorizedSymbol" attr="{column}" symbollevels="0" enableorderby="0" forceraster="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2></qgis>"
    )


def sld(layer: str, column: str, styles: tuple[Style, ...]) -> str:
    """An OGC SLD 1.0 style with one rule per class.

    Parameters
    ----------
    layer : str
        Name of the layer.
    column : str
        Its class column.
    styles : tuple of Style
        One a class.

    Returns
    -------
    str
        SLD.
    """
    rules = "".join(
        f"<Rule><Title>{style.label}</Title><ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>{column}</ogc:PropertyName>"
        f"<ogc:Literal>{style.value}</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter><PolygonSymbolizer>"
        f'<Fill><CssParameter name="fill">{style.fill}</CssParameter>'
        f'<CssParameter name="fill-opacity">{style.opacity}</CssParameter></Fill>'
        f'<Stroke><CssParameter name="stroke">{style.line}</CssParameter><CssParameter name="stroke-width">1.2</CssParameter>'
        + ('<CssParameter name="stroke-dasharray">4 2</CssParameter>' if style.dash else "")
        + "</Stroke></PolygonSymbolizer></Rule>"
        for style in styles
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld" '
        f'xmlns:ogc="http://www.opengis.net/ogc"><NamedLayer><Name>{layer}</Name><UserStyle><FeatureTypeStyle>{rules}'
        "</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
    )


def _rgba(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"

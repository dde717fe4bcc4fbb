"""How the layers of a release look: QML for QGIS and SLD for every other reader, stored inside the
GeoPackage.
"""

from collections.abc import Sequence
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
        style_row(
            layer, layer, qml(column, styles), sld(layer, column, styles), f"{layer.replace('_', ' ')} by {column}"
        )
        for layer, (column, styles) in STYLES.items()
    ]


def style_row(
    layer: str, name: str, qml: str, sld: str, description: str, default: bool = True
) -> dict[str, str | bool]:
    """A row of the `layer_styles` table.

    Parameters
    ----------
    layer, name : str
        Names of the layer and of the style.
    qml, sld : str
        The style in both languages.
    description : str
        What it shows.
    default : bool
        Whether QGIS opens the layer with it.

    Returns
    -------
    dict of str to str or bool
        The columns of the table.
    """
    return {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": layer,
        "f_geometry_column": "geom",
        "styleName": name,
        "styleQML": qml,
        "styleSLD": sld,
        "useAsDefault": default,
        "description": f"sarslide: {description}",
        "owner": "sarslide",
        "ui": "",
        "update_time": "2000-01-01T00:00:00.000Z",
    }


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
    return qml_document(
        f'<renderer-v2 type="categorizedSymbol" attr="{column}" symbollevels="0" enableorderby="0" forceraster="0">'
        f"<categories>{categories}</categories>{symbols(styles)}</renderer-v2>"
    )


def qml_document(content: str) -> str:
    """A QML style around its content.

    Parameters
    ----------
    content : str
        Elements of a style, such as a renderer.

    Returns
    -------
    str
        QML.
    """
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.28" styleCategories="Symbology">{content}</qgis>'
    )


def symbols(styles: Sequence[Style]) -> str:
    """Symbols of areas, for a renderer of QGIS.

    Parameters
    ----------
    styles : sequence of Style
        One a symbol; their names are 0, 1 ...

    Returns
    -------
    str
        The element `symbols`.
    """
    found = "".join(
        f'<symbol type="fill" name="{k}" alpha="1" clip_to_extent="1"><layer class="SimpleFill" enabled="1" locked="0" pass="0">'
        f'<Option type="Map"><Option type="QString" name="color" value="{_rgba(style.fill, style.opacity)}"/>'
        f'<Option type="QString" name="outline_color" value="{_rgba(style.line, 1)}"/>'
        f'<Option type="QString" name="outline_style" value="{"dash" if style.dash else "solid"}"/>'
        '<Option type="QString" name="outline_width" value="0.4"/><Option type="QString" name="outline_width_unit" value="MM"/>'
        '<Option type="QString" name="style" value="solid"/></Option></layer></symbol>'
        for k, style in enumerate(styles)
    )
    return f"<symbols>{found}</symbols>"


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
    return sld_document(
        layer,
        "".join(
            sld_rule(
                style,
                f"<ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>{column}</ogc:PropertyName>"
                f"<ogc:Literal>{style.value}</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>",
            )
            for style in styles
        ),
    )


def sld_rule(style: Style, condition: str) -> str:
    """A rule of an SLD style.

    Parameters
    ----------
    style : Style
        What is drawn.
    condition : str
        Its filter.

    Returns
    -------
    str
        The element `Rule`.
    """
    return (
        f"<Rule><Title>{style.label}</Title>{condition}<PolygonSymbolizer>"
        f'<Fill><CssParameter name="fill">{style.fill}</CssParameter>'
        f'<CssParameter name="fill-opacity">{style.opacity}</CssParameter></Fill>'
        f'<Stroke><CssParameter name="stroke">{style.line}</CssParameter><CssParameter name="stroke-width">1.2</CssParameter>'
        + ('<CssParameter name="stroke-dasharray">4 2</CssParameter>' if style.dash else "")
        + "</Stroke></PolygonSymbolizer></Rule>"
    )


def sld_document(layer: str, rules: str) -> str:
    """An OGC SLD 1.0 style around its rules.

    Parameters
    ----------
    layer : str
        Name of the layer.
    rules : str
        Elements of `sld_rule`.

    Returns
    -------
    str
        SLD.
    """
    return (
        '<?xml version="1.0" encoding="UTF-8"?><StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld" '
        f'xmlns:ogc="http://www.opengis.net/ogc"><NamedLayer><Name>{layer}</Name><UserStyle><FeatureTypeStyle>{rules}'
        "</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
    )


def _rgba(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"

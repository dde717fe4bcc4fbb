"""How published landslides look by their rate, in QML and SLD: the colours of the report's rate
maps, blue towards the satellite and red away from it.
"""

from itertools import pairwise
from uuid import NAMESPACE_DNS, uuid5

from sarslide.inventory.styles import Style, qml_document, sld_document, sld_rule, symbols

COLUMN = "los_rate_mean_mm_per_yr"
LIMITS = (-100, -50, -20, -10, 10, 20, 50, 100)  # mm/yr along the line of sight, positive towards the satellite
COLOURS = ("#67001f", "#b2182b", "#ef8a62", "#fddbc7", "#f7f7f7", "#d1e5f0", "#67a9cf", "#2166ac", "#053061")
UNKNOWN = Style("", "no rate", "#969696", "#252525", 0.6)


def classes() -> list[tuple[float, float, Style]]:
    """The classes of the rate.

    Returns
    -------
    list of (float, float, Style)
        From, below (mm/yr), and what is drawn.
    """
    ends = (float("-inf"), *LIMITS, float("inf"))
    labels = [f"below {LIMITS[0]}", *(f"{low} to {high}" for low, high in pairwise(LIMITS)), f"from {LIMITS[-1]}"]
    return [
        (low, high, Style("", f"{label} mm/yr", colour, "#252525", 0.75))
        for (low, high), label, colour in zip(pairwise(ends), labels, COLOURS, strict=True)
    ]


def by_rate_qml() -> str:
    """A style of QGIS, with a rule for each class and one for objects without a rate.

    Returns
    -------
    str
        QML.
    """
    drawn = [(_expression(low, high), style) for low, high, style in classes()] + [("ELSE", UNKNOWN)]
    rules = "".join(
        f'<rule key="{_key(k)}" symbol="{k}" label="{style.label}" filter="{expression}"/>'
        for k, (expression, style) in enumerate(drawn)
    )
    return qml_document(
        '<renderer-v2 type="RuleRenderer" symbollevels="0" enableorderby="0" forceraster="0">'
        f'<rules key="{_key(len(drawn))}">{rules}</rules>{symbols([style for _, style in drawn])}</renderer-v2>'
    )


def by_rate_sld(layer: str) -> str:
    """The same for other readers.

    Parameters
    ----------
    layer : str
        Name of the layer.

    Returns
    -------
    str
        SLD.
    """
    rules = "".join(sld_rule(style, _filter(low, high)) for low, high, style in classes())
    return sld_document(layer, rules + sld_rule(UNKNOWN, "<ElseFilter/>"))


def _key(number: int) -> str:
    """What QGIS tells rules apart by."""
    return f"{{{uuid5(NAMESPACE_DNS, f'sarslide rate {number}')}}}"


def _ends(low: float, high: float) -> list[tuple[str, str, float]]:
    """The finite ends of a class: sign, its name in OGC filters, value."""
    found = [("&gt;=", "PropertyIsGreaterThanOrEqualTo", low), ("&lt;", "PropertyIsLessThan", high)]
    return [end for end in found if abs(end[2]) < float("inf")]


def _expression(low: float, high: float) -> str:
    return " AND ".join(f"&quot;{COLUMN}&quot; {sign} {value:g}" for sign, _, value in _ends(low, high))


def _filter(low: float, high: float) -> str:
    parts = [
        f"<ogc:{word}><ogc:PropertyName>{COLUMN}</ogc:PropertyName><ogc:Literal>{value:g}</ogc:Literal></ogc:{word}>"
        for _, word, value in _ends(low, high)
    ]
    joined = "".join(parts)
    return f"<ogc:Filter>{joined if len(parts) == 1 else f'<ogc:And>{joined}</ogc:And>'}</ogc:Filter>"

"""The form of QGIS for a review: what each column is called, which of them may be changed, and the
words that may stand in them; in QML, stored inside the GeoPackage.
"""

from collections.abc import Mapping, Sequence
from html import escape

from sarslide.inventory import review, styles
from sarslide.inventory.styles import Style

DECISIONS = {
    "": "(not decided)",
    "accept": "accept: it is a landslide",
    "reject": "reject: it is none",
    "edit": "edit: the outline is the one drawn here",
    review.ADD: "add: a landslide that was not found",
    review.SPLIT: "split: this is a part of one",
    review.MERGE: "merge into the one named below",
    review.RECLASSIFY: "reclassify as the class below",
    review.NOTE: "note: decides nothing",
}
CLASSES = {"": "(as it is)"} | {name: name for name in review.CLASSES}
ALIASES = {
    "ls_id": "Landslide",
    "uid": "UUID",
    "release": "Release",
    "layer": "Layer",
    "status": "Status",
    "object_class": "Class in the release",
    "reason_text": "Reason",
    "change": "Change",
    "state": "Speeds up or slows down",
    "confidence": "Confidence",
    "area_km2": "Area (km²)",
    "slope_mean_deg": "Slope (degree)",
    "los_rate_mean_mm_per_yr": "LOS rate (mm/yr)",
    "tracks": "Tracks",
    "first_seen": "First seen",
    "last_seen": "Last seen",
    "decision": "Decision",
    "class": "Class, of reclassify",
    "other": "Other landslide, of merge and split (its id)",
    "name": "Name",
    "comment": "Comment",
    "evidence": "Evidence (links)",
    "photos": "Photos (links, or files beside the review)",
    "reviewer": "Reviewer",
    "date": "Date (YYYY-MM-DD)",
}
LOOKS = (
    Style("", "not decided", "#fdae61", "#7f0000", 0.35),
    Style("accept", "accepted", "#1a9641", "#00441b"),
    Style("reject", "rejected", "#ffffff", "#252525", 0.2, dash=True),
    Style("edit", "outline edited", "#2b83ba", "#08306b"),
    Style(review.ADD, "added", "#756bb1", "#3f007d"),
    Style(review.SPLIT, "part of a split", "#66c2a5", "#00441b"),
    Style(review.MERGE, "merged into another", "#969696", "#252525", 0.3, dash=True),
    Style(review.RECLASSIFY, "reclassified", "#e7298a", "#67001f"),
    Style(review.NOTE, "with a note", "#fee08b", "#7f0000", 0.35),
)


def style_row(layer: str, known: Sequence[str], filled: Sequence[str]) -> dict[str, str | bool]:
    """The row of the `layer_styles` table that holds look and form of the layer.

    Parameters
    ----------
    layer : str
        Name of the layer.
    known, filled : sequence of str
        Its columns in order: those that are shown, those that the reviewer fills in.

    Returns
    -------
    dict of str to str or bool
        As `styles.style_row`.
    """
    return styles.style_row(
        layer, "review", qml(known, filled), styles.sld(layer, "decision", LOOKS), "review of a release"
    )


def qml(known: Sequence[str], filled: Sequence[str]) -> str:
    """Look and form of the layer.

    Parameters
    ----------
    known, filled : sequence of str
        As of `style_row`.

    Returns
    -------
    str
        QML.
    """
    names = (*known, *filled)
    widgets = {"decision": _value_map(DECISIONS), "class": _value_map(CLASSES), "comment": _text(multiline=True)}
    fields = "".join(f'<field name="{name}">{widgets.get(name, _text())}</field>' for name in names)
    aliases = "".join(
        f'<alias index="{index}" field="{name}" name="{escape(ALIASES[name])}"/>' for index, name in enumerate(names, 1)
    )
    editable = "".join(f'<field name="{name}" editable="{int(name in filled)}"/>' for name in names)
    document = styles.qml("decision", LOOKS)
    form = (
        f"<fieldConfiguration>{fields}</fieldConfiguration><aliases>{aliases}</aliases>"
        f"<editable>{editable}</editable><editorlayout>tablayout</editorlayout>"
        f"<attributeEditorForm>{_tab('Decision', filled, names)}"
        f"{_tab('Object', known, names)}</attributeEditorForm>"
        "<previewExpression>\"ls_id\" || ' ' || coalesce(\"decision\", '')</previewExpression>"
    )
    return document.replace('styleCategories="Symbology"', 'styleCategories="Symbology|Fields|Forms"').replace(
        "</qgis>", f"{form}</qgis>"
    )


def _tab(title: str, columns: Sequence[str], names: Sequence[str]) -> str:
    shown = "ls_id", *columns
    fields = "".join(
        f'<attributeEditorField name="{name}" index="{names.index(name) + 1}" showLabel="1"/>'
        for name in dict.fromkeys(shown)
    )
    group = f'<attributeEditorContainer name="{title}" columnCount="1" groupBox="0" showLabel="1">'
    return f"{group}{fields}</attributeEditorContainer>"


def _value_map(words: Mapping[str, str]) -> str:
    entries = "".join(
        f'<Option type="Map"><Option type="QString" name="{escape(label)}" value="{value}"/></Option>'
        for value, label in words.items()
    )
    return (
        '<editWidget type="ValueMap"><config><Option type="Map"><Option type="List" name="map">'
        f"{entries}</Option></Option></config></editWidget>"
    )


def _text(multiline: bool = False) -> str:
    value = str(multiline).lower()
    return (
        '<editWidget type="TextEdit"><config><Option type="Map">'
        f'<Option type="bool" name="IsMultiline" value="{value}"/><Option type="bool" name="UseHtml" value="false"/>'
        "</Option></config></editWidget>"
    )

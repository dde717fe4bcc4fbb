"""By what the outlines of the map can be coloured: speed, change, type, confidence, state."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sarslide.report import tables

# From bright to dark, so that they can be told without their hue; none is a colour of the rates.
GREY = "#6b6b6b"
SPEEDS = ((10.0, "#b8860b"), (30.0, "#c2410c"), (100.0, "#a3135f"), (math.inf, "#3b0764"))
CHANGES = {
    "new": "#a3135f",
    "accelerated": "#c2410c",
    "grown": "#b8860b",
    "decelerated": "#1565c0",
    "shrunk": "#00796b",
    "not_observable": "#5b6a70",
}
TYPES = {1: "#3b0764", 2: "#c2410c", 3: "#b8860b"}
CONFIDENCES = {"high": "#3b0764", "medium": "#c2410c", "low": "#b8860b"}
STATES = {"accelerating": "#a3135f", "steady": "#111111", "slowing": "#1565c0"}


@dataclass(frozen=True)
class Colouring:
    """A way to colour outlines.

    Attributes
    ----------
    key, label : str
        Its name for the script, and in the list.
    classes : tuple of (str, str)
        Label and colour of each class; the last one is of objects that are in none.
    place : callable
        Number of the class of an object, -1 for none.
    """

    key: str
    label: str
    classes: tuple[tuple[str, str], ...]
    place: Callable[[Mapping[str, Any]], int]


def _speed(row: Mapping[str, Any]) -> int:
    rate = abs(float(row.get("los_rate_mean_mm_per_yr") or math.nan))
    return next((number for number, (limit, _) in enumerate(SPEEDS) if rate < limit), -1)


def _words(column: str, colours: Mapping[Any, str], parted: bool = False) -> Callable[[Mapping[str, Any]], int]:
    """Place of the object's code among those with a colour; of joined codes the first in order."""
    order = [str(code) for code in colours]

    def place(row: Mapping[str, Any]) -> int:
        codes = str(row.get(column) or "").split("+") if parted else [str(row.get(column) or "")]
        return next((number for number, code in enumerate(order) if code in codes), -1)

    return place


def _named(colours: Mapping[Any, str], names: Mapping[Any, str] | None = None) -> tuple[tuple[str, str], ...]:
    return tuple(((names or {}).get(code) or tables.words(code), colour) for code, colour in colours.items())


def _limits() -> tuple[tuple[str, str], ...]:
    low, found = 0.0, []
    for limit, colour in SPEEDS:
        words = (
            f"below {limit:.0f}"
            if not low
            else f"{low:.0f} to {limit:.0f}"
            if math.isfinite(limit)
            else f"{low:.0f} and more"
        )
        found.append((f"{words} mm/yr", colour))
        low = limit
    return tuple(found)


COLOURINGS = (
    Colouring("speed", "Mean LOS speed", (*_limits(), ("no rate", GREY)), _speed),
    Colouring("change", "Change", (*_named(CHANGES), ("as before", GREY)), _words("change", CHANGES, parted=True)),
    Colouring("type", "Type", (*_named(TYPES, tables.TYPES), ("no type", GREY)), _words("object_type", TYPES)),
    Colouring(
        "confidence", "Confidence", (*_named(CONFIDENCES), ("not known", GREY)), _words("confidence", CONFIDENCES)
    ),
    Colouring("state", "State", (*_named(STATES), ("not known", GREY)), _words("state", STATES)),
)


def classes_of(row: Mapping[str, Any]) -> dict[str, int]:
    """The class of an object in each colouring.

    Parameters
    ----------
    row : mapping of str to Any
        Row of a release.

    Returns
    -------
    dict of str to int
        Number of the class by key of the colouring; the last class where it is in no other.
    """
    return {one.key: one.place(row) % len(one.classes) for one in COLOURINGS}


def legends(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The colourings that tell the objects of a release apart.

    Parameters
    ----------
    rows : sequence of mapping of str to Any
        Rows of all layers.

    Returns
    -------
    list of dict
        key, label and classes (label, colour, objects in it), as the page's script reads them; none
        whose class no object has.
    """
    found = []
    for one in COLOURINGS:
        places = [one.place(row) % len(one.classes) for row in rows]
        if any(place < len(one.classes) - 1 for place in places):
            classes = [
                {"label": label, "colour": colour, "count": places.count(number)}
                for number, (label, colour) in enumerate(one.classes)
            ]
            found.append({"key": one.key, "label": one.label, "classes": classes})
    return found

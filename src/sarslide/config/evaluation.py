"""Section of the configuration: what others know of a region, against which it is scored."""

import os
import re
from typing import Any

from sarslide.config.fields import PathText, Section, key


class EvaluationSection(Section):
    """`sarslide score` of a real region: an inventory of others, and field checks."""

    inventory: PathText = key(
        "",
        "vector file of landslides that others mapped, any CRS; $VARIABLES are expanded; empty, or one variable that is not set:"
        " the release is not compared (A17)",
    )
    layer: str = key("", "layer of that file; empty: its only one")
    name_column: str = key("", "column with the name of each landslide; empty: they are numbered")
    class_column: str = key("", "column with the kind of each landslide, by which recall is stated, too")
    complete: bool = key(
        False, "the inventory claims to hold every active landslide of its area: precision and F1 are stated"
    )
    area: PathText = key(
        "", "vector file of the area in which it is complete; empty: the whole region; $VARIABLES are expanded"
    )
    match_iou: float = key(
        0.3,
        "intersection over union from which two outlines are one landslide, as in the scores of simulated regions (F05);"
        " those that share half of the smaller one are linked and counted beside it",
        gt=0,
        le=1,
    )
    min_area_km2: float = key(0.018, "smaller landslides of the inventory are counted apart", "km2", ge=0, le=10)
    points: PathText = key(
        "",
        "field checks: vector file of points, or CSV with the columns lon and lat (WGS 84); $VARIABLES are expanded (D16)",
        "",
        "P4",
    )
    seen_column: str = key("seen", "column of the field checks: whether a landslide was seen there, yes or no")

    def named(self) -> dict[str, str]:
        """What the release is compared with.

        A packaged region names a file that not everybody has, by one variable; where it is not set
        that file is left out.

        Returns
        -------
        dict of str to str
            Paths by key: inventory, points, and the area of a complete inventory.
        """
        found = {key: path for key in ("inventory", "points") if (path := getattr(self, key)) and not _is_unset(path)}
        return found | ({"area": self.area} if self.area and self.complete and "inventory" in found else {})

    def reading(self) -> dict[str, Any]:
        """How the file of the inventory is read.

        Returns
        -------
        dict of str to Any
            Arguments of `evaluate.external_files.read_inventory`.
        """
        return {name: getattr(self, name) for name in ("layer", "name_column", "class_column")}


def _is_unset(path: str) -> bool:
    """Whether a path is one variable that is not set."""
    return bool(re.fullmatch(r"\$\w+|\$\{\w+\}", path)) and os.path.expandvars(path) == path

"""Section of the configuration: ground of files of the user, which hides or imitates landslides,
covers them, or stands on them.
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from sarslide import names
from sarslide.config.fields import EachOnce, Mistake, PathText, Section, check, key
from sarslide.inventory.legends import LEGENDS
from sarslide.inventory.masks import NOTE_CODES, REASONS

Legend = Literal["none", "worldcover", "scl"]
GroundName = Annotated[str, Field(pattern=f"^{names.IDENTIFIER}$", max_length=40)]
FilePath = Annotated[PathText, Field(min_length=1)]
Classes = Annotated[tuple[int | str, ...], EachOnce]
LAND_COVER = "land_cover"


class GroundMask(Section):
    """Ground on which objects are masked, or whose share they have as an attribute."""

    file: FilePath = key(..., "vector file, any CRS, or raster map of classes; $VARIABLES are expanded")
    layer: str = key("", "layer of a vector file; empty: its only one")
    column: str = key("", "column of a vector file by which its features are chosen; empty: all of them")
    classes: Classes = key((), "values of that column, or numbers of a raster's classes")
    legend: Legend = key("none", "what the numbers of a raster mean: ESA WorldCover, or Sentinel-2's scene classes")
    buffer_m: float = key(0.0, "features are made wider by this; points and lines need it", "m", ge=0, le=10_000)
    action: Literal["mask", "attribute"] = key("mask", "mask objects, or record their share alone")
    min_share: float = key(0.5, "an object of which more than this share lies on it is masked", "", ge=0, lt=1)


class Exposure(Section):
    """Buildings, roads and the like, counted or measured on each object and around it."""

    file: FilePath = key(..., "vector file, any CRS; $VARIABLES are expanded")
    layer: str = key("", "its layer; empty: its only one")
    column: str = key("", "column by which its features are chosen; empty: all of them")
    classes: Classes = key((), "values of that column")
    measure: Literal["count", "length"] = key("count", "how many points or polygons, or how many km of lines")
    within_m: int = key(100, "the same within this distance of the outline, the object included", "m", ge=0, le=10_000)


class GroundSection(Section):
    """Ground of files of the user: what fools networks, covers objects, or stands on them (G04)."""

    masks: dict[GroundName, GroundMask] = key(
        {},
        "by reason, ground on which objects are masked: glacier, snow, water, mine ...; the keys of each: file, layer, column,"
        " classes, legend, buffer_m, action, min_share (G04)",
    )
    land_cover: PathText = key(
        "", "raster file of land-cover classes; objects get the one that most of them has; $VARIABLES are expanded"
    )
    land_cover_legend: Legend = key("worldcover", "what its numbers mean; none: they stand for themselves")
    exposure: dict[GroundName, Exposure] = key(
        {},
        "by name, what is counted or measured on objects and around them: buildings, roads ...; the keys of each: file, layer,"
        " column, classes, measure, within_m",
    )

    @check
    def _names_are_free(self) -> None:
        taken = {*REASONS, *NOTE_CODES, LAND_COVER}
        if wrong := sorted(taken & set(self.masks)):
            raise Mistake(f"ground.masks: '{wrong[0]}' means something else", "choose another name", "ground.masks")
        if near := [name for name in self.exposure if re.search(r"_\d+m$", name)]:
            raise Mistake(
                f"ground.exposure: '{near[0]}' ends like a distance", "choose another name", "ground.exposure"
            )

    @check
    def _classes_are_of_the_legend(self) -> None:
        for name, one in self.masks.items():
            known, where = LEGENDS.get(one.legend, {}), f"ground.masks.{name}"
            if wrong := [number for number in one.classes if known and number not in known]:
                raise Mistake(
                    f"{where}.classes: {one.legend} has no class {wrong[0]}",
                    f"use {_listed(known)}",
                    f"{where}.classes",
                )
            if known and (one.column or one.layer or one.buffer_m):
                raise Mistake(
                    f"{where}.legend = {one.legend} is of a raster: it takes no layer, column or buffer_m",
                    "leave them out, or the legend, which vector files do not have",
                    f"{where}.legend",
                )

    @check
    def _a_column_has_classes(self) -> None:
        for kind, ones in (("masks", self.masks), ("exposure", self.exposure)):
            for name, one in ones.items():
                where = f"ground.{kind}.{name}"
                if one.column and not one.classes:
                    raise Mistake(
                        f"{where}.column = {one.column} without classes",
                        "name its values in classes",
                        f"{where}.column",
                    )
                if kind == "exposure" and one.classes and not one.column:
                    raise Mistake(
                        f"{where}.classes without a column", "name the column in which they stand", f"{where}.classes"
                    )

    def files(self) -> dict[str, str]:
        """The files that are named.

        Returns
        -------
        dict of str to str
            Path, as it is written, by key: `masks.NAME`, `land_cover`, `exposure.NAME`.
        """
        return {
            **{f"masks.{name}": one.file for name, one in self.masks.items()},
            **({LAND_COVER: self.land_cover} if self.land_cover else {}),
            **{f"exposure.{name}": one.file for name, one in self.exposure.items()},
        }


def _listed(legend: dict[int, str]) -> str:
    return ", ".join(f"{number} ({word.lower()})" for number, word in legend.items())

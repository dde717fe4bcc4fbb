"""Section of the configuration: rates that others have processed, for the engine `displacement`."""

from typing import Annotated, Literal

from pydantic import Field

from sarslide.config.fields import DateName, Mistake, OneOf, PathText, Section, StackName, check, key
from sarslide.displacement.formats import AUTO, FORMATS


class DisplacementProduct(Section):
    """The product of one track, and what it does not state."""

    path: Annotated[PathText, Field(min_length=1)] = key(..., "file or folder; $VARIABLES are expanded")
    format: Annotated[str, OneOf((AUTO, *FORMATS))] = key(AUTO, "whose product; auto: by its content")
    unit: Literal["mm", "cm", "m"] | None = key(None, "of displacement, and of rates a year, of a plain GeoTIFF")
    positive: Literal["away", "towards"] | None = key(None, "motion with positive values in a plain GeoTIFF")
    period: tuple[DateName, DateName] | None = key(None, "first and last date of a rate whose files state none")
    incidence_deg: float | None = key(
        None, "incidence angle, where the product has none by cell; null: Sentinel-1's", "degree", ge=15, le=60
    )
    heading_deg: float | None = key(
        None, "flight direction, clockwise from north, likewise; null: Sentinel-1's by pass", "degree", ge=0, lt=360
    )
    coherence: float | None = key(
        None, "quality of all cells, where the product has none by cell: networks read it", "", gt=0, le=1
    )

    @check
    def _a_period_has_an_end(self) -> None:
        if self.period and self.period[0] >= self.period[1]:
            raise Mistake(f"period = {list(self.period)} ends before it begins", "give first and last date", "period")


class DisplacementSection(Section):
    """Rates that others have processed, with their series, for source and engine `displacement`."""

    products: dict[StackName, DisplacementProduct] = key(
        {},
        "by stack, the product of its track: MintPy, LiCSBAS, dolphin, OPERA DISP-S1, EGMS, GeoTIFF; the keys of each: path,"
        " format, unit, positive, period, incidence_deg, heading_deg, coherence",
    )

"""Section of the configuration: the page of the report."""

import re
from typing import Annotated

from pydantic import AfterValidator

from sarslide.config.fields import Mistake, Section, key

PLACES = ("{z}", "{x}", "{y}")
# What would end the address in the page's Content-Security-Policy is no part of one.
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?/([^\s{}\"'<>;,\\\x00-\x1f]|\{[zxy]\})*")


def _tiles(text: str) -> str:
    """The address of tiles, as the page asks for them; empty: none."""
    if text and not (ADDRESS.fullmatch(text) and all(text.count(word) == 1 for word in PLACES)):
        raise Mistake(f"{text!r} is no address of tiles", "write https://HOST/PATH with {z}, {x} and {y} in the path")
    return text


class ReportSection(Section):
    """The page of the report: a base map from the internet, off until a reader shows it."""

    tiles: Annotated[str, AfterValidator(_tiles)] = key(
        "https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless_3857/default/g/{z}/{y}/{x}.jpg",
        "address of tiles of 256 pixels in spherical Mercator (EPSG:3857), numbered from the north-west; its server must"
        " allow pages that are opened from a disk, which tile.openstreetmap.org does not; empty: no base map",
    )
    tiles_credit: str = key(
        "Sentinel-2 cloudless - https://s2maps.eu by EOX IT Services GmbH (Contains modified Copernicus Sentinel data"
        " 2016 & 2017), CC BY 4.0",
        "credit that the terms of these tiles ask for; stands on the map while they are shown",
        max_length=300,
    )
    tiles_zoom: int = key(15, "largest zoom of these tiles", ge=0, le=22)

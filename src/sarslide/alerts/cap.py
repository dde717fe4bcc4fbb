"""An alert as a message of the Common Alerting Protocol.

CAP 1.2, OASIS Standard, 1 July 2010. What InSAR does not measure is given as unknown: it sees
motion, neither when a slope fails nor what it would hit, so that a person decides what is made
public: status `Test` and scope `Restricted` unless the configuration says otherwise.
"""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import datetime

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from sarslide.alerts.choice import ACCELERATING, NEW, SEEN_AGAIN, Reported
from sarslide.io.xml_text import allowed

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
EVENTS = {
    NEW: "New moving slope",
    ACCELERATING: "Accelerating landslide",
    SEEN_AGAIN: "Landslide seen again and moving",
}
CERTAINTIES = {"reviewed": "Observed", "high": "Likely"}
RESTRICTION = "for the office that follows these landslides"


def message(
    region: str,
    release: str,
    reported: Sequence[tuple[Reported, BaseGeometry]],
    sender: str,
    status: str,
    sent: datetime,
) -> str:
    """The message of a release.

    Parameters
    ----------
    region, release : str
        Whose it is.
    reported : sequence of (Reported, BaseGeometry)
        At least one, each with its outline in longitude and latitude (WGS 84).
    sender, status : str
        As CAP has them.
    sent : datetime
        When, UTC.

    Returns
    -------
    str
        XML.
    """
    root = ElementTree.Element("alert", xmlns=NAMESPACE)
    _put(
        root,
        identifier=f"sarslide-{region}-{release}",
        sender=sender,
        sent=f"{sent:%Y-%m-%dT%H:%M:%S}-00:00",  # CAP 3.3.2: not Z
        status=status,
        msgType="Alert",
        scope="Restricted",
        restriction=RESTRICTION,
    )
    for one, outline in reported:
        info = ElementTree.SubElement(root, "info")
        _put(
            info,
            language="en",
            category="Geo",
            event=EVENTS[one.kind],
            responseType="Assess",
            urgency="Expected" if one.kind == ACCELERATING else "Unknown",
            severity="Unknown",
            certainty=CERTAINTIES.get(one.confidence, "Possible"),
            senderName=sender,
            headline=f"{EVENTS[one.kind]}: {one.name or one.ls_id}",
            description=f"{one.line}. Region {region}, release {release}.",
        )
        for name, value in (
            ("ls_id", one.ls_id),
            ("uid", one.uid),
            ("area_km2", f"{one.area_km2:.4f}"),
            ("los_speed_mm_per_yr", f"{one.speed_mm_per_yr:.1f}" if math.isfinite(one.speed_mm_per_yr) else "unknown"),
        ):
            _put(ElementTree.SubElement(info, "parameter"), valueName=name, value=value)
        area = ElementTree.SubElement(info, "area")
        _put(area, areaDesc=one.name or one.ls_id)
        for part in getattr(outline, "geoms", (outline,)):
            _put(area, polygon=_ring(part))
    ElementTree.indent(root)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _put(element: ElementTree.Element, **texts: str) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(element, name).text = allowed(text)


def _ring(part: Polygon) -> str:
    """Outer ring, closed, as CAP has it: `latitude,longitude`, parted by blanks."""
    return " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in part.exterior.coords)

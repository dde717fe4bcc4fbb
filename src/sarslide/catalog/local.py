"""Look for SAFE products that lie below resources/{region}/slc/{stack}/{date}/ and append them to the scene table."""

import csv
import logging
from datetime import UTC, datetime
from pathlib import Path

from defusedxml import ElementTree

from sarslide import names
from sarslide.catalog.scenes import COLUMNS, read
from sarslide.errors import CatalogError, SafeError
from sarslide.io.raster import atomic
from sarslide.provenance import sha256

log = logging.getLogger(__name__)


def update(table: Path, folder: Path) -> int:
    """Append a row for every new SAFE below `folder`; rewritten only if there is one. Returns the number of new rows.

    Raises SafeError for a product without a readable manifest and CatalogError for one that lies in another stack's folder.
    """
    known = read(table) if table.is_file() else []
    granules = {row["granule"] for row in known}
    found = [describe(safe) for safe in sorted(folder.glob("*/*/*.SAFE")) if safe.name not in granules]
    for row in found:
        log.info("new acquisition %s %s: %s", row["stack"], row["date"], row["granule"])
    if found or not table.is_file():
        with atomic(table) as temporary, open(temporary, "w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(known + found)
    return len(found)


def describe(safe: Path) -> dict[str, str]:
    """The row of a SAFE folder that lies in `{stack}/{date}/`."""
    stack, date = safe.parent.parent.name, safe.parent.name
    manifest = safe / "manifest.safe"
    try:
        root = ElementTree.parse(manifest).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise SafeError(f"{manifest}: cannot be read ({error})", "copy the product again") from error
    values = {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in root.iter()}
    relative = {
        element.get("type"): int(element.text)
        for element in root.iter()
        if element.tag.endswith("}relativeOrbitNumber") and element.text
    }
    true_stack = names.stack_name(values["pass"], relative["start"])
    true_date = values["startTime"][:10].replace("-", "")
    if (true_stack, true_date) != (stack, date):
        raise CatalogError(
            f"{safe}: is of stack {true_stack}, date {true_date}", f"move it to {true_stack}/{true_date}/"
        )
    orbits = sorted(path.name for path in safe.parent.glob("*.EOF"))
    return {
        "stack": stack,
        "date": date,
        "granule": safe.name,
        "platform": safe.name[:3],
        "absolute_orbit": safe.name.split("_")[-3],
        "start_utc": values["startTime"],
        "sha256": sha256(manifest),
        "orbit_file": orbits[-1] if orbits else "",
        "first_seen": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }

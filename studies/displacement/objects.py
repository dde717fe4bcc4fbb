"""Objects of regions of displacement products, beside those of the region that they come from.

    python -m studies.displacement.objects --native RESULTS --products RESULTS ... [--record]

An object is kept where one of the other release covers it with an IoU of at least 0.3.
"""

import argparse
from pathlib import Path

from geopandas import GeoDataFrame

from sarslide.inventory import records
from sarslide.io import vector
from studies.displacement import put, row

COMMAND = "python -m studies.displacement.objects --native RESULTS --products RESULTS --record"
SAME_IOU, GOAL = 0.3, "none lost, none invented"


def landslides(results: Path) -> GeoDataFrame:
    """Landslides of the current release of a region."""
    return vector.read(records.folder_of(results / "inventory/current.json") / records.PACKAGE, "landslides")


def without_partner(ours: GeoDataFrame, others: GeoDataFrame) -> list[float]:
    """Areas, ha, of the objects that no other one is the same as."""
    best = [
        max((one.intersection(other).area / one.union(other).area for other in others.geometry), default=0.0)
        for one in ours.geometry
    ]
    return [round(one.area / 1e4, 1) for one, iou in zip(ours.geometry, best, strict=True) if iou < SAME_IOU]


def compared(native: Path, results: Path, command: str = COMMAND) -> dict:
    """A row: objects of both, those that the products lose, those that they invent."""
    before, after = landslides(native), landslides(results)
    lost, invented = without_partner(before, after), without_partner(after, before)
    ends = (f"{word} {len(areas)} (ha: {areas})" for word, areas in (("lost", lost), ("invented", invented)))
    measured = f"{len(before)} -> {len(after)} landslides; {', '.join(ends)}"
    return row(f"{native.name} as product {results.name}", measured, command, GOAL, not lost and not invented)


def main(arguments: list[str] | None = None) -> None:
    """Compare, and record where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", type=Path, required=True, help="results of the region the products come from")
    parser.add_argument("--products", type=Path, nargs="+", required=True, help="results of the regions of products")
    parser.add_argument("--record", action="store_true", help="put the rows into the record")
    asked = parser.parse_args(arguments)
    rows = [compared(asked.native, results) for results in asked.products]
    if asked.record:
        put(rows)
    else:
        for each in rows:
            print(each["what"], each["measured"])


if __name__ == "__main__":
    main()

"""A release cut into two neighbouring regions, released on their own, and merged again.

    python -m studies.office.merged RELEASE... [--record]

Each release is cut by a line through its middle. Both halves reach over it, so that a strip is in
both; what a border cuts, it cuts. The northern half is a rectangle of the next UTM zone, which is
turned to the first one, so that the strip is wider towards one end; its outlines are shifted by
half a cell to the east and to the north, as another grid would draw them. The objects of the
release are the truth: each must be in the register once.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
from shapely.geometry import box

from sarslide.inventory import records, release
from sarslide.inventory.changes import InventoryState
from sarslide.inventory.tables import LAYERS, MASKED, OBJECTS, RELEASED, rows_of
from sarslide.publish import joined, source
from sarslide.publish.source import Publication
from studies.office import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.office.merged RELEASE... --record"
STRIPS_M = (300, 600, 1200, 2400, 4800)  # that both halves have
KINDS = {RELEASED: "moving objects", (MASKED,): "masked objects, most of one or two cells"}


def half(whole: Publication, name: str, ground, shift: float, epsg: int, working: Path) -> Publication:
    """A release of what lies on a region about a ground; parts of less than a cell are left out."""
    region = box(*gpd.GeoSeries([ground], crs=whole.epsg).to_crs(epsg).total_bounds)
    cell_m = whole.parameters["grid"]["cell_m"]
    state = InventoryState(next_number=whole.manifest.next_number)
    for layer in LAYERS:
        frame = whole.layers[layer].copy()
        frame["geometry"] = frame.geometry.translate(shift * cell_m, shift * cell_m)
        frame = frame.to_crs(epsg)
        frame["geometry"] = frame.geometry.intersection(region)
        frame = frame[frame.geometry.area >= cell_m**2]
        rows = rows_of(frame.assign(uid=""), OBJECTS, layer) if len(frame) else []
        state.layers[layer] = [one | {"area_km2": one["geometry"].area / 1e6} for one in rows]
    about = {
        "region": name,
        "dates": whole.manifest.dates,
        "parameters": {"grid": {"bounds": region.bounds, "cell_m": cell_m}},
        "versions": (whole.manifest.model_extra or {}).get("versions", {}),
    }
    releases = working / "results" / name / "inventory" / records.RELEASES
    made = release.publish(releases, whole.release, "", state, about, f"EPSG:{epsg}")
    return source.read(releases / made.release)


def told(register: joined.Register, layers: tuple[str, ...]) -> Counter[str]:
    """How many objects both halves have, and how often these are in the register.

    An object is that of the truth of which it was cut: the one with the same ls_id.
    """
    kept = pd.concat([register.layers[layer] for layer in LAYERS])
    left_out = register.duplicates[register.duplicates.layer.isin(layers)]
    here = pd.concat([*(register.layers[layer] for layer in layers), left_out]).ls_id.value_counts()
    both = here.index[here > 1]
    times = kept.ls_id[kept.ls_id.isin(both)].value_counts().reindex(both, fill_value=0)
    names = kept.set_index("uid").ls_id
    others = names.loc[left_out.kept_uid].to_numpy() != left_out.ls_id.to_numpy()
    counts = {"once": times == 1, "twice": times > 1, "lost": times == 0, "others": others}
    return Counter({word: int(found.sum()) for word, found in counts.items()})


def rows(folder: Path) -> Iterator[dict]:
    """Two rows, what moves and what is masked: the sum of all widths of the strip."""
    whole = source.read(folder)
    west, south, east, north = whole.bounds
    middle = (south + north) / 2
    counts = {layers: Counter() for layers in KINDS}
    for strip in STRIPS_M:
        lower, upper = box(west, south, east, middle + strip / 2), box(west, middle - strip / 2, east, north)
        with tempfile.TemporaryDirectory() as place:
            one = half(whole, "south", lower, 0.0, whole.epsg, Path(place))
            other = half(whole, "north", upper, 0.5, whole.epsg + 1, Path(place))
            register = joined.join([one, other])
            for part in (one, other):
                records.unprotect(part.folder.parent)
        for layers, count in counts.items():
            count.update(told(register, layers))
    what = f"{whole.region} cut in two with {', '.join(map(str, STRIPS_M))} m in common, merged"
    for layers, found in counts.items():
        words = ", ".join(f"{found[word]} {word}" for word in ("once", "twice", "lost"))
        both = found["once"] + found["twice"] + found["lost"]
        if both:  # else the row would show nothing
            text = f"{both} in both: {words}; {found['others']} left out for another object"
            yield row(
                f"{what}: {KINDS[layers]}", text, COMMAND, "each once", found["once"] == both and not found["others"]
            )


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.merged", description=__doc__)
    parser.add_argument("releases", type=Path, nargs="+", metavar="RELEASE", help="folder of a release")
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    chosen = parser.parse_args()
    found = [one for folder in chosen.releases for one in rows(folder)]
    keep_or_tell(found, put, chosen.record)


if __name__ == "__main__":
    main()

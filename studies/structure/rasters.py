"""List every raster of a finished region, so that two runs can be compared cell by cell.

    python -m studies.rasters FOLDER [--region valley] [--out list.json] [--against other.json]

One line a raster: the sha256 of its decoded cells, CRS, transform, nodata and band count, under its
path without the frame; and the content hash of the newest release without its text columns.
`--against` prints what differs and exits with 1.
"""

import argparse
import hashlib
import json
import re
from pathlib import Path

import geopandas
import pyogrio
import rasterio

FRAME = re.compile(r"/f\d+(?:_\d+)?(?=/)")


def raster_digest(path: Path) -> str:
    """sha256 of the decoded cells and of what places them on the ground.

    Compression, tags and overviews do not count.
    """
    digest = hashlib.sha256()
    with rasterio.open(path) as file:
        place = (str(file.crs), tuple(file.transform), file.shape, file.dtypes, repr(file.nodata))
        digest.update(repr(place).encode())
        for band in range(1, file.count + 1):
            for _, window in file.block_windows(band):
                digest.update(file.read(band, window=window).tobytes())
    return digest.hexdigest()


def rasters(folder: Path, region: str) -> dict[str, str]:
    """Digest of each GeoTIFF of a region's resources and results, by its path without the frame."""
    found = {}
    for top in ("resources", "results"):
        for path in sorted((folder / top / region).rglob("*.tif*")):
            if "slc" in path.parts or path.suffix not in (".tif", ".tiff"):
                continue
            found[FRAME.sub("", f"/{path.relative_to(folder)}")[1:]] = raster_digest(path)
    return found


def release_digest(folder: Path, region: str) -> str:
    """sha256 over the layers of the current release, sorted.

    Geometry to 1 mm and every column of numbers to 6 digits.
    """
    inventory = folder / "results" / region / "inventory"
    current = json.loads((inventory / "current.json").read_text())["release"]
    path = inventory / "releases" / current / "landslides.gpkg"
    rows = []
    for layer in sorted(name for name, kind in pyogrio.list_layers(path) if kind):
        table = geopandas.read_file(path, layer=layer)
        numbers = table.drop(columns=table.geometry.name).select_dtypes("number")
        shapes = table.geometry.set_precision(1e-3).normalize().to_wkb(hex=True)
        for shape, values in zip(shapes, numbers.to_dict("records"), strict=True):
            rows.append(f"{layer} {shape} " + " ".join(f"{key}={value:.6g}" for key, value in sorted(values.items())))
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


def listing(folder: Path, region: str) -> dict:
    """JSON-ready: `rasters` by path and `release`, the hash of its content without text."""
    return {"rasters": rasters(folder, region), "release": release_digest(folder, region)}


def differences(one: dict, other: dict) -> list[str]:
    """One line for each raster that only one list has or whose digest differs.

    And one for another release.
    """
    left, right = one["rasters"], other["rasters"]
    lines = [f"only in the first: {path}" for path in sorted(set(left) - set(right))]
    lines += [f"only in the second: {path}" for path in sorted(set(right) - set(left))]
    lines += [f"differs: {path}" for path in sorted(set(left) & set(right)) if left[path] != right[path]]
    return lines + (["differs: content of the release"] if one["release"] != other["release"] else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="working folder of the run, which holds resources/ and results/")
    parser.add_argument("--region", default="valley")
    parser.add_argument("--out", type=Path, help="write the list here as JSON")
    parser.add_argument("--against", type=Path, help="a list of another run")
    chosen = parser.parse_args()
    found = listing(chosen.folder, chosen.region)
    if chosen.out:
        chosen.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{len(found['rasters'])} rasters, release {found['release'][:16]}")
    wrong = differences(json.loads(chosen.against.read_text()), found) if chosen.against else []
    print("\n".join(wrong) if wrong else ("equal" if chosen.against else ""))
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())

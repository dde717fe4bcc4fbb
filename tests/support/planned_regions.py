"""Small regions of every source, engine and method that are planned without data: names and empty files."""

import csv
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely.geometry import box

from sarslide.catalog.scenes import ARCHIVE_COLUMNS, OLD_COLUMNS
from sarslide.layers import OPTICAL
from sarslide.models.weights import packaged
from sarslide.rates.methods import DELIVERED, METHODS
from tests.support import phase_weights

DAYS = ["20190306", "20190318", "20190330", "20190411"]
PAIRS = [f"{first}_{second}" for first, second in zip(DAYS, DAYS[1:], strict=False)]
BOUNDS = (517500, 3206400, 520500, 3210000)
CRS = 32647
# Patterns of what is made on demand, beside what every run makes.
RATE_MAPS = (
    "los_rate_ring_mm_per_yr.tif",
    "downslope_rate_mm_per_yr.tif",
    "factors/importance.csv",
    "series/inventory.csv",
)
STACK_MAPS = (
    "averaging/phase_intensity_rgb.tif",
    "atmosphere/atmosphere_figure.png",
    "phase_gradient/phase_gradient.json",
)
# Displacement products by stack, and another delivery of one of them.
DELIVERIES = {stack: {"path": f"delivered/{stack}"} for stack in ("A128", "D062")}
DELIVERED_AGAIN = {**DELIVERIES, "D062": {"path": "delivered/D062_again"}}
# What a method needs beside its name.
OWN = {"own": {"own": "mine.py"}}
OPTIONAL_MAPS = (f"optical/f0/{OPTICAL[0]}.tif", "lithology/f0/lithology.tif")


@dataclass(frozen=True)
class Region:
    """A region that is planned.

    Attributes
    ----------
    config : dict
        Its keys.
    targets : tuple of str
        What is asked for beside what every run makes.
    conda : bool
        Whether the outside programs of its engine would be those of an environment.
    """

    config: dict[str, Any]
    targets: tuple[str, ...] = ()
    conda: bool = False


def regions(folder: Path) -> dict[str, Region]:
    """Regions that read between them every key of the configuration.

    Parameters
    ----------
    folder : Path
        Working folder, into which the files go that they name.

    Returns
    -------
    dict of str to Region
        By name.
    """
    for write in (_polygons, _files, _scenes, _products, _deliveries):
        write(folder)
    demo = {"region": "valley", "simulation": {"dates": 4}}
    products = {
        "windows": {"spring": ["20190301", "20190501"]},
        "dinsar": PAIRS[:1],
        "series_polygons": "polygons.gpkg",
        "atmosphere": "filter",
        "reference_mode": "double_difference",
        "rate_cycles": False,
    }
    labels = {"training": {"labels": "polygons.gpkg", "start": "random"}}
    coco = {"start": "coco", "network": "mask_rcnn", "width": None}
    named = {"optical": {"products": ["s2"]}, "lithology": {"file": "polygons.gpkg"}}
    dem = {"dem": "dem.tif", "dem_vertical": "orthometric"}
    compared = dict.fromkeys(("inventory", "area", "points"), "polygons.gpkg") | {"complete": True}
    real = {"region": "real", "grid": {"dem": "glo30"}}
    apart = ("stacking", DELIVERED)
    others = [method.name for method in METHODS.values() if method.has_rates and method.name not in apart]
    phases = {"model": "phases", "weights": "phases.safetensors"}
    averaged = {
        "rates": {"method": "averaging"},
        "segmentation": phases,
        "inventory": {"names": "polygons.gpkg", "masks": "polygons.gpkg"},
        "ground": {
            "masks": {"glacier": {"file": "polygons.gpkg"}},
            "land_cover": "dem.tif",
            "exposure": {"roads": {"file": "polygons.gpkg", "measure": "length"}},
        },
    }
    return {
        "simulated": Region(demo | {"rates": products, "paper": "P0", "evaluation": compared}, _maps("native")),
        # Three frames from south to north.
        "framed": Region(
            demo | {"grid": {"frame_km": 6, "frame_margin_km": 1}, "rates": {"reference": [518000, 3202000, 500]}}
        ),
        "learning": Region(
            demo | {"benchmark": {"tables": ["p0_t3"], "networks": ["drs_unet"]}}, ("train", "benchmark")
        ),
        "labelled": Region(demo | labels, ("train", "coco_export")),
        "coco": Region(demo | {"training": labels["training"] | coco}, ("train",)),
        **{
            method: Region(demo | {"rates": {"method": method} | OWN.get(method, {})}, _maps("native", method)[2:])
            for method in others
        },
        "averaging": Region(demo | averaged),
        "filtered": Region(demo | {"interferogram": {"linking": "none"}}),
        # On a ground of its own, mapped without a network.
        "threshold": Region(
            demo
            | {"simulation": {"dates": 4, "dem": "dem.tif"}, "grid": {"dem_vertical": "orthometric", "geoid_m": 40}}
            | {"segmentation": {"method": "velocity_threshold"}}
        ),
        "isce2": Region(demo | {"engine": "isce2"}, conda=True),
        "snap": Region(demo | {"engine": "snap"}, conda=True),
        "archive": Region(
            real | {"catalog": {"archive": "asf"}, "retrieve": {"sentinel2": True}},
            ("update_catalog", *_maps("native", region="real")[-2:-1]),
        ),
        "folders": Region(real | named | {"region": "local", "grid": dem}, _maps("native", region="local")[-2:]),
        "hyp3": Region({"region": "ordered", "source": "hyp3", "engine": "hyp3", "grid": {"dem": "aw3d30"}}),
        "files": Region(
            {"region": "real", "source": "files", "engine": "files", "grid": {"dem": "srtm"}}
            | {"network": {"pairs": PAIRS}, "files": {"folder": "pairs"}}
        ),
        "displacement": Region(
            {"region": "real", "source": "displacement", "engine": "displacement", "grid": {"dem": "srtm"}}
            | {"stacks": list(DELIVERIES)}
            | {"displacement": {"products": DELIVERIES}, "rates": {"method": DELIVERED}}
            | {"segmentation": {"method": "velocity_threshold"}},
            (f"results/real/A128/f0/displacement/{DELIVERED}/series/inventory.csv",),
        ),
    }


def _maps(engine: str, method: str = "stacking", region: str = "valley") -> tuple[str, ...]:
    stack = f"results/{region}/A128/f0/{engine}"
    return (
        *(f"{stack}/{name}" for name in STACK_MAPS),
        *(f"{stack}/{method}/{name}" for name in RATE_MAPS),
        *(f"results/{region}/{name}" for name in OPTIONAL_MAPS),
    )


def _deliveries(folder: Path) -> None:
    """Names and first bytes of series of dolphin, the second delivery with a later date."""
    for name, days in (("A128", DAYS[1:]), ("D062", DAYS[1:]), ("D062_again", [*DAYS[1:], "20190423"])):
        (folder / "delivered" / name).mkdir(parents=True)
        for day in days:
            (folder / "delivered" / name / f"{DAYS[0]}_{day}.tif").write_bytes(b"II*\0")


def _polygons(folder: Path) -> None:
    """Labelled ground in the middle of the region, in two layers of one file."""
    west, south, *_ = BOUNDS
    places = [box(west + 500 * k, south + 500, west + 500 * k + 300, south + 900) for k in (1, 3)]
    rows = gpd.GeoDataFrame({"kind": ["slide", "unclear"], "confidence": [0.9, 0.6]}, geometry=places, crs=CRS)
    rows.to_file(folder / "polygons.gpkg", layer="landslides")


def _files(folder: Path) -> None:
    """Files that keys name, most of them empty, and the region's own file."""
    for name in (
        "more.h5",
        "dem.tif",
        "other.tif",
        "more.npz",
        "review.csv",
        "mine.py",
        "more.py",
        "s2/band.tif",
        "s2b/band.tif",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    (folder / "review.csv").write_text("ls_id,action\n")
    (folder / "delays").mkdir()
    for day in range(100):
        (folder / f"delays/{date(2019, 3, 1) + timedelta(day):%Y%m%d}.ztd").touch()
    second = folder / "pairs/second"
    second.mkdir(parents=True)
    for pair in PAIRS:
        gamma = [f"{pair.replace('_', '-')}_{kind}.tif" for kind in ("unw", "cc")]
        for name in (*gamma, f"S1_{pair}_unw_phase.tif", f"S1_{pair}_corr.tif"):
            (second.parent / name).touch()
        for kind in ("unw", "cc", "par"):
            (second / f"{pair}.{kind}").touch()
    shutil.copytree(folder / "pairs", folder / "pairs_again")
    shutil.copy(packaged("drs_unet_compact"), folder / "weights.safetensors")
    phase_weights.write(folder / "phases.safetensors")
    shutil.copy(folder / "polygons.gpkg", folder / "more.gpkg")
    (folder / "regions").mkdir()
    for name in ("real", "local", "ordered"):
        text = f"stacks: [A128]\ngrid:\n  epsg: {CRS}\n  bounds: {list(BOUNDS)}\n  dem: glo30\n"
        (folder / f"regions/{name}.yaml").write_text(text)


def _scenes(folder: Path) -> None:
    """Scene tables: one of an archive whose last dates wait for a burst or an orbit, one of bursts for HyP3."""
    rows = []
    for number, day in enumerate([*DAYS, "20190423", "20190505"]):
        kind = "RESORB" if number == 5 else "POEORB"
        orbit = f"S1A_OPER_AUX_{kind}_OPOD_20190601T120000_V{day}T000000_{day}T235900.EOF"
        for burst in ("1",) if number == 4 else ("1", "2"):
            rows.append(
                {
                    "stack": "A128",
                    "date": day,
                    "granule": f"S1_00000{burst}_IW1_{day}T110000_VV_0A0{number}-BURST",
                    "platform": "S1A",
                    "absolute_orbit": "026000",
                    "start_utc": f"{day[:4]}-{day[4:6]}-{day[6:]}T11:00:00.000000",
                    "stop_utc": f"{day[:4]}-{day[4:6]}-{day[6:]}T11:00:03.000000",
                    "polarisation": "VV",
                    "orbit_file": orbit,
                    "burst_ids": f"00000{burst}_IW1",
                    "address": f"https://example.org/{day}/{burst}",
                }
            )
    _table(folder / "resources/real/scenes.csv", ARCHIVE_COLUMNS, rows)
    for name in ("local", "ordered"):
        one = [row for row in rows if row["burst_ids"].startswith("000001")]
        _table(folder / f"resources/{name}/scenes.csv", OLD_COLUMNS, one)


def _table(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True)
    with open(path, "w", newline="") as stream:
        table = csv.DictWriter(stream, columns, restval="", extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _products(folder: Path) -> None:
    """A folder for each date that the rows of a table name."""
    for day in [*DAYS, "20190423", "20190505"]:
        (folder / f"resources/local/slc/A128/{day}").mkdir(parents=True)

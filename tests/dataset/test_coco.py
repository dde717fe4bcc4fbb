"""Data sets of images with COCO annotations: read by pycocotools, brought back to the ground, and what
no COCO file is.
"""

import json
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from pycocotools import mask as rle
from pycocotools.coco import COCO
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import rasterize
from shapely.geometry import Point, Polygon, box

from sarslide import cli
from sarslide.dataset import coco, coco_write, images, labels, scenes, splits
from sarslide.dataset.patches import windows
from sarslide.errors import ConfigError, TrainingError, VectorError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from tests.inventory.test_scripts import run_script

# pycocotools 2.0 under numpy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 300, 260)
CHANNELS = ("avg_phase_red", "avg_phase_green", "avg_phase_blue")


def outlines(count=30, seed=4):
    """Smooth outlines of 0.01 to 0.4 km2 that stay apart; the third has a hole, the fifth two pieces."""
    rng = np.random.default_rng(seed)
    west, south, east, north = GRID.bounds
    found = []
    angle = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    while len(found) < count:
        centre = rng.uniform((west + 400, south + 400), (east - 400, north - 400))
        size = rng.uniform(90, 330)
        radius = size * (1 + 0.25 * np.sin(2 * angle + rng.uniform(0, 6)) + 0.1 * np.sin(5 * angle + rng.uniform(0, 6)))
        outline = Polygon(np.stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)], axis=1))
        if all(outline.distance(other) > 100 for other in found):
            found.append(outline)
    inside = found[2].centroid.buffer(0.3 * np.sqrt(found[2].area))
    found[2] = found[2].difference(inside)
    middle = found[4].centroid.x
    found[4] = found[4].difference(box(middle - 45, south, middle + 45, north))
    return found


def region(folder, stacks=("A128",), hidden=True):
    """Scenes of tracks over the outlines, through label file and npz as the rules make them, and the
    outlines.
    """
    planted = outlines()
    gpd.GeoDataFrame(geometry=planted, crs="EPSG:32647").to_file(folder / "labels.gpkg")
    labelled = labels.read_labels(folder / "labels.gpkg", GRID)
    made = []
    for number, stack in enumerate(stacks):
        rng = np.random.default_rng(number)
        stored = {
            "avg_phase_rad": rng.uniform(-3.1, 3.1, GRID.shape).astype(np.float32),
            "layover_shadow": ((rng.random(GRID.shape) < 0.02) * hidden).astype(np.uint8),
        }
        arrays = scenes.arrays_of(stored, labelled.label, labelled.objects, GRID, "valley", stack)
        np.savez(folder / f"{stack}.npz", **arrays)
        made.append(scenes.load(folder / f"{stack}.npz", CHANNELS))
    return made, planted


def opened(path):
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(path) as source:
        return source.read()


def quiet_coco(path, capsys):
    found = COCO(str(path))
    capsys.readouterr()
    return found


@pytest.mark.parametrize("annotations", ["rle", "polygon"])
def test_pycocotools_reads_the_masks(tmp_path, capsys, annotations):
    """Masks, areas and boxes of pycocotools are those of the label raster, object by object; so does
    the PNG.
    """
    [scene], _ = region(tmp_path, hidden=annotations == "rle")  # holes of hidden cells are code in both
    design = coco_write.Design(patch=128, annotations=annotations, negatives=0.2)
    counts = coco_write.write_dataset(tmp_path / "set", [scene], CHANNELS, design)
    objects_of = {}
    for part in splits.PARTS:
        found = quiet_coco(tmp_path / f"set/json/{part}.json", capsys)
        assert len(found.imgs) == counts[part]["images"] > 0
        for entry in found.loadImgs(found.getImgIds()):
            label = opened(tmp_path / "set" / entry["mask_name"])[0]
            col, row = ((entry["transform"][2] - GRID.west) / 30, (GRID.north - entry["transform"][5]) / 30)
            window = np.s_[int(row) : int(row) + 128, int(col) : int(col) + 128]
            seen = np.zeros((128, 128), bool)
            for annotation in found.loadAnns(found.getAnnIds(entry["id"])):
                cells = found.annToMask(annotation).astype(bool)
                assert annotation["area"] == cells.sum()
                rows, cols = np.nonzero(cells)
                size = [np.ptp(cols) + 1, np.ptp(rows) + 1]
                assert annotation["bbox"] == [cols.min(), rows.min(), *size]
                if annotation["iscrowd"]:
                    np.testing.assert_array_equal(cells, label == 255)
                    continue
                np.testing.assert_array_equal(cells, (scene.objects[window] == annotation["object"]) & (label == 1))
                assert not (seen & cells).any()
                seen |= cells
                objects_of.setdefault(part, set()).add(annotation["object"])
            np.testing.assert_array_equal(seen, label == 1)
            assert (label[: 300 - int(row), : 260 - int(col)] == scene.label[window])[
                label[: seen.shape[0]] != 255
            ].all()
        kinds = {type(a["segmentation"]) for a in found.anns.values() if not a["iscrowd"]}
        assert kinds == {dict} if annotations == "rle" else list in kinds
    shared = [objects_of[a] & objects_of[b] for a in objects_of for b in objects_of if a != b]
    assert not any(shared)
    assert {part: len(found) for part, found in objects_of.items()} == {p: counts[p]["objects"] for p in counts}


def test_images_of_different_parts_share_no_cell(tmp_path):
    [scene], _ = region(tmp_path)
    coco_write.write_dataset(tmp_path / "set", [scene], CHANNELS, coco_write.Design(patch=128, block=64))
    known = np.zeros((3, *GRID.shape), bool)
    for number, part in enumerate(splits.PARTS):
        for entry in json.loads((tmp_path / f"set/json/{part}.json").read_text())["images"]:
            row, col = round((GRID.north - entry["transform"][5]) / 30), round((entry["transform"][2] - GRID.west) / 30)
            image = opened(tmp_path / "set" / entry["file_name"])
            cells = known[number, row : row + 128, col : col + 128]
            cells |= (image > 0).any(axis=0)[: cells.shape[0], : cells.shape[1]]
    assert known.any(axis=(1, 2)).all()
    assert known.sum(axis=0).max() == 1


def from_bytes(stretch, image):
    """Values of an image by docs/reference/datasets.md, NaN where unknown."""
    values = stretch.low + (image.astype(np.float32) - 1) / 254 * (stretch.high - stretch.low)
    return np.where(image > 0, values, np.nan).astype(np.float32)


def test_images_come_back_to_half_a_step(tmp_path):
    """Colours between 0 and 1; other layers between their extremes."""
    [scene], _ = region(tmp_path)
    design = coco_write.Design(patch=128, split="random", fractions=(0.7, 0.3))
    coco_write.write_dataset(tmp_path / "set", [scene], CHANNELS, design)
    dataset = json.loads((tmp_path / "set/json/train.json").read_text())
    stretch = [images.Stretch(c["name"], c["low"], c["high"]) for c in dataset["info"]["channels"]]
    assert [(s.name, s.low, s.high) for s in stretch] == [(name, 0, 1) for name in CHANNELS]
    for entry in dataset["images"]:
        image = opened(tmp_path / "set" / entry["file_name"])
        assert image.dtype == np.uint8
        row, col = round((GRID.north - entry["transform"][5]) / 30), round((entry["transform"][2] - GRID.west) / 30)
        for channel, band, layer in zip(stretch, image, scene.features, strict=True):
            values = layer[row : row + 128, col : col + 128]
            np.testing.assert_allclose(from_bytes(channel, band), values, atol=0.5 / 254 + 1e-6)

    rates = np.random.default_rng(1).normal(0, 20, (1, 50, 50)).astype(np.float32)
    rates[0, 3, 3] = np.nan
    [channel] = images.stretches(["los_rate_mm_per_yr"], [rates, np.full_like(rates, np.nan)])
    assert (channel.low, channel.high) == (np.nanmin(rates), np.nanmax(rates))
    np.testing.assert_allclose(
        from_bytes(channel, channel.to_bytes(rates[0])), rates[0], atol=np.ptp(rates[np.isfinite(rates)]) / 507
    )
    [flat] = images.stretches(["elevation_m"], [np.full((1, 4, 4), 2000, np.float32)])
    assert (from_bytes(flat, flat.to_bytes(np.full((4, 4), 2000, np.float32))) == 2000).all()


@pytest.mark.parametrize("annotations", ["rle", "polygon"])
def test_outlines_come_back_within_half_a_cell(tmp_path, annotations):
    """Polygons -> cells -> COCO in overlapping images -> polygons: every cell edge of the result has
    the true outline within half a cell, as between two cell centres of which one is inside. And the
    cells are the same as before.
    """
    [scene], planted = region(tmp_path, hidden=False)
    design = coco_write.Design(patch=128, split="random", fractions=(1.0, 0.0), annotations=annotations)
    with pytest.raises(TrainingError, match="no image of 128 cells of the validation part has a landslide"):
        coco_write.write_dataset(tmp_path / "set", [scene], CHANNELS, design)
    patches = [(scene, *place) for place in windows(GRID.shape, 128, 0.5)]
    stretch = images.stretches(CHANNELS, [scene.features])
    coco_write._write_part(tmp_path / "set", "train", patches, stretch, design)
    found = coco.read_dataset(tmp_path / "set/json/train.json")
    assert found.crs == "EPSG:32647"
    assert sorted(found.object) == list(range(1, len(planted) + 1))
    assert set(found.category) == {"active landslide"}
    for row in found.itertuples():
        truth = planted[row.object - 1]
        cells = rasterize([truth], GRID.shape, transform=GRID.transform)
        np.testing.assert_array_equal(rasterize([row.geometry], GRID.shape, transform=GRID.transform), cells)
        edges = row.geometry.boundary.segmentize(30.0 + 1e-6)
        middles = [
            Point(*np.mean([a, b], axis=0))
            for ring in getattr(edges, "geoms", [edges])
            for a, b in zip(ring.coords[:-1], ring.coords[1:], strict=True)
        ]
        assert len(middles) >= 4
        assert max(point.distance(truth.boundary) for point in middles) <= 15 + 1e-6
    again = gpd.read_file(tmp_path / "labels.gpkg")
    assert abs(found.area.sum() / again.area.sum() - 1) < 0.01


def test_imported_polygons_are_labels(tmp_path, capsys):
    """The command line writes what `training.labels` reads, and the label comes back."""
    [scene], _ = region(tmp_path, hidden=False)
    patches = [(scene, *place) for place in windows(GRID.shape, 128, 0.25)]
    coco_write._write_part(
        tmp_path / "set", "train", patches, images.stretches(CHANNELS, [scene.features]), coco_write.Design(patch=128)
    )
    with pytest.raises(SystemExit) as end:
        cli.main(["coco", str(tmp_path / "set/json/train.json"), str(tmp_path / "back.gpkg")])
    assert not end.value.code
    assert capsys.readouterr().out == f"30 polygons in EPSG:32647: {tmp_path / 'back.gpkg'}\n"
    np.testing.assert_array_equal(labels.read_labels(tmp_path / "back.gpkg", GRID).label, scene.full_label)


def external(**changes):
    """A COCO file as another tool writes it: a triangle, a square with uncompressed code, a crowd."""
    code = {"size": [40, 50], "counts": [40 * 10 + 5, *[8, 32] * 6, 8, 40 * 50 - 40 * 10 - 5 - 8 - 40 * 6]}
    content = {
        "images": [{"id": 7, "file_name": "a.png", "width": 50, "height": 40,
                    "crs": "EPSG:32647", "transform": [25, 0, 500000, 0, -25, 3200000]}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "segmentation": [[10.5, 5.0, 20.25, 5.0, 10.5, 30.75]], "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 4, "segmentation": code},
            {"id": 3, "image_id": 7, "category_id": 3, "segmentation": code, "iscrowd": 1},
        ],
        "categories": [{"id": 3, "name": "slide"}],
    }  # fmt: skip
    return content | changes


def test_foreign_annotations(tmp_path):
    """Vertices between the cells' corners come to the ground as they are; uncompressed codes and
    unnamed categories are read.
    """
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(external()))
    found = coco.read_dataset(path)
    assert found.category.tolist() == ["slide", "4"]
    assert found.object.tolist() == [0, 0]
    corners = [(500262.5, 3199875), (500506.25, 3199875), (500262.5, 3199231.25)]
    assert found.geometry[0].equals_exact(Polygon(corners), 1e-6) or found.geometry[0].equals(Polygon(corners))
    assert found.geometry[1].equals(box(500250, 3200000 - 13 * 25, 500000 + 17 * 25, 3199875))


def test_results_and_annotations_without_a_place_use_the_exported_images(tmp_path):
    """A tool that drew on our images drops their transform: found again by file name; results of a
    network by image id.
    """
    (tmp_path / "ours.json").write_text(json.dumps(external()))
    drawn = external(images=[{"id": 1, "file_name": "/home/me/a.png", "width": 50, "height": 40}])
    drawn["annotations"] = [drawn["annotations"][0] | {"image_id": 1}]
    (tmp_path / "drawn.json").write_text(json.dumps(drawn))
    with pytest.raises(VectorError, match=r"image '/home/me/a\.png' has no transform and CRS; cure: name the data set"):
        coco.read_dataset(tmp_path / "drawn.json")
    placed = coco.read_dataset(tmp_path / "drawn.json", tmp_path / "ours.json")
    assert placed.geometry[0].equals(coco.read_dataset(tmp_path / "ours.json").geometry[0])

    cells = np.zeros((40, 50), np.uint8, order="F")
    cells[5:13, 10:17] = 1
    code = rle.encode(cells)
    result = {
        "image_id": 7,
        "category_id": 3,
        "score": 0.83,
        "segmentation": code | {"counts": code["counts"].decode()},
    }
    (tmp_path / "results.json").write_text(json.dumps([result]))
    with pytest.raises(VectorError, match="is a list of results without images"):
        coco.read_dataset(tmp_path / "results.json")
    [row] = coco.read_dataset(tmp_path / "results.json", tmp_path / "ours.json").itertuples()
    assert (row.score, row.category) == (0.83, "slide")
    assert row.geometry.equals(box(500250, 3200000 - 13 * 25, 500000 + 17 * 25, 3199875))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is no JSON"),
        ("{}", "annotations = .*: Field required"),
        (external(annotations=[]), "has no annotations"),
        (external(annotations=[external()["annotations"][0] | {"image_id": 8}]), "annotation of image 8"),
        (external(annotations=[external()["annotations"][0] | {"segmentation": [[1, 1, 2, 2, 3, 3]]}]),
         "annotation 1 of image 7 is empty"),
        (external(annotations=[external()["annotations"][0] | {"segmentation": []}]), "annotation 1 of image 7 is empty"),
        (external(images=[external()["images"][0], external()["images"][0] | {"id": 8, "crs": "EPSG:32648"}],
                 annotations=[external()["annotations"][0], external()["annotations"][0] | {"image_id": 8}]),
         "images in EPSG:32647, EPSG:32648"),
    ],
)  # fmt: skip
def test_files_that_are_no_data_set(tmp_path, content, problem):
    path = tmp_path / "coco.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(VectorError, match=rf"^E1005 .*coco\.json: .*{problem}.*; cure: "):
        coco.read_dataset(path)


def test_scenes_that_make_no_images(tmp_path):
    [scene], _ = region(tmp_path)
    with pytest.raises(ConfigError, match="2 channels for an image"):
        coco_write.write_dataset(tmp_path / "set", [scene], CHANNELS[:2], coco_write.Design())
    lost = scenes.TrainingScene("r", "r/A128", scene.features, scene.label)
    with pytest.raises(TrainingError, match="scene r/A128 does not know where it lies"):
        coco_write.write_dataset(tmp_path / "set", [lost], CHANNELS, coco_write.Design())
    assert not (tmp_path / "set").exists()


def test_the_rules_scripts(tmp_path):
    """label_scene and coco_export on two small tracks: parts without a shared cell, a COCO folder,
    sidecars.
    """
    planted = outlines()
    gpd.GeoDataFrame(geometry=planted, crs="EPSG:32647").to_crs("EPSG:4326").to_file(tmp_path / "labels.geojson")
    paths = {}
    for name, values in {
        "avg_phase_rad": np.random.default_rng(2).uniform(-3, 3, GRID.shape),
        "layover_shadow": np.zeros(GRID.shape),
    }.items():
        paths[name] = tmp_path / f"{name}.tif"
        raster.write(paths[name], values, GRID, name)
    params = {
        "grid": GRID.to_dict(), "exclude": {}, "region": "valley", "layer": "", "class_column": "", "classes": {},
        "confidence_column": "",
        "min_confidence": 0.5, "block": 64, "fractions": (0.5, 0.3, 0.2), "seed": 7, "code": "c",
        "split": "blocks", "patch": 64, "overlap": 0.5,
    }  # fmt: skip
    made = {}
    for stack, part in (("A128", "whole"), ("D062", "whole"), *(("A128", part) for part in splits.PARTS)):
        made[stack, part] = {
            "scene": tmp_path / f"{stack}.{part}.npz",
            "label": tmp_path / f"{stack}.{part}.label.tif",
            "sidecar": tmp_path / f"{stack}.{part}.json",
        }
        wildcards = SimpleNamespace(stack=stack, part=part)
        inputs = {**paths, "labels": tmp_path / "labels.geojson", "area": []}
        run_labelling(tmp_path, inputs, made[stack, part], params, wildcards)
    whole, *parts = (raster.read(made["A128", part]["label"], GRID) for part in ("whole", *splits.PARTS))
    counted = sum((part != 255).astype(int) for part in parts)
    assert counted.max() == 1
    assert (counted == 0).mean() < 0.02  # objects in another part than most of their cells
    for part in parts:
        np.testing.assert_array_equal(whole[part != 255], part[part != 255])
    held = np.array([(part == 1).sum() for part in parts])
    assert held / held.sum() == pytest.approx(params["fractions"], abs=0.05)

    settings = {
        "channels": "p2_colours", "patch": 64, "overlap": 0.5, "negatives": 0.43, "split": "blocks", "block": 64,
        "fractions": [0.6, 0.2, 0.2], "annotations": "polygon", "seed": 7, "code": "c",
    }  # fmt: skip
    files = [str(made[stack, "whole"]["scene"]) for stack in ("A128", "D062")]
    outputs = {"folder": str(tmp_path / "coco"), "sidecar": tmp_path / "coco_export.json"}
    for _ in range(2):  # a second run replaces the folder
        run_script("coco_export", tmp_path, {"scenes": files}, outputs, settings)
    counts = json.loads((tmp_path / "coco_export.json").read_text())["counts"]
    for part in splits.PARTS:
        found = coco.read_dataset(tmp_path / f"coco/json/{part}.json")
        assert len(found) == counts[part]["objects"]
        assert len(list((tmp_path / f"coco/image/{part}").glob("*.png"))) == counts[part]["images"]
    assert sum(entry["objects"] for entry in counts.values()) == len(planted)


@pytest.mark.parametrize("part", ["whole", "train", "validation", "test"])
def test_no_scene_holds_the_ground_of_a_test_area(tmp_path, part):
    """A02: neither layers nor labels in its cells, and no part of a landslide that reaches into it, whatever its CRS."""
    planted = outlines()
    gpd.GeoDataFrame(geometry=planted, crs="EPSG:32647").to_file(tmp_path / "labels.geojson")
    west, south, east, north = GRID.bounds
    # The western half of the region is the test area, up to the middle of a landslide.
    cut = min(planted, key=lambda outline: abs(outline.centroid.x - (west + east) / 2))
    edge = round((cut.centroid.x - west) / 30) * 30 + west
    area = RegionGrid.from_bounds(32647, (west, south, edge, north), 30)
    layers = {"avg_phase_rad": np.ones(GRID.shape), "layover_shadow": np.zeros(GRID.shape)}
    for name, values in layers.items():
        raster.write(tmp_path / f"{name}.tif", values, GRID, name)
    params = {
        "grid": GRID.to_dict(), "exclude": {"test": area.to_dict()}, "region": "valley", "layer": "", "class_column": "",
        "classes": {}, "confidence_column": "", "min_confidence": 0.5, "block": 16,
        "fractions": (0.5, 0.25, 0.25), "split": "blocks", "seed": 7, "patch": 64, "overlap": 0.5, "code": "c",
    }  # fmt: skip
    made = {kind: tmp_path / f"made.{kind}" for kind in ("npz", "tif", "json")}
    outputs = dict(zip(("scene", "label", "sidecar"), made.values(), strict=True))
    inputs = {name: tmp_path / f"{name}.tif" for name in layers} | {"labels": tmp_path / "labels.geojson", "area": []}
    run_labelling(tmp_path, inputs, outputs, params, SimpleNamespace(stack="A128", part=part))
    cols = round((edge - west) / 30)
    with np.load(made["npz"]) as found:
        label, phase, objects = found["label"], found["avg_phase_rad"], found["objects"]
        assert (label[:, :cols] == 255).all() and np.isnan(phase[:, :cols]).all() and not objects[:, :cols].any()
        assert (found["layover_shadow"][:, :cols] == 255).all()
    reaching = labels.read_labels(tmp_path / "labels.geojson", GRID).objects
    outside = np.isin(reaching, np.setdiff1d(reaching[:, :cols], [0]))
    assert outside[:, cols:].any() and (label[outside] == 255).all()
    assert (label == 1).any() and np.isfinite(phase[:, cols:]).any()


@pytest.mark.parametrize("epsg", [32646, 32647, 32648])
def test_cells_of_a_test_area_in_any_crs(epsg):
    """The box of the area in another zone: each cell whose centre is in it, and none two cells beside it."""
    from pyproj import Transformer

    west, south, east, north = GRID.bounds
    to_area = Transformer.from_crs(GRID.epsg, epsg, always_xy=True)
    x, y = to_area.transform((west + east) / 2, (south + north) / 2)
    area = RegionGrid.from_bounds(epsg, (x - 900, y - 600, x + 600, y + 900), 30)
    tested = splits.cells_of_areas(GRID, [area])
    rows, cols = np.indices(GRID.shape)
    east_m, north_m = to_area.transform(west + (cols + 0.5) * 30, north - (rows + 0.5) * 30)
    left, bottom, right, top = area.bounds
    inside = (east_m > left) & (east_m < right) & (north_m > bottom) & (north_m < top)
    near = (east_m > left - 60) & (east_m < right + 60) & (north_m > bottom - 60) & (north_m < top + 60)
    assert inside.sum() > 2000 and tested[inside].all() and not tested[~near].any()
    if epsg == GRID.epsg:
        assert abs(int(tested.sum()) - int(inside.sum())) <= inside.sum() ** 0.5 * 4


def run_labelling(folder, inputs, outputs, params, wildcards):
    """As `run_script`, with wildcards."""
    from tests.inventory.test_scripts import SCRIPTS, Named

    job = SimpleNamespace(
        rule="label_scene", input=Named(inputs), output=Named(outputs), params=Named(params), wildcards=wildcards,
        log=[str(folder / "label_scene.log")],
    )  # fmt: skip
    path = SCRIPTS / "label_scene.py"
    exec(compile(path.read_text(), str(path), "exec"), {"snakemake": job, "__name__": "__main__"})

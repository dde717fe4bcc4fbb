"""`sarslide merge`: two regions in two UTM zones of known objects, cut by their borders; files read by GDAL."""

import json
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import pyogrio
import pystac
import pytest
from shapely.geometry import box

from sarslide import __version__, cli, exit_codes
from sarslide.inventory import records, release
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.io import hashes
from sarslide.io.sidecar import write_json
from sarslide.publish import joined, source
from tests.inventory.conftest import GRID, cell_box, fused_row
from tests.publish.conftest import DATES, seen

WEST, EAST = cell_box(0, 0, 100, 70), cell_box(0, 50, 100, 70)  # 600 m are common
# Objects on the ground, in columns of 30 m: of the last the two regions see 1500 and 1800 m, 600 m of them both.
TRUTH = {
    "west alone": cell_box(5, 10, 5, 10),
    "east alone": cell_box(5, 90, 5, 10),
    "on common ground": cell_box(20, 55, 6, 7),
    "cut by the border of the west": cell_box(40, 60, 8, 20),
    "cut by both borders": cell_box(60, 20, 8, 90),
}


def make(working: Path, region: str, ground, objects: list[dict], epsg: int = GRID.epsg, **about) -> Path:
    """A release of what a region sees of some objects."""
    inside = [one | {"geometry": one["geometry"].intersection(ground)} for one in objects]
    seen_here = [one for one in inside if one["geometry"].area]
    state = update(InventoryState(), seen_here, seen(), {}, "20190330", ChangeRules())
    for rows in state.layers.values():
        for row in rows:
            row["geometry"] = gpd.GeoSeries([row["geometry"]], crs=GRID.epsg).to_crs(epsg).iloc[0]
    bounds = gpd.GeoSeries([ground], crs=GRID.epsg).to_crs(epsg).total_bounds.tolist()
    parameters = {"grid": {"bounds": bounds, "cell_m": GRID.cell_m}}
    told = {"region": region, "dates": DATES, "parameters": parameters, "versions": {"sarslide": __version__}} | about
    inventory = working / "results" / region / "inventory"
    made = release.publish(inventory / records.RELEASES, "20190330-0123abcd", "", state, told, f"EPSG:{epsg}")
    records.write_pointer(inventory / records.POINTER, made)
    return inventory / records.RELEASES / made.release


@pytest.fixture
def working(tmp_path):
    """A folder with two regions."""
    objects = [fused_row(outline) for outline in TRUTH.values()]
    make(tmp_path / "w", "west", WEST, objects)
    make(tmp_path / "w", "east", EAST, [*objects, fused_row(cell_box(80, 55, 5, 5))], 32648)
    return tmp_path / "w"


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["merge", *map(str, words)])
    return end.value.code or 0


def read(folder: Path, layer: str) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(folder / "register.gpkg", layer=layer)


def test_what_two_regions_see_is_there_once(working, tmp_path, capsys):
    out = tmp_path / "out"
    assert ended("-C", working, "--to", out) == 0
    line, page = capsys.readouterr().out.splitlines()
    assert line.endswith(": 2 regions, 6 objects, 3 duplicates left out") and page == str(out / "register.html")
    objects = read(out, "landslides")
    assert objects.crs.to_epsg() == 4326 and objects.is_valid.all()
    ground = objects.to_crs(GRID.epsg).geometry.buffer(-15)
    for name, outline in TRUTH.items():
        assert ground.intersects(outline).sum() == 1, name
    left_out = read(out, "duplicates").set_index("uid")
    assert set(left_out.kept_uid) <= set(objects.uid) and not set(left_out.index) & set(objects.uid)
    assert sorted(left_out.why) == ["by name", "larger", "larger"]
    # Both see 600 m of the last, the whole of what they have in common: 8 by 20 cells.
    longest = left_out.loc[left_out.area_km2.idxmax()]
    assert longest.share == pytest.approx(1, abs=0.01)
    # Edges of one zone are no straight lines in the other: a tenth of a percent.
    assert longest.common_km2 == pytest.approx(160 * 900e-6, rel=2e-3)
    assert longest.alone_km2 == pytest.approx(8 * 30 * 900e-6, rel=2e-3)
    assert objects.set_index("uid").also[longest.kept_uid] == longest.name


def small(row: int, col: int, rows: int = 1, cols: int = 1) -> dict:
    """A masked object of a few cells; fractions of a cell as another grid draws it."""
    return fused_row(cell_box(row, col, rows, cols)) | {"status": "masked", "reason": "too_small"}


@pytest.mark.parametrize(
    ("west", "east", "pairs"),
    [
        # One cell, half a cell apart in both directions: a quarter is common.
        ([small(20, 60)], [small(20.5, 60.5)], [(0, 0)]),
        # Two cells that touch at a corner: of the drawings each lies as near to the other one's.
        ([small(20, 60), small(21, 61)], [small(20.5, 60.5), small(21.5, 61.5)], [(0, 0), (1, 1)]),
        # Cells with a common edge are neighbours, on one grid or on two.
        ([small(20, 60)], [small(20, 61)], []),
        ([small(20, 60)], [small(20, 61.5)], []),
        # A strip that the border of the west leaves of what the east has beyond it.
        ([small(40, 69.5, 3, 0.5)], [small(40.5, 70, 3, 10)], [(0, 0)]),
        # Two parts of one object: the second is a duplicate, too.
        ([small(40, 55, 3, 8)], [small(40, 55, 3, 3), small(40, 59, 3, 4)], [(0, 0), (0, 1)]),
    ],
)
def test_two_grids_draw_an_object_half_a_cell_apart(tmp_path, west, east, pairs):
    for name, ground, objects in (("west", WEST, west), ("east", EAST, east)):
        make(tmp_path, name, ground, objects)
    register = joined.join([source.read(one) for one in source.find_all(str(tmp_path), tmp_path)])
    kept = {
        uid: one.centroid for uid, one in register.layers["masked"].to_crs(GRID.epsg).set_index("uid").geometry.items()
    }
    left_out = register.duplicates.to_crs(GRID.epsg)

    def nearest(objects: list[dict], point) -> int:
        return min(range(len(objects)), key=lambda k: objects[k]["geometry"].centroid.distance(point))

    found = []
    for one in left_out.itertuples():
        ends = {one.region: one.geometry.centroid, one.kept_region: kept[one.kept_uid]}
        found.append((nearest(west, ends["west"]), nearest(east, ends["east"])))
    assert sorted(found) == pairs and len(kept) == len(west) + len(east) - len(pairs)


def test_uids_and_numbers_are_those_of_the_releases(working, tmp_path):
    assert ended(working, "--to", tmp_path / "out", "--epsg", 3857) == 0
    merged = read(tmp_path / "out", "landslides").set_index("uid")
    assert merged.crs.to_epsg() == 3857
    for path in working.glob(f"results/*/inventory/releases/*/{records.PACKAGE}"):
        own = pyogrio.read_dataframe(path, layer="landslides").set_index("uid")
        both = merged.index.intersection(own.index)
        assert len(both) >= 1
        for column in ("ls_id", "area_km2", "los_rate_mean_mm_per_yr", "tracks", "first_seen"):
            assert (merged.loc[both, column] == own.loc[both, column]).all()


def test_the_order_of_the_words_does_not_matter(working, tmp_path):
    for name, words in (("a", ("west", "east")), ("b", ("east", "west"))):
        assert ended(*words, "-C", working, "--to", tmp_path / name) == 0
    files = [
        {
            path.relative_to(tmp_path / name): hashes.sha256(path)
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in "ab"
    ]
    assert files[0] == files[1] and len(files[0]) >= 8


@pytest.mark.parametrize(
    ("west", "east", "kept", "why"),
    [
        ({"review": "accept"}, {}, "west", "reviewed"),
        ({"status": "masked", "reason": "too_flat"}, {}, "east", "layer"),
        ({"tracks": "A128+D062"}, {}, "west", "more tracks"),
        ({"geometry": cell_box(20, 54, 6, 8)}, {}, "west", "larger"),
    ],
)
def test_which_is_kept(tmp_path, west, east, kept, why):
    outline = cell_box(20, 55, 6, 7)
    for name, ground, changed in (("west", WEST, west), ("east", EAST, east)):
        changed = dict(changed)
        decision = changed.pop("review", "")
        folder = make(tmp_path, name, ground, [fused_row(outline) | changed])
        if decision:  # as a review leaves it
            redone(folder, review=decision)
    assert ended("-C", tmp_path, "--to", tmp_path / "out") == 0
    (left_out,) = read(tmp_path / "out", "duplicates").itertuples()
    assert (left_out.kept_region, left_out.why) == (kept, why)


def redone(folder: Path, **values: str) -> None:
    """Other values of a column in a release, with a manifest that fits."""
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    path = folder / records.PACKAGE
    frame = pyogrio.read_dataframe(path, layer="landslides").assign(**values)
    pyogrio.write_dataframe(frame, path, layer="landslides")
    content = json.loads((folder / records.MANIFEST).read_text())
    content["files"][path.name] = hashes.sha256(path)
    write_json(folder / records.MANIFEST, records.sealed(content))


def test_the_catalogue_is_valid_and_has_a_collection_of_each_region(working, tmp_path, offline):
    assert ended("-C", working, "--to", tmp_path / "out") == 0
    catalogue = pystac.Catalog.from_file(tmp_path / "out" / "stac" / "catalog.json")
    assert catalogue.validate_all() == 2
    assert {one.id for one in catalogue.get_children()} == {"east", "west"}
    for item in catalogue.get_items(recursive=True):
        for asset in item.assets.values():
            path = Path(item.get_self_href()).parent / asset.href
            assert asset.extra_fields["file:checksum"] == "1220" + hashes.sha256(path)


class Tags(HTMLParser):
    """Counts of elements, and addresses that a page would load."""

    def __init__(self):
        super().__init__()
        self.counts, self.loaded = {}, []

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.loaded += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_opens_alone_and_has_every_object(working, tmp_path):
    assert ended("-C", working, "--to", tmp_path / "out") == 0
    text = (tmp_path / "out" / "register.html").read_text()
    parser = Tags()
    parser.feed(text)
    # Outlines of two regions and six objects, and the scale bar.
    assert not parser.loaded and parser.counts["path"] == 9 and parser.counts["table"] == 3
    assert all(uid in text for uid in read(tmp_path / "out", "landslides").uid)


def without_uid(working: Path) -> None:
    redone(next(working.glob("results/west/inventory/releases/*/")), uid="")


def edited(working: Path) -> None:
    path = next(working.glob(f"results/west/inventory/releases/*/{records.PACKAGE}"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\n")


def of_another_version(working: Path) -> None:
    make(working, "north", box(*WEST.bounds), [fused_row(TRUTH["west alone"])], versions={"sarslide": "99.1.0"})


@pytest.mark.parametrize(
    ("mistake", "words", "told"),
    [
        (edited, (), "landslides.gpkg: was changed after its release"),
        (of_another_version, (), "of 99.1"),
        (without_uid, (), "has objects without a uid"),
        (None, ("west", "west"), "is of region west, as"),
        (None, ("west", "nowhere"), "no release of that id"),
        (None, ("west", "east", "--epsg", "1"), "is no CRS"),
    ],
)
def test_mistakes_are_one_coded_line(working, tmp_path, capsys, mistake, words, told):
    if mistake:
        mistake(working)
    assert ended(*words, "-C", working, "--to", tmp_path / "out") == exit_codes.REFUSED
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("E5002 ") and told in line and "; cure: " in line and not (tmp_path / "out").exists()


def test_other_folders_are_not_touched(working, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert ended("-C", working, "--to", tmp_path) == exit_codes.REFUSED
    assert capsys.readouterr().err.startswith("E1007 ") and (tmp_path / "mine.txt").read_text() == "mine"


def test_a_region_without_a_release_is_told(working, tmp_path, capsys):
    (working / "results" / "south" / "inventory").mkdir(parents=True)
    assert ended("-C", working, "--to", tmp_path / "out") == 0
    assert capsys.readouterr().err == "south: has no release yet\n"

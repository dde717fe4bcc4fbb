"""Training, validation and test parts, by region or by block, and the papers' random splits.

D04-D06, D10. P0 cuts patches with 50 % overlap and splits them at random: test patches share pixels
with training patches. The random split is here to show that difference, never to train what is
shipped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from sarslide.dataset.patches import windows
from sarslide.dataset.scenes import IGNORE, known_in, part_of
from sarslide.errors import TrainingError
from sarslide.grid import RegionGrid

PARTS = ("train", "validation", "test")
P0_FRACTIONS = (0.7, 0.2, 0.1)  # D04
P2_FRACTIONS = (0.6, 0.2, 0.2)  # D06: 380, 128 and 128 of 636
DEALS = 200  # deals of blocks of which the most even one is taken
EDGES = 64  # pieces of the longer side of a box that is projected


def random_split(count: int, fractions: Sequence[float], seed: int) -> list[np.ndarray]:
    """Indices shuffled into one array a fraction (P0: 7:2:1, D04). Leaks where the samples overlap.

    Parameters
    ----------
    count : int
        Indices 0 .. count-1.
    fractions : sequence of float
        Sum to 1.
    seed : int
        Shuffles.

    Returns
    -------
    list of array of int
        Sorted indices of each part.

    Raises
    ------
    TrainingError
        For fractions that do not sum to 1.
    """
    order = np.random.default_rng(np.random.SeedSequence([seed, count])).permutation(count)
    return [np.sort(part) for part in np.split(order, _cuts(count, fractions))]


def deal_blocks(
    shape: tuple[int, int], block: int, fractions: Sequence[float], seed: int, label: np.ndarray | None = None
) -> np.ndarray:
    """Square blocks dealt at random to parts.

    With a label, of `DEALS` deals the one whose parts hold landslide cells nearest to the
    fractions: few blocks dealt blindly often leave a part without any.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    block : int
        Side of a block, cells.
    fractions : sequence of float
        Of the parts; sum to 1.
    seed : int
        Deals.
    label : (rows, cols) array or None
        1 landslide.

    Returns
    -------
    (rows, cols) array of uint8
        The part (0, 1 ...) of each cell.

    Raises
    ------
    TrainingError
        Where a part gets no block, or no landslide.
    """
    count = tuple(-(-n // block) for n in shape)
    of_block = np.arange(count[0] * count[1]).reshape(count)
    of_cell = np.repeat(np.repeat(of_block, block, 0), block, 1)[: shape[0], : shape[1]]
    positive = None if label is None else np.bincount(of_cell[label == 1], minlength=of_block.size)
    best, best_error = None, np.inf
    for deal in range(1 if label is None else DEALS):
        part = np.empty(of_block.size, np.uint8)
        for number, blocks in enumerate(random_split(of_block.size, fractions, seed + deal)):
            part[blocks] = number
        held = np.bincount(part, None if label is None else positive, minlength=len(fractions))
        if not held.all():
            continue
        error = np.abs(held / held.sum() - fractions).max()
        if error < best_error:
            best, best_error = part, error
    if best is None:
        what = "block" if label is None else "landslide"
        raise TrainingError(
            f"{of_block.size} blocks of {block} cells: a part of {list(fractions)} gets no {what}",
            "use smaller blocks (dataset.block), or give the part a larger share (dataset.fractions)",
        )
    return best[of_cell]


def strangers_of(objects: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Cells of objects that lie in another part than most of their object.

    A landslide that two blocks share would be known from training when it is tested: what lies in
    the part with fewer of its cells is not counted there. Ties go to the first part.

    Parameters
    ----------
    objects : (rows, cols) array of int
        Number of the object in each cell, 0 none.
    part : (rows, cols) array of int
        As `deal_blocks`.

    Returns
    -------
    (rows, cols) array of bool
        The cells.
    """
    inside = objects > 0
    numbers, cell_object = np.unique(objects[inside], return_inverse=True)
    parts = int(part.max()) + 1
    held = np.bincount(cell_object * parts + part[inside], minlength=len(numbers) * parts).reshape(-1, parts)
    strangers = np.zeros(objects.shape, bool)
    strangers[inside] = part[inside] != held.argmax(axis=1)[cell_object]
    return strangers


def scene_parts(
    scene: Mapping[str, np.ndarray], block: int, fractions: Sequence[float], seed: int
) -> Iterator[dict[str, np.ndarray]]:
    """Training, validation (and test) scenes of one region without a shared cell.

    The deal depends on label, block, fractions and seed alone, so that all tracks of a region are
    split alike. A landslide counts in one part only (`strangers_of`). Blocks of one part that touch
    are a group, numbered in `block`: no landslide is in two.

    Parameters
    ----------
    scene : mapping of str to array
        Of the whole scene, as `scenes.arrays_of`.
    block : int
        Side of a block, cells.
    fractions : sequence of float
        Of the parts; sum to 1.
    seed : int
        Deals.

    Yields
    ------
    dict
        Arrays of each part, one at a time.
    """
    label, objects = scene["label"].copy(), scene["objects"]
    part = deal_blocks(label.shape, block, fractions, seed, label)
    label[strangers_of(objects, part)] = IGNORE
    kept = {**scene, "label": label}
    for number, name in zip(range(len(fractions)), PARTS, strict=False):
        yield _numbered(kept, part == number, name)


def scene_parts_of_patches(
    scene: Mapping[str, np.ndarray], size: int, overlap: float, fractions: Sequence[float], seed: int
) -> Iterator[dict[str, np.ndarray]]:
    """The same from the papers' random split of patches (D04), which leaks.

    A part knows the cells of its patches; where patches overlap, so does another part. Parts have
    no groups that could be drawn apart: all is block 1.

    Parameters
    ----------
    scene : mapping of str to array
        Of the whole scene, as `scenes.arrays_of`.
    size : int
        Side of a patch, cells.
    overlap : float
        Of neighbouring patches, 0 to < 1.
    fractions : sequence of float
        Of the parts; sum to 1.
    seed : int
        Shuffles.

    Yields
    ------
    dict
        Arrays of each part, one at a time.

    Raises
    ------
    TrainingError
        Where a part gets no patch with a landslide.
    """
    label = scene["label"]
    places = [at for at in windows(label.shape, size, overlap) if (_patch(label, at, size) != IGNORE).any()]
    for name, chosen in zip(PARTS, random_split(len(places), fractions, seed), strict=False):
        inside = np.zeros(label.shape, bool)
        for number in chosen:
            _patch(inside, places[number], size)[:] = True
        if not (label[inside] == 1).any():
            raise TrainingError(
                f"{len(places)} patches of {size} cells: the {name} part of {list(fractions)} gets no landslide",
                "set dataset.patch to fewer cells, or give the part a larger share in dataset.fractions",
            )
        yield part_of(scene, inside, name) | {"block": inside.astype(np.int32)}


def _patch(array: np.ndarray, at: tuple[int, int], size: int) -> np.ndarray:
    return array[at[0] : at[0] + size, at[1] : at[1] + size]


def _numbered(scene: Mapping[str, np.ndarray], inside: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """A part with the groups of its blocks."""
    from scipy.ndimage import label

    return part_of(scene, inside, name) | {"block": label(inside, np.ones((3, 3)))[0].astype(np.int32)}


def cells_of_areas(grid: RegionGrid, areas: Iterable[RegionGrid]) -> np.ndarray:
    """Cells of a region that the boxes of other regions touch.

    Parameters
    ----------
    grid : RegionGrid
        The region.
    areas : iterable of RegionGrid
        The others, in any CRS.

    Returns
    -------
    (rows, cols) array of bool
        The cells.
    """
    import shapely
    from pyproj import Transformer
    from rasterio.features import geometry_mask

    touched = np.zeros(grid.shape, bool)
    for area in areas:
        edge = shapely.segmentize(shapely.box(*area.bounds), max(area.shape) * area.cell_m / EDGES)
        to_grid = Transformer.from_crs(area.epsg, grid.epsg, always_xy=True)
        outline = shapely.transform(edge, to_grid.transform, interleaved=False)
        # A little smaller, so that a cell that only shares an edge is not touched.
        inner = shapely.buffer(outline, -grid.cell_m / 1e3)
        touched |= geometry_mask([inner], grid.shape, grid.transform, all_touched=True, invert=True)
    return touched


def without_test_areas(scene: Mapping[str, np.ndarray], tested: np.ndarray) -> dict[str, np.ndarray]:
    """A scene that knows nothing of the cells of a test area.

    A landslide that reaches into it is not counted outside either: it would be known when it is
    tested.

    Parameters
    ----------
    scene : mapping of str to array
        Of the whole scene, as `scenes.arrays_of`.
    tested : (rows, cols) array of bool
        The cells of the test area.

    Returns
    -------
    dict of str to array
        Of the scene.
    """
    reaching = np.setdiff1d(scene["objects"][tested], [0])
    label = np.where(np.isin(scene["objects"], reaching), np.uint8(IGNORE), scene["label"])
    return known_in({**scene, "label": label}, ~tested)


def check_no_test_area(regions: Iterable[str], test_areas: Iterable[str]) -> None:
    """Refuse to learn from scenes of a test area.

    Parameters
    ----------
    regions : iterable of str
        Regions of the scenes, or `<region>/<part>`.
    test_areas : iterable of str
        Regions that are test areas.

    Raises
    ------
    TrainingError
        For a scene of one of them.
    """
    if found := {region.partition("/")[0] for region in regions} & set(test_areas):
        raise TrainingError(
            f"scenes of {', '.join(sorted(found))}, a test area, would be learnt from",
            "leave them out of training.scenes",
        )


def check_disjoint(train: Iterable[str], *others: Iterable[str]) -> None:
    """Refuse parts that share a region.

    Parameters
    ----------
    train : iterable of str
        Regions of the training part.
    *others : iterable of str
        Regions of other parts.

    Raises
    ------
    TrainingError
        If a region of one part is also in another.
    """
    seen = set(train)
    for part in others:
        if shared := seen & set(part):
            raise TrainingError(f"regions {sorted(shared)} are in two parts", "give every region to one part")
        seen |= set(part)


def _cuts(count: int, fractions: Sequence[float]) -> list[int]:
    if abs(sum(fractions) - 1) > 1e-9 or min(fractions) < 0:
        raise TrainingError(f"fractions {list(fractions)} of a split", "give parts that sum to 1")
    return [round(count * share) for share in np.cumsum(fractions)[:-1]]

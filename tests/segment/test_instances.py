"""Objects merged over tiles: a network that sees planted shapes, cut at the borders of its tiles as a
real one would.
"""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from sarslide.dataset.normalise import Normalisation
from sarslide.segment.forward import Forward
from sarslide.segment.infer import predict_bands, uncalibrated
from sarslide.segment.instances import Merger

AS_IT_IS = Normalisation("zscore", (0.0,), (1.0,))
TILE = 64


class Seer(nn.Module):
    """Finds the numbered shapes of its only channel: a mask and a score each, in no special order.

    score: of a whole shape; a shape of which a tile sees a part gets less. fuzzy: the masks of cut
    shapes are worse: their cells within three cells of the tile's border get lost.
    """

    stride = 16

    def __init__(self, score=0.9, fuzzy=False):
        super().__init__()
        self.score, self.fuzzy = score, fuzzy

    def instances(self, x):
        return [self._see(image[0].round().long()) for image in x]

    def _see(self, image):
        masks, scores = [], []
        for number in reversed(torch.unique(image[image > 0]).tolist()):
            mask = (image == number).float()
            cut = bool(mask[0].any() | mask[-1].any() | mask[:, 0].any() | mask[:, -1].any())
            if cut and self.fuzzy:
                mask[:3], mask[-3:], mask[:, :3], mask[:, -3:] = 0, 0, 0, 0
            masks.append(mask)
            scores.append(self.score * (0.8 if cut else 1.0))
        empty = torch.zeros(0, *image.shape)
        return {"scores": torch.tensor(scores), "masks": torch.stack(masks) if masks else empty}


def run(shapes, network=None, overlap=0.5, tile=TILE):
    """Probability and instances of a scene whose cells hold the number of their shape."""
    stack = shapes[None].astype(np.float32)
    bands = list(
        predict_bands(Forward(network or Seer()), lambda r, c: stack[:, r, c], shapes.shape, AS_IT_IS, tile, overlap)
    )
    assert [row for row, *_ in bands] == list(np.cumsum([0] + [len(band) for _, band, _ in bands[:-1]]))
    return np.concatenate([band for _, band, _ in bands]), np.concatenate([found for *_, found in bands])


def same_partition(found, truth):
    """Every shape is one object and every object one shape, cell by cell."""
    pairs = {(int(a), int(b)) for a, b in zip(found.ravel(), truth.ravel(), strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def disc(shape, row, col, radius):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - row) ** 2 + (x - col) ** 2 <= radius**2


@pytest.fixture
def scene():
    """300 x 210: shapes inside one tile, across borders and corners of tiles, larger than a tile, and
    touching ones.
    """
    shapes = np.zeros((300, 210), int)
    shapes[5:15, 5:15] = 1  # inside
    shapes[30:34, 60:70] = 2  # across the border of columns 32, 64
    shapes[disc(shapes.shape, 64, 128, 15)] = 3  # on a corner
    shapes[100:290, 20:40] = 4  # taller than two tiles
    shapes[120:135, 60:205] = 5  # wider than two tiles
    shapes[170:200, 90:110], shapes[170:200, 110:130] = 6, 7  # touch, across a border
    shapes[disc(shapes.shape, 250, 120, 30)] = 8
    shapes[disc(shapes.shape, 250, 175, 25) & (shapes == 0)] = 9  # touches 8
    shapes[0:3, 100:104], shapes[297:300, 200:210] = 10, 11  # on the scene's border
    return shapes


@pytest.mark.parametrize("overlap", [0.25, 0.5, 0.6])
def test_no_seam_no_duplicate_no_split(scene, overlap):
    probability, found = run(scene, overlap=overlap)
    assert same_partition(found, scene)
    assert sorted(np.unique(found)) == list(range(12))
    np.testing.assert_array_equal(probability > 0, scene > 0)
    assert ((probability[scene > 0] >= 0.9 * 0.8 - 1e-6) & (probability[scene > 0] <= 0.9 + 1e-6)).all()
    assert np.allclose(probability[scene == 1], 0.9)  # seen whole by its tile
    for number in range(1, 12):  # one score an object, so no step inside it
        assert np.ptp(probability[scene == number]) < 1e-6


def test_masks_that_are_worse_near_the_border(scene):
    """What a tile loses at its border another tile has: the whole shapes come back, but for shapes
    that every tile cuts.
    """
    _, found = run(scene, Seer(fuzzy=True))
    assert same_partition(found[scene < 10], scene[scene < 10])  # 10 and 11 lie on the border of the scene itself


def test_one_finding_of_two_shapes_makes_no_third_object():
    """One tile takes two touching shapes for one; the neighbours see two. No cell is counted twice,
    the two stay apart.
    """
    left, right = np.zeros((2, TILE, TILE), np.float32)
    left[20:40, 35:47], right[20:40, 47:59] = 1, 1
    shift = 32
    both = np.zeros((TILE, TILE), np.float32)
    both[:, : TILE - shift] = (left + right)[:, shift:]
    merger = Merger(TILE, 96)
    merger.add(0, 0, np.array([0.9, 0.85], np.float32), np.stack([left, right]))
    merger.add(0, 32, np.array([0.6], np.float32), both[None])
    bands = [*merger.take(np.ones((TILE, 96), bool)), *merger.finish()]
    found = np.concatenate([instances for *_, instances in bands])
    assert set(np.unique(found)) == {0, 1, 2}
    assert (found[20:40, 35:47] == found[20, 35]).all()
    assert (found[20:40, 47:59] == found[20, 58]).all()


def test_scores_are_weighted_with_what_each_tile_sees():
    """A shape in the middle of the first tile and near the border of the second: the first one's score
    counts.
    """
    first, second = np.zeros((2, TILE, TILE), np.float32)
    first[28:36, 38:46], second[28:36, 6:14] = 1, 1
    merger = Merger(TILE, 96)
    merger.add(0, 0, np.array([0.9], np.float32), first[None])
    merger.add(0, 32, np.array([0.1], np.float32), second[None])
    ((_, probability, found),) = merger.take(np.ones((TILE, 96), bool))
    profile = np.sin(np.pi * (np.arange(TILE) + 0.5) / TILE) ** 2
    near, far = profile[38:46].sum(), profile[6:14].sum()
    assert probability[30, 40] == pytest.approx((0.9 * near + 0.1 * far) / (near + far), rel=1e-5)
    assert found.max() == 1


def test_a_mask_is_the_weighted_mean_of_the_tiles_that_found_the_object():
    """Tile 2 adds a false fringe at its own border, where tile 1 sees well that nothing is: the fringe
    does not survive.
    """
    first, second = np.zeros((2, TILE, TILE), np.float32)
    first[20:40, 36:50] = 1
    second[20:40, 4:18] = 1
    second[20:40, 0:4] = 1
    merger = Merger(TILE, 96)
    merger.add(0, 0, np.ones(1, np.float32), first[None])
    merger.add(0, 32, np.ones(1, np.float32), second[None])
    ((_, probability, _),) = merger.take(np.ones((TILE, 96), bool))
    assert (probability[20:40, 36:50] == 1).all()
    assert probability[20:40, 32:36].max() < 0.05


def test_unknown_cells_have_no_object(scene):
    stack = scene[None].astype(np.float32)
    stack[:, 180:190, :] = np.nan
    bands = list(predict_bands(Forward(Seer()), lambda r, c: stack[:, r, c], scene.shape, AS_IT_IS, TILE))
    probability = np.concatenate([band for _, band, _ in bands])
    np.testing.assert_array_equal(np.isnan(probability), np.isnan(stack[0]))
    assert not np.concatenate([found for *_, found in bands])[180:190].any()
    np.testing.assert_array_equal(uncalibrated(Seer(), stack, AS_IT_IS, TILE), probability)


def test_many_random_shapes_on_an_odd_scene():
    """Blobs of all sizes, some touching, scene no multiple of anything: the partition comes back."""
    rng = np.random.default_rng(3)
    blobs, count = ndimage.label(ndimage.gaussian_filter(rng.normal(size=(331, 277)), 5) > 0.06)
    assert count > 40
    for tile, overlap in ((64, 0.5), (96, 0.3)):
        _, found = run(blobs, overlap=overlap, tile=tile)
        assert same_partition(found, blobs)


def test_memory_does_not_grow_with_the_scene():
    """Objects that no later tile reaches are handed on: only those of the last rows of tiles are held."""
    merger, held = Merger(TILE, 128), []
    mask = np.zeros((TILE, TILE), np.float32)
    mask[10:50, 10:30] = 1
    for row in range(0, 64 * 200, 32):
        for col in (0, 64):
            merger.add(row, col, np.ones(1, np.float32), mask[None] * (row % 64 == 0))
        for _ in merger.take(np.ones((32, 128), bool)):
            pass
        held.append(len(merger.open) + len(merger.bands.known) / TILE)
    assert max(held[100:]) == max(held[:100]) <= 6

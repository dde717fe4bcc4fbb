"""Objects of an instance network, merged over a whole scene without seams.

G02; P2 section 5.4.

Neighbouring tiles overlap, so an object near their border is found twice, whole or cut off. Two
findings are one object where their masks agree in the area that both tiles see: intersection over
union of at least SAME. The best agreement goes first, and one object never holds two findings of
one tile: landslides that touch stay apart. The mask of an object is the mean of its findings'
masks, each weighted with the Hann window of its tile, over the tiles in which it was found, so that
a finding counts little near the border of its tile; its score is the mean weighted with the masks.

What still covers the same ground is resolved as in panoptic segmentation (Kirillov et al. 2019,
doi:10.1109/CVPR.2019.00963): best score first, an object of which at least half is taken already is
left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sarslide.segment.tiles import hann

SAME = 0.5  # agreement of two findings of one object in the area that both tiles see
INSIDE = 0.5  # a cell is part of an object from this mask value on
TRACE = 0.01  # mask values below are nothing
COVERED = 0.5  # an object with this share of its cells taken by better ones is left out


class Box(NamedTuple):
    """Rows and columns of the scene, ends excluded.

    Attributes
    ----------
    top, left : int
        First row and column.
    bottom, right : int
        Row and column after the last.
    """

    top: int
    left: int
    bottom: int
    right: int

    def __and__(self, other: "Box") -> "Box":
        return Box(
            max(self.top, other.top), max(self.left, other.left),
            min(self.bottom, other.bottom), min(self.right, other.right),
        )  # fmt: skip

    def __or__(self, other: "Box") -> "Box":
        return Box(
            min(self.top, other.top), min(self.left, other.left),
            max(self.bottom, other.bottom), max(self.right, other.right),
        )  # fmt: skip

    def __bool__(self) -> bool:
        return self.top < self.bottom and self.left < self.right

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left

    def within(self, outer: "Box") -> tuple[slice, slice]:
        """Slices of this box in an array that starts elsewhere.

        Parameters
        ----------
        outer : Box
            Whose first cell is that of the array.

        Returns
        -------
        tuple of slice
            Rows and columns.
        """
        return (
            slice(self.top - outer.top, self.bottom - outer.top),
            slice(self.left - outer.left, self.right - outer.left),
        )


@dataclass(frozen=True)
class TileFinding:
    """One object as one tile sees it; nothing of it lies elsewhere in the tile.

    Attributes
    ----------
    tile : Box
        The tile.
    box : Box
        Around the object.
    mask : array of float32
        Of `box`, 0-1.
    score : float
        Of the object.
    """

    tile: Box
    box: Box
    mask: np.ndarray
    score: float

    @cached_property
    def cells(self) -> np.ndarray:
        """Cells (bool) of `box` that belong to the object."""
        return self.mask >= INSIDE

    def inside(self, area: Box) -> np.ndarray:
        """Cells of an area that belong to the object.

        Parameters
        ----------
        area : Box
            Lies in `box`.

        Returns
        -------
        array of bool
            Of the area.
        """
        return self.cells[area.within(self.box)]


class Merged:
    """An object that is open for findings of later tiles; its `box` is around all of them.

    Parameters
    ----------
    first : TileFinding
        Of the first tile.
    """

    def __init__(self, first: TileFinding):
        self.findings, self.box = [first], first.box

    def absorb(self, findings: list[TileFinding]) -> None:
        """Take further findings.

        Parameters
        ----------
        findings : list of TileFinding
            Of the same object.
        """
        for finding in findings:
            self.findings.append(finding)
            self.box |= finding.box

    def combined(self, window: np.ndarray) -> TileFinding:
        """The object as one finding.

        Parameters
        ----------
        window : (tile, tile) array of float
            Weights of a tile's cells.

        Returns
        -------
        TileFinding
            Mask and score from all findings.
        """
        box = self.box
        total, weight = np.zeros(box.shape, np.float32), np.zeros(box.shape, np.float32)
        score = evidence = 0.0
        for finding in self.findings:
            seen, own = box & finding.tile, finding.box
            weight[seen.within(box)] += window[seen.within(finding.tile)]
            weighted = window[own.within(finding.tile)] * finding.mask
            total[own.within(box)] += weighted
            score += finding.score * float(weighted.sum())
            evidence += float(weighted.sum())
        mask = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        return TileFinding(box, box, mask, score / evidence)


class Merger:
    """Findings of tiles, given north to south, become numbered objects on bands of the scene.

    Held are the objects that the last row of tiles can reach, and those that share cells with them:
    memory does not grow with the scene.

    Parameters
    ----------
    tile : int
        Side of a tile, cells.
    cols : int
        Columns of the scene.
    """

    def __init__(self, tile: int, cols: int):
        self.tile, self.window = tile, hann(tile)
        self.open: list[Merged] = []
        self.bands = _Bands(cols)
        self.frontier = 0

    def add(self, row: int, col: int, scores: np.ndarray, masks: np.ndarray) -> None:
        """Take the findings of a tile.

        Parameters
        ----------
        row, col : int
            First cell of the tile.
        scores : (K,) array of float
            Scores.
        masks : (K, tile, tile) array of float
            Masks, 0-1.
        """
        tile = Box(row, col, row + self.tile, col + self.tile)
        scene = Box(0, 0, row + self.tile, self.bands.cols)
        found = [
            cropped
            for score, mask in zip(scores, masks, strict=True)
            if (cropped := _cropped(tile, scene, mask, float(score))) is not None
        ]
        earlier = [merged for merged in self.open if merged.box & tile]
        ties = sorted(
            (-agreement, k, n) for (k, n), agreement in _agreements(found, earlier).items() if agreement >= SAME
        )
        home: dict[int, Merged] = {}
        # Objects of earlier tiles may turn out to be one through a finding of this tile.
        alias = dict(enumerate(earlier))
        for _, k, n in ties:
            self._join(found[k], k, n, home, alias)
        self.open += [Merged(finding) for k, finding in enumerate(found) if k not in home]

    def take(self, known: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """The rows that no later tile changes.

        Parameters
        ----------
        known : (done, cols) array of bool
            Cells in which every channel is known, of the rows that the next row of tiles does not
            touch.

        Yields
        ------
        tuple
            First row, probability, instances.
        """
        self.frontier += len(known)
        self.bands.extend(known)
        self._settle()
        waiting = min((merged.box.top for merged in self.open), default=self.frontier)
        yield from self.bands.take(min(waiting, self.frontier))

    def finish(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """The last rows of the scene, as `take`."""
        self.frontier = self.bands.bottom
        self._settle(last=True)
        yield from self.bands.take(self.frontier)

    def _join(self, finding: TileFinding, k: int, n: int, home: dict[int, Merged], alias: dict[int, Merged]) -> None:
        merged = alias[n]
        if k not in home:
            if any(other is merged for other in home.values()):
                return  # that object has a finding of this tile already
            merged.absorb([finding])
            home[k] = merged
        elif home[k] is not merged and not _share_a_tile(home[k], merged):
            home[k].absorb(merged.findings)
            self.open.remove(merged)
            alias.update({other: home[k] for other, same in alias.items() if same is merged})

    def _settle(self, last: bool = False) -> None:
        """Paint the objects that no later tile can reach, directly or through others."""
        for cluster in _clusters(self.open, self.window):
            if last or all(merged.box.bottom <= self.frontier for merged, _ in cluster):
                for merged, _ in cluster:
                    self.open.remove(merged)
                self.bands.paint(_without_doubles([combined for _, combined in cluster]))


class _Bands:
    """Rows of the scene that are not handed on yet."""

    def __init__(self, cols: int):
        self.cols, self.top, self.count = cols, 0, 0
        self.probability = np.zeros((0, cols), np.float32)
        self.instances = np.zeros((0, cols), np.uint32)
        self.known = np.zeros((0, cols), bool)

    @property
    def bottom(self) -> int:
        return self.top + len(self.known)

    def extend(self, known: np.ndarray) -> None:
        self.known = np.concatenate([self.known, known])
        self._reach(self.bottom)

    def paint(self, objects: list[TileFinding]) -> None:
        """Number the objects, lay them on the map: a cell belongs to the largest score x mask."""
        for found in objects:
            self._reach(found.box.bottom)
            self.count += 1
            rows = slice(found.box.top - self.top, found.box.bottom - self.top), slice(found.box.left, found.box.right)
            value = np.float32(found.score) * found.mask
            better = value > self.probability[rows]
            self.probability[rows][better] = value[better]
            self.instances[rows][better] = self.count

    def take(self, until: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        count = until - self.top
        if count <= 0:
            return
        known = self.known[:count]
        probability = np.where(known, self.probability[:count], np.float32(np.nan))
        yield self.top, probability, np.where(known, self.instances[:count], np.uint32(0))
        self.probability, self.instances = self.probability[count:].copy(), self.instances[count:].copy()
        self.known, self.top = self.known[count:].copy(), until

    def _reach(self, row: int) -> None:
        missing = row - self.top - len(self.probability)
        if missing > 0:
            self.probability = np.concatenate([self.probability, np.zeros((missing, self.cols), np.float32)])
            self.instances = np.concatenate([self.instances, np.zeros((missing, self.cols), np.uint32)])


def _cropped(tile: Box, scene: Box, mask: np.ndarray, score: float) -> TileFinding | None:
    """The finding, cut to its cells inside the scene; None for a mask without a cell."""
    inside = tile & scene
    mask = np.asarray(mask, np.float32)[inside.within(tile)]
    if mask.size == 0 or mask.max() < INSIDE:
        return None
    rows, cols = (np.flatnonzero((mask >= TRACE).any(axis=axis)) for axis in (1, 0))
    top, left, bottom, right = rows[0], cols[0], rows[-1] + 1, cols[-1] + 1
    box = Box(inside.top + int(top), inside.left + int(left), inside.top + int(bottom), inside.left + int(right))
    mask = mask[top:bottom, left:right]
    return TileFinding(tile, box, np.where(mask >= TRACE, mask, np.float32(0)), score)


def _agreements(found: list[TileFinding], earlier: list[Merged]) -> dict[tuple[int, int], float]:
    """(index in `found`, in `earlier`): the finding's best agreement, of those that meet."""
    others = [(n, other) for n, merged in enumerate(earlier) for other in merged.findings]
    best: dict[tuple[int, int], float] = {}
    if not found or not others:
        return best
    mine, its = np.array([each.box for each in found])[:, None], np.array([other.box for _, other in others])
    meet = ((mine[..., :2] < its[:, 2:]) & (its[:, :2] < mine[..., 2:])).all(axis=-1)
    for k, other in np.argwhere(meet).tolist():
        n, finding = others[other]
        best[k, n] = max(best.get((k, n), 0.0), _agreement(found[k], finding))
    return best


def _agreement(one: TileFinding, other: TileFinding) -> float:
    """IoU of the masks in the area that both tiles see; 0 for findings of one tile."""
    seen_by_both = one.tile & other.tile
    shared = one.box & other.box & seen_by_both
    if one.tile == other.tile or not shared:
        return 0.0
    intersection = np.count_nonzero(one.inside(shared) & other.inside(shared))
    if not intersection:
        return 0.0
    areas = [np.count_nonzero(each.inside(each.box & seen_by_both)) for each in (one, other)]
    return intersection / (sum(areas) - intersection)


def _share_a_tile(one: Merged, other: Merged) -> bool:
    return bool({finding.tile for finding in one.findings} & {finding.tile for finding in other.findings})


def _clusters(objects: list[Merged], window: np.ndarray) -> list[list[tuple[Merged, TileFinding]]]:
    """Objects that share cells, also through others, with their combined masks."""
    combined = [(merged, merged.combined(window)) for merged in objects]
    first = list(range(len(combined)))

    def root(n: int) -> int:
        while first[n] != n:
            first[n] = n = first[first[n]]
        return n

    order = sorted(first, key=lambda n: combined[n][1].box.left)
    for k, n in enumerate(order):
        one = combined[n][1]
        for m in order[k + 1 :]:
            if combined[m][1].box.left >= one.box.right:
                break
            a, b = sorted((root(n), root(m)))
            if a != b and _share_cells(one, combined[m][1]):
                first[b] = a
    members: dict[int, list] = {}
    for n, pair in enumerate(combined):
        members.setdefault(root(n), []).append(pair)
    return list(members.values())


def _share_cells(one: TileFinding, other: TileFinding) -> bool:
    shared = one.box & other.box
    return bool(shared) and bool((one.inside(shared) & other.inside(shared)).any())


def _without_doubles(objects: list[TileFinding]) -> list[TileFinding]:
    """The objects, best score first, less those of which half is taken already."""
    kept: list[TileFinding] = []
    for found in sorted(objects, key=lambda each: (-each.score, each.box.top, each.box.left)):
        taken = np.zeros(found.box.shape, bool)
        for better in kept:
            if shared := found.box & better.box:
                taken[shared.within(found.box)] |= better.inside(shared)
        cells = np.count_nonzero(found.cells)
        if cells and np.count_nonzero(found.cells & taken) < COVERED * cells:
            kept.append(found)
    return kept

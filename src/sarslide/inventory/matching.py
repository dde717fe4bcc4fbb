"""Objects of two releases that are the same: Hungarian assignment on IoU and containment."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

CONTAINED = 0.5


@dataclass(frozen=True)
class Match:
    """Objects of two releases that are or could be the same.

    Attributes
    ----------
    assigned : dict of int to int
        Index of the later object -> index of the earlier one, one to one.
    links : dict of (int, int) to float
        (earlier, later) -> common share of the smaller of the two, for all pairs that could be the
        same, assigned or not: splits and merges are among those not assigned.
    """

    assigned: dict[int, int]
    links: dict[tuple[int, int], float] = field(default_factory=dict)


def intersections(
    earlier: Sequence[BaseGeometry], later: Sequence[BaseGeometry]
) -> dict[tuple[int, int], tuple[float, float]]:
    """Pairs of outlines whose areas overlap.

    Parameters
    ----------
    earlier, later : sequence of BaseGeometry
        Outlines.

    Returns
    -------
    dict of (int, int) to (float, float)
        (index in earlier, index in later) -> (IoU, share of the smaller area that is common).
    """
    if not len(earlier) or not len(later):
        return {}
    mine, theirs = np.array(earlier, dtype=object), np.array(later, dtype=object)
    found = {}
    for j, i in zip(*STRtree(mine).query(theirs, predicate="intersects").tolist(), strict=True):
        common = mine[i].intersection(theirs[j]).area
        if common > 0:
            areas = mine[i].area, theirs[j].area
            found[i, j] = common / (sum(areas) - common), common / min(areas)
    return dict(sorted(found.items()))


def match(earlier: Sequence[BaseGeometry], later: Sequence[BaseGeometry], min_iou: float) -> Match:
    """One-to-one assignment of the largest sum of IoUs.

    Pairs have an IoU of at least `min_iou`, or one half contained in the other: containment lets an
    object that has doubled in size, or of which a part is left, keep its identity.

    Parameters
    ----------
    earlier, later : sequence of BaseGeometry
        Outlines, in an order that does not depend on chance (`fusion.in_canonical_order`): ties go
        to the first.
    min_iou : float
        IoU from which two outlines may be one object.

    Returns
    -------
    Match
        The assignment, and all pairs that could be the same.
    """
    common = {pair: value for pair, value in intersections(earlier, later).items() if _same(value, min_iou)}
    best = assign({pair: iou for pair, (iou, _) in common.items()})
    return Match(best, {pair: share for pair, (_, share) in common.items()})


def assign(score: dict[tuple[int, int], float]) -> dict[int, int]:
    """One-to-one assignment with the largest total of the positive scores.

    Each connected group is solved on its own, so that the work grows with the groups, not with the
    square of the inventory.

    Parameters
    ----------
    score : dict of (int, int) to float
        Score of (earlier, later).

    Returns
    -------
    dict of int to int
        Later -> earlier.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not score:
        return {}
    earlier, later = sorted({i for i, _ in score}), sorted({j for _, j in score})
    row, col = {i: k for k, i in enumerate(earlier)}, {j: len(earlier) + k for k, j in enumerate(later)}
    size = len(earlier) + len(later)
    links = coo_array((np.ones(len(score)), ([row[i] for i, _ in score], [col[j] for _, j in score])), (size, size))
    _, group = connected_components(links, directed=False)
    found: dict[int, int] = {}
    for mine, theirs in _groups(earlier, later, group):
        table = np.array([[score.get((i, j), 0.0) for j in theirs] for i in mine])
        for a, b in zip(*linear_sum_assignment(table, maximize=True), strict=True):
            if table[a, b] > 0:
                found[theirs[b]] = mine[a]
    return found


def _groups(earlier: list[int], later: list[int], group: np.ndarray) -> list[tuple[list[int], list[int]]]:
    members: dict[int, tuple[list[int], list[int]]] = {}
    for node, number in enumerate(group.tolist()):
        mine, theirs = members.setdefault(number, ([], []))
        if node < len(earlier):
            mine.append(earlier[node])
        else:
            theirs.append(later[node - len(earlier)])
    return list(members.values())


def _same(value: tuple[float, float], min_iou: float) -> bool:
    iou, share = value
    return iou >= min_iou or share >= CONTAINED

"""Which pair of a cell is unwrapped wrongly, given by how many cycles its triplets do not close."""

import numba
import numpy as np

from sarslide.insar.error_cycles import AMBIGUOUS, MAX_CYCLES, UNKNOWN


def solve(cycles: np.ndarray, members: np.ndarray, pairs: int) -> np.ndarray:
    """Cycles by which each pair is wrong.

    The fewest wrong cycles that explain all triplets are looked for greedily, cell by cell: of all
    (pair, cycles) the one that takes the most cycles out of the closures. Where two explain the
    same triplet equally well, every pair that could is AMBIGUOUS. A long pair of P0's network lies
    in one triplet, a short one in two: so one open triplet convicts the long pair, two neighbouring
    ones that fail alike convict the short pair that they share. Three or more neighbours that fail
    alike, as where the ground moves by half a cycle in the time of the long pairs, stay ambiguous
    unless there are still longer pairs.

    Parameters
    ----------
    cycles : (triplets, cells) array of int8
        Closure of each triplet in whole cycles, UNKNOWN where it is not judged.
    members : (triplets, 3) array of int
        Positions of the pairs first-middle, middle-last (both count +) and first-last (counts -).
    pairs : int
        Number of pairs.

    Returns
    -------
    (pairs, cells) array of int8
        Cycles, 0 none, AMBIGUOUS, UNKNOWN.
    """
    position = np.concatenate([np.flatnonzero((members == p).any(axis=1)) for p in range(pairs)] or [np.zeros(0, int)])
    size = np.array([(members == p).any(axis=1).sum() for p in range(pairs)])
    start = np.concatenate([[0], np.cumsum(size)])
    out = np.full((pairs, cycles.shape[1]), UNKNOWN, np.int8)
    _solve(cycles, members.astype(np.int64), position.astype(np.int64), start.astype(np.int64), out)
    return out


@numba.njit(cache=True)
def _sign(members, t, p):
    return -1 if members[t, 2] == p else 1


@numba.njit(cache=True)
def _score(c, members, position, start, p, value):
    """Open cycles that pair `p`, wrong by `value`, explains, less those that this would open."""
    score = 0
    for k in range(start[p], start[p + 1]):
        t = position[k]
        if c[t] != UNKNOWN:
            score += abs(c[t]) - abs(c[t] - _sign(members, t, p) * value)
    return score


@numba.njit(cache=True)
def _best(c, members, position, start, p):
    """(score, value) of the best error of pair `p`; of several values the first."""
    score, value = 0, 0
    for k in range(start[p], start[p + 1]):
        t = position[k]
        if c[t] != 0 and c[t] != UNKNOWN:
            v = _sign(members, t, p) * c[t]
            s = _score(c, members, position, start, p, v)
            if s > score:
                score, value = s, v
    return score, value


@numba.njit(cache=True)
def _solve(cycles, members, position, start, out):
    triplets, pairs = cycles.shape[0], out.shape[0]
    c = np.empty(triplets, np.int64)
    scores, values = np.empty(pairs, np.int64), np.empty(pairs, np.int64)
    contested = np.empty(triplets, np.bool_)
    for cell in range(cycles.shape[1]):
        open_ones = 0
        for t in range(triplets):
            c[t] = cycles[t, cell]
            if c[t] != UNKNOWN:
                for k in range(3):
                    if out[members[t, k], cell] == UNKNOWN:
                        out[members[t, k], cell] = 0
                open_ones += c[t] != 0
        while open_ones:
            top = 0
            for p in range(pairs):
                scores[p], values[p] = _best(c, members, position, start, p)
                top = max(top, scores[p])
            winner = -1
            for p in range(pairs):
                if scores[p] == top and top > 0:
                    winner = p
                    break
            # Triplets that the winner would close, or, without one, all that are open.
            rivals = 0
            for t in range(triplets):
                contested[t] = c[t] != 0 and c[t] != UNKNOWN
                if contested[t] and winner >= 0:
                    mine = False
                    for k in range(3):
                        mine |= members[t, k] == winner and c[t] == _sign(members, t, winner) * values[winner]
                    contested[t] = mine
                if contested[t]:
                    for k in range(3):
                        p = members[t, k]
                        rivals += p != winner and scores[p] == top
            if winner >= 0 and rivals == 0:
                total = out[winner, cell] + values[winner]
                out[winner, cell] = (
                    AMBIGUOUS if out[winner, cell] == AMBIGUOUS else max(-MAX_CYCLES, min(MAX_CYCLES, total))
                )
                for k in range(start[winner], start[winner + 1]):
                    t = position[k]
                    if c[t] != UNKNOWN:
                        c[t] -= _sign(members, t, winner) * values[winner]
            else:
                for t in range(triplets):
                    if contested[t]:
                        for k in range(3):
                            p = members[t, k]
                            if scores[p] > 0 or winner < 0:
                                out[p, cell] = AMBIGUOUS
                                # What a rival would close is decided with it.
                                for j in range(start[p], start[p + 1]):
                                    if winner >= 0 and c[position[j]] == _sign(members, position[j], p) * values[p]:
                                        c[position[j]] = 0
                        c[t] = 0
            open_ones = 0
            for t in range(triplets):
                open_ones += c[t] != 0 and c[t] != UNKNOWN

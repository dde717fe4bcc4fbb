"""Training, validation and test parts: leak-free by region or by block, and the papers' random split beside them (D04, D05).

P0 cuts patches with 50 % overlap and splits them at random: test patches share pixels with training patches. The random split
is here to show that difference, never to train what is shipped.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.errors import TrainingError

PARTS = ("train", "validation", "test")
P0_FRACTIONS = (0.7, 0.2, 0.1)


def random_split(count: int, fractions: Sequence[float], seed: int) -> list[np.ndarray]:
    """Indices 0 .. count-1 shuffled into one array a fraction (P0: 7:2:1, D04). Leaks where the samples overlap."""
    order = np.random.default_rng(np.random.SeedSequence([seed, count])).permutation(count)
    return [np.sort(part) for part in np.split(order, _cuts(count, fractions))]


def region_split(regions: Sequence[str], fractions: Sequence[float], seed: int) -> list[list[str]]:
    """Whole regions shuffled into one list a fraction: the split without any leak."""
    ordered = sorted(set(regions))
    return [[ordered[k] for k in part] for part in random_split(len(ordered), fractions, seed)]


def block_split(
    shape: tuple[int, int],
    windows: Sequence[tuple[int, int]],
    size: int,
    block: int,
    fractions: Sequence[float],
    seed: int,
) -> list[list[tuple[int, int]]]:
    """Windows of one region, split without leak by square blocks of `block` cells.

    Blocks are dealt to the parts at random; a window of `size` cells goes to a part only if every cell of it lies in blocks of
    that part, the others are dropped. Returns one list of (row, col) a fraction. Raises TrainingError where a part stays empty.
    """
    grid = tuple(-(-n // block) for n in shape)
    part_of = np.empty(grid[0] * grid[1], int)
    for part, blocks in enumerate(random_split(part_of.size, fractions, seed)):
        part_of[blocks] = part
    part_of = part_of.reshape(grid)
    split: list[list[tuple[int, int]]] = [[] for _ in fractions]
    for row, col in windows:
        last_row, last_col = min(row + size, shape[0]) - 1, min(col + size, shape[1]) - 1
        touched = part_of[row // block : last_row // block + 1, col // block : last_col // block + 1]
        if (touched == touched[0, 0]).all():
            split[touched[0, 0]].append((row, col))
    for name, members in zip(PARTS, split, strict=False):
        if not members:
            raise TrainingError(
                f"no window of {size} cells fits the {name} blocks of {block} cells", "use larger blocks or regions"
            )
    return split


def check_disjoint(train: Sequence[str], *others: Sequence[str]) -> None:
    """Raise TrainingError if a region of one part is also in another."""
    seen = set(train)
    for part in others:
        if shared := seen & set(part):
            raise TrainingError(f"regions {sorted(shared)} are in two parts", "give every region to one part")
        seen |= set(part)


def _cuts(count: int, fractions: Sequence[float]) -> list[int]:
    if abs(sum(fractions) - 1) > 1e-9 or min(fractions) < 0:
        raise TrainingError(f"fractions {list(fractions)} of a split", "give parts that sum to 1")
    return [round(count * share) for share in np.cumsum(fractions)[:-1]]

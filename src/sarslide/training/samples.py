"""Patches of training scenes, one after the other without end.

The place and the look of each follow from its number alone, so that a training that goes on at a
step, and processes that share a batch, see what one uninterrupted process sees.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sarslide.dataset import augment
from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.patches import cut, random_windows, windows
from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.dataset.selection import select
from sarslide.training.recipe import Recipe

TRIES = 10  # places drawn until one has a counted cell
ORDER, LOOK = 0, 1  # what a random number is for


class Patches(Dataset):
    """Patch number k: input (C, H, W) float32, normalised, and label (H, W) uint8.

    A pass shows as many patches as windows of the recipe's overlap hold counted cells: those
    windows in another order each pass, or as many random places, in proportion to the scenes'
    sizes. With `negatives` of 0 or more, only the windows that it keeps.

    Parameters
    ----------
    scenes : sequence of TrainingScene
        Of the training part.
    channels : sequence of str
        Channels of the features.
    normalisation : Normalisation
        Of the features.
    recipe : Recipe
        How to train.
    """

    def __init__(
        self, scenes: Sequence[TrainingScene], channels: Sequence[str], normalisation: Normalisation, recipe: Recipe
    ) -> None:
        self.scenes, self.channels, self.normalisation, self.recipe = scenes, channels, normalisation, recipe
        self.grid = [(k, row, col) for k, scene in enumerate(scenes) for row, col in self._kept(k, scene.label)]
        self.places = lru_cache(maxsize=2)(self._places)

    def __len__(self) -> int:
        """Patches of one pass."""
        return len(self.grid)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        turn, index = divmod(number, len(self))
        k, row, col = self.places(turn)[index]
        stack = cut(self.scenes[k].features, row, col, self.recipe.patch, np.nan)
        label = cut(self.scenes[k].label, row, col, self.recipe.patch, IGNORE)
        if self.recipe.augmentation:
            stack, label = augment.augment(stack, label, self.channels, self._rng(LOOK, number), self.recipe.faster)
        return torch.from_numpy(self.normalisation(stack)), torch.from_numpy(label.copy())

    def _kept(self, k: int, label: np.ndarray) -> list[tuple[int, int]]:
        """Windows of scene `k` with a counted cell; without a landslide, as the recipe has it."""
        recipe = self.recipe
        places = windows(label.shape, recipe.patch, recipe.overlap)
        if recipe.negatives < 0:
            return [place for place in places if self._counted(k, *place)]
        return select(label, places, recipe.patch, recipe.negatives, recipe.seed)

    def _places(self, turn: int) -> list[tuple[int, int, int]]:
        """Scene, row and column of each patch of a pass."""
        rng = self._rng(ORDER, turn)
        places = [self._anywhere(place, rng) for place in self.grid] if self.recipe.random_crops else self.grid
        return [places[index] for index in rng.permutation(len(places))]

    def _anywhere(self, place: tuple[int, int, int], rng: np.random.Generator) -> tuple[int, int, int]:
        """A random place in the scene of `place`; itself where no draw has a counted cell."""
        k = place[0]
        drawn = random_windows(self.scenes[k].label.shape, self.recipe.patch, TRIES, rng)
        return next(((k, *start) for start in drawn if self._counted(k, *start)), place)

    def _counted(self, k: int, row: int, col: int) -> bool:
        size = self.recipe.patch
        return bool((self.scenes[k].label[row : row + size, col : col + size] != IGNORE).any())

    def _rng(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence([self.recipe.seed, purpose, number]))


def batches(
    patches: Patches, first: int, last: int, rank: int = 0, processes: int = 1, workers: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of some steps; of each, the share of one process.

    Parameters
    ----------
    patches : Patches
        Where they come from.
    first, last : int
        Steps `first` to before `last`.
    rank : int
        Of this process.
    processes : int
        That share each batch.
    workers : int
        Processes that prepare patches ahead (0: none).

    Returns
    -------
    iterator of (Tensor, Tensor)
        Inputs (N, C, H, W) and labels (N, H, W).
    """
    size = patches.recipe.batch
    numbers = [list(range(step * size + rank, (step + 1) * size, processes)) for step in range(first, last)]
    return iter(DataLoader(patches, batch_sampler=numbers, num_workers=workers))

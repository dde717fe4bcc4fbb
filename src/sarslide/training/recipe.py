"""Recipes of training: the papers' and ours (E07, E10, E12, D02-D15).

What a paper leaves out we chose.

A budget has one unit inside, the step: one update of the weights from one batch. `steps` makes
steps of epochs, iterations or samples, and everything that changes during a training (learning
rate, frozen body, validation) changes at a share of them, so that a recipe keeps its shape when its
budget is replaced.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sarslide.dataset.selection import P3_NEGATIVES
from sarslide.errors import TrainingError

if TYPE_CHECKING:
    from sarslide.models.card import Card

SAMPLE_CELLS = 128
LOSSES = ("bce", "dice", "bce_dice")
OPTIMISERS = ("adam", "sgd")
KEPT = ("f1", "loss", "last")
PRECISIONS = ("fp32", "bf16")
# A fine-tuned network shall not forget: its steps are this much smaller than those from random
# weights.
FINE_TUNING = 0.2


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are ours (`sarslide`).

    The budget is the first that is not 0 of `samples`, `iterations` and `epochs`.

    Attributes
    ----------
    epochs : int
        Each as many patches as windows of `overlap` cover the training scenes.
    iterations : int
        Budget in steps.
    samples : int
        Budget in patches of 128 x 128 cells seen; one of 256 x 256 counts four.
    rounds : int
        Equal parts of a budget in samples or iterations; after each, as after each epoch, the
        network is validated and a checkpoint written.
    patience : int
        Epochs without a better validation before it stops (0: never); other budgets are always used
        up.
    batch : int
        Patches of a step.
    optimiser : str
        `adam`, or `sgd` (momentum 0.9, weight decay 1e-4).
    learning_rate : float
        Of the first part of the budget.
    parts : int
        Equal parts of the budget; from each to the next the learning rate is multiplied by `decay`.
    decay : float
        See `parts`.
    frozen_parts : int
        First parts in which the body of an instance network is left out.
    clip_norm : float
        Largest norm of a gradient (0: any).
    loss : str
        `bce` (mean binary cross-entropy), `dice` (V-Net's dice loss of landslide), `bce_dice`
        (cross-entropy and a dice loss, for few positive cells, D11); instance networks have losses
        of their own.
    precision : str
        `fp32` or `bf16`.
    patch : int
        Side of a patch, cells.
    overlap : float
        Of the grid of patches, 0 to < 1.
    random_crops : bool
        Patches anywhere, else on the grid.
    negatives : float
        Of the patches on the grid that have no landslide, as many of each scene for each with one
        (below 0: all there are).
    normalisation : str
        A method of `dataset.normalise`.
    augmentation : bool
        That of `dataset.augment` (D08).
    faster : float
        Share of the patches whose landslides augmentation makes faster.
    start : str
        Weights to start from: none (random), `imagenet`, `coco`, `matterport`, or a weights file.
    coco_file : str
        The file of `matterport`.
    keep : str
        The round with the best validation `f1` by cell, or `loss`, or the `last` one, for a budget
        that teaches what the validation scenes lack.
    threshold : float
        Of the map; 0 chooses it on the validation part.
    min_cells : int
        Smallest object that counts, cells.
    seed : int
        Initial weights, dropout, and order, place, orientation and noise of patches.
    """

    epochs: int = 30
    iterations: int = 0
    samples: int = 0
    rounds: int = 10
    patience: int = 8
    batch: int = 16
    optimiser: str = "adam"
    learning_rate: float = 1e-3
    parts: int = 3
    decay: float = 0.5
    frozen_parts: int = 0
    clip_norm: float = 0.0
    loss: str = "bce_dice"
    precision: str = "fp32"
    patch: int = 128
    overlap: float = 0.5
    random_crops: bool = True
    negatives: float = -1.0
    normalisation: str = "robust"
    augmentation: bool = True
    faster: float = 0.0
    start: str = ""
    coco_file: str = ""
    keep: str = "f1"
    threshold: float = 0.0
    min_cells: int = 20
    seed: int = 7


# P0 section 5.1, Fig. 8 (E07, D02, D03): Adam 1e-3 halved every 10 of 80 epochs, BCE, batch 16,
# threshold 0.5, patches of 128 with half overlap, each normalised by itself; nothing is augmented.
# Ours: which epoch is kept.
P0 = Recipe(
    epochs=80,
    patience=0,
    parts=8,
    loss="bce",
    normalisation="zscore_sample",
    augmentation=False,
    random_crops=False,
    threshold=0.5,
)
# P2 section 3.3.1 (E10, D06, D08): 400 iterations, 200 at 0.01 of the heads alone and 200 at 0.001
# of all, patches of 256, flips and noise, COCO weights before (`start="coco"` where they can be
# had; this preset needs no download). Ours, from the common Keras implementation that the paper's
# numbers point to: SGD with momentum 0.9 and weight decay 1e-4, batch 2, clipping at 5. Ours:
# normalisation (its input is a picture), threshold, which round is kept.
P2 = Recipe(
    iterations=400,
    batch=2,
    optimiser="sgd",
    learning_rate=0.01,
    parts=2,
    decay=0.1,
    frozen_parts=1,
    clip_norm=5.0,
    loss="bce",
    patch=256,
    normalisation="zscore",
)
# P3 sections 2.2 and 3.4 (E12, D10): random weights, Adam 1e-4, batch 8, BCE, patches of 128
# without overlap, 7 with landslides to 3 without, z-score by channel, augmentation, the state of
# the best loss kept; dropout 0.2 is the default of its networks. Ours: epochs (not given), the kind
# of augmentation, and parts by region where the paper takes 70 % of its samples at random.
P3 = Recipe(
    epochs=80,
    patience=0,
    batch=8,
    learning_rate=1e-4,
    parts=1,
    loss="bce",
    overlap=0.0,
    random_crops=False,
    negatives=P3_NEGATIVES,
    normalisation="zscore",
    keep="loss",
    threshold=0.5,
)
# P4 sections 2.2 and 2.3.2 (E14, D13, D14): dice loss, values scaled to 0-1, input of 256,
# "enhancement" of samples. All else is not given (D15) and ours: Adam 1e-4 halved twice in 80
# epochs, batch 2 (as many cells as 8 samples of 128), half overlap. At 1e-3 the logits of P4's
# decoder, which has no batch normalisation, pass 10 within 20 steps. There the dice loss has no
# gradient any more (that of cross-entropy does not vanish), and every cell stays a landslide.
P4 = Recipe(
    epochs=80,
    patience=0,
    batch=2,
    learning_rate=1e-4,
    loss="dice",
    patch=256,
    random_crops=False,
    normalisation="minmax",
    threshold=0.5,
)
PRESETS = {"sarslide": Recipe(), "p0": P0, "p2": P2, "p3": P3, "p4": P4}


def preset(name: str) -> Recipe:
    """A recipe by its name.

    Parameters
    ----------
    name : str
        A key of `PRESETS`.

    Returns
    -------
    Recipe
        The recipe.

    Raises
    ------
    TrainingError
        For an unknown name.
    """
    if name not in PRESETS:
        raise TrainingError(f"recipe '{name}' does not exist", f"use one of {', '.join(PRESETS)}")
    return PRESETS[name]


def check(recipe: Recipe) -> None:
    """Refuse a recipe that cannot be followed.

    Parameters
    ----------
    recipe : Recipe
        The recipe.

    Raises
    ------
    TrainingError
        For a word that a field does not know, or a batch without patches.
    """
    for field, known in (("loss", LOSSES), ("optimiser", OPTIMISERS), ("keep", KEPT), ("precision", PRECISIONS)):
        value = getattr(recipe, field)
        if value not in known:
            raise TrainingError(f"{field} '{value}' does not exist", f"use {' or '.join(known)}")
    if min(recipe.batch, recipe.patch, recipe.parts, recipe.rounds) < 1 or not recipe.learning_rate > 0:
        raise TrainingError(
            f"batch {recipe.batch}, patch {recipe.patch}, parts {recipe.parts}, rounds {recipe.rounds}, "
            f"learning rate {recipe.learning_rate:g}",
            "give positive values",
        )


def fine_tuning(recipe: Recipe, card: "Card") -> Recipe:
    """The recipe for training on from weights: their patch and normalisation, and smaller steps.

    Parameters
    ----------
    recipe : Recipe
        A recipe for random weights.
    card : Card
        Card of the weights.

    Returns
    -------
    Recipe
        The changed recipe.
    """
    return replace(
        recipe,
        patch=card.tile,
        normalisation=card.normalisation.method,
        learning_rate=FINE_TUNING * recipe.learning_rate,
    )


def round_ends(recipe: Recipe, windows: int) -> list[int]:
    """Steps taken at the end of each round.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    windows : int
        Patches of one epoch.

    Returns
    -------
    list of int
        The last one is the whole budget.
    """
    if recipe.samples or recipe.iterations:
        cells_a_step = recipe.batch * recipe.patch**2
        total = max(1, recipe.samples * SAMPLE_CELLS**2 // cells_a_step) if recipe.samples else recipe.iterations
        rounds = min(recipe.rounds, total)
        return [total * (k + 1) // rounds for k in range(rounds)]
    each = max(1, windows // recipe.batch)
    return [each * (epoch + 1) for epoch in range(recipe.epochs)]


def part(recipe: Recipe, step: int, steps: int) -> int:
    """The part of the budget in which a step lies.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    step : int
        From 0.
    steps : int
        Of the whole budget.

    Returns
    -------
    int
        From 0.
    """
    return recipe.parts * step // steps


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Learning rate of a step.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    step : int
        From 0.
    steps : int
        Of the whole budget.

    Returns
    -------
    float
        Learning rate.
    """
    return recipe.learning_rate * recipe.decay ** part(recipe, step, steps)


def samples_seen(recipe: Recipe, steps: int) -> float:
    """Patches of 128 x 128 cells that the network has seen.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    steps : int
        Taken.

    Returns
    -------
    float
        Patches.
    """
    return steps * recipe.batch * recipe.patch**2 / SAMPLE_CELLS**2

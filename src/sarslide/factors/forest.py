"""Importance of factors in a random forest (P3 3.1 (3) and Fig. 9; H03)."""

from dataclasses import dataclass

import numpy as np

from sarslide.errors import VectorError
from sarslide.factors.sample import Sample

PARTS = 3  # of the plots; one of them tests the forest
REPEATS = 10  # of each permutation


@dataclass(frozen=True)
class Importance:
    """Importance of each factor in a forest.

    Attributes
    ----------
    gini : (factors,) array of float
        Mean decrease of impurity, sums to 1.
    permutation, permutation_std : (factors,) array of float
        Loss of the area under the ROC curve on plots that the forest has not seen when one factor
        is shuffled, and its standard deviation.
    auc : float
        That area.
    """

    gini: np.ndarray
    permutation: np.ndarray
    permutation_std: np.ndarray
    auc: float


def importance(sample: Sample, trees: int, seed: int, source: str, threads: int = 1) -> Importance:
    """Importance of each factor in a forest on two thirds of the plots of a sample.

    P3 ranks by the Gini index, which favours quantities that take many values (Strobl et al. 2007,
    doi:10.1186/1471-2105-8-25) and looks at nothing but the training cells; permutation on other
    plots does neither.

    Parameters
    ----------
    sample : Sample
        As many landslide as background cells.
    trees : int
        Trees of the forest.
    seed : int
        Of all random numbers: the result is the same for any number of threads.
    source : str
        Where the landslides are from, for the error.
    threads : int
        Threads.

    Returns
    -------
    Importance
        By factor.

    Raises
    ------
    VectorError
        The landslides lie in too few plots to test on others.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.inspection import permutation_importance
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    plots = np.unique(sample.plot[sample.label == 1])
    if len(plots) < PARTS:
        raise VectorError(
            f"{source}: the landslides lie in {len(plots)} plots of the region, {PARTS} are needed to test a forest",
            "give a larger region or more landslides",
        )
    split = StratifiedGroupKFold(PARTS, shuffle=True, random_state=seed)
    train, test = next(split.split(sample.values, sample.label, sample.plot))
    forest = RandomForestClassifier(trees, random_state=seed, n_jobs=threads)
    forest.fit(sample.values[train], sample.label[train])
    seen, truth = sample.values[test], sample.label[test]
    shuffled = permutation_importance(
        forest, seen, truth, scoring="roc_auc", n_repeats=REPEATS, random_state=seed, n_jobs=1
    )
    auc = roc_auc_score(truth, forest.predict_proba(seen)[:, 1])
    return Importance(forest.feature_importances_, shuffled.importances_mean, shuffled.importances_std, float(auc))

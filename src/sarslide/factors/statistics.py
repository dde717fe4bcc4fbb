"""Correlation and collinearity of factors (P3 3.1, eq. 1 and 2; H01, H02).

P3 puts aspect in degrees and the code of the rock into both as if they were quantities. We give
that, to be compared, and beside it aspect as sine and cosine and the rock as one column a class:
correlation then is the multiple one (for a class, the correlation ratio eta), and the variance
inflation that of Fox and Monette (1992, doi:10.1080/01621459.1992.10475190).
"""

from collections.abc import Mapping, Sequence

import numpy as np

SINGULAR = 1e-10  # share of a factor's variance that the others leave, below which they determine it


def pearson(values: np.ndarray) -> np.ndarray:
    """Correlation matrix, P3 eq. 1.

    Parameters
    ----------
    values : (cells, factors) array of float
        Values of the factors.

    Returns
    -------
    (factors, factors) array of float
        NaN beside a factor that does not vary.
    """
    centred = values.astype(float) - values.mean(axis=0, dtype=float)
    spread = np.sqrt((centred**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        result = centred.T @ centred / np.outer(spread, spread)
    return np.clip(result, -1, 1)


def spearman(values: np.ndarray) -> np.ndarray:
    """Rank correlation, which the caption of P3 Fig. 8 names.

    Parameters
    ----------
    values : (cells, factors) array of float
        Values of the factors.

    Returns
    -------
    (factors, factors) array of float
        Pearson's of the ranks, ties sharing their mean rank.
    """
    from scipy.stats import rankdata

    return pearson(rankdata(values, axis=0))


def variance_inflation(values: np.ndarray) -> np.ndarray:
    """VIF of each factor, 1 / (1 - R2) with R2 of its regression on all others (P3 eq. 2).

    Tolerance is 1 / VIF.

    Parameters
    ----------
    values : (cells, factors) array of float
        Values of the factors.

    Returns
    -------
    (factors,) array of float
        Infinite for a factor that the others determine, NaN for one that does not vary.
    """
    return np.array([vif for vif, _ in generalised_inflation([values[:, [k]] for k in range(values.shape[1])])])


def generalised_inflation(groups: Sequence[np.ndarray]) -> list[tuple[float, int]]:
    """Generalised variance inflation of groups of columns.

    GVIF is the determinant of a group's covariance over that of what a regression on all other
    groups leaves of it.

    Parameters
    ----------
    groups : sequence of (cells, df) array of float
        Columns of each group. Those that do not vary are left out.

    Returns
    -------
    list of tuple of float and int
        GVIF ** (1 / df), for a single column the VIF, and degrees of freedom of each group; (NaN,
        0) for a group of nothing that varies.

    References
    ----------
    Fox and Monette 1992, doi:10.1080/01621459.1992.10475190.
    """
    groups = [group[:, np.ptp(group, axis=0) > 0].astype(float) for group in groups]
    groups = [(group - group.mean(axis=0)) / group.std(axis=0) for group in groups]
    found = []
    for k, own in enumerate(groups):
        if not own.shape[1]:
            found.append((float("nan"), 0))
            continue
        others = np.hstack([own[:, :0], *groups[:k], *groups[k + 1 :]])
        left = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
        before, after = (np.linalg.slogdet(part.T @ part / len(own))[1] for part in (own, left))
        log_gvif = before - after
        found.append(
            (float(np.exp(log_gvif / own.shape[1])) if np.exp(-log_gvif) > SINGULAR else float("inf"), own.shape[1])
        )
    return found


def multiple_correlation(target: np.ndarray, group: np.ndarray) -> float:
    """Multiple correlation of a quantity with a group of columns.

    For one column a class it is the correlation ratio eta; for sine and cosine the correlation with
    a direction.

    Parameters
    ----------
    target : (cells,) array of float
        The quantity.
    group : (cells, columns) array of float
        The columns.

    Returns
    -------
    float
        Square root of the share of the variance that a regression explains, 0 to 1.
    """
    group = group - group.mean(axis=0, dtype=float)
    target = target - target.mean(dtype=float)
    if not (target**2).sum():
        return float("nan")
    left = target - group @ np.linalg.lstsq(group, target, rcond=None)[0]
    return float(np.sqrt(max(0.0, 1 - (left**2).sum() / (target**2).sum())))


def columns_of(name: str, values: np.ndarray) -> np.ndarray:
    """A factor as regressors.

    Parameters
    ----------
    name : str
        Name of the factor.
    values : (cells,) array of float
        Its values.

    Returns
    -------
    (cells, columns) array of float
        A direction as sine and cosine, rock as one column a class but the commonest.
    """
    if name == "aspect":
        return np.stack([np.sin(np.deg2rad(values)), np.cos(np.deg2rad(values))], axis=1)
    if name == "lithology":
        classes, counts = np.unique(values, return_counts=True)
        rest = np.delete(classes, counts.argmax())
        return (values[:, None] == rest).astype(float)
    return values[:, None]


def associations(values: np.ndarray, factors: Sequence[str]) -> Mapping[str, list[float]]:
    """Multiple correlation of each quantity with each other factor.

    Parameters
    ----------
    values : (cells, factors) array of float
        Values of the factors.
    factors : sequence of str
        Their names.

    Returns
    -------
    mapping of str to list of float
        By quantity, with each factor as `columns_of` gives it, 0 to 1.
    """
    return {
        name: [
            1.0 if other == name else multiple_correlation(values[:, k], columns_of(other, values[:, j]))
            for j, other in enumerate(factors)
        ]
        for k, name in enumerate(factors)
        if name not in ("aspect", "lithology")
    }

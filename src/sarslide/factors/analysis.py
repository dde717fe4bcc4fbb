"""The analysis of factors of one stack as tables beside the paper's (P3 Table 2, Fig. 8, 9)."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from sarslide import papers
from sarslide.factors import statistics
from sarslide.factors.forest import Importance
from sarslide.factors.sample import Sample
from sarslide.layers import hidden
from sarslide.terrain.curvature import total_curvature

# Factor -> layers it is made of.
SOURCES = {
    "rate": ("los_rate_mm_per_yr",),
    "elevation": ("elevation_m",),
    "slope": ("slope_deg",),
    "aspect": ("aspect_deg",),
    "curvature": ("curvature_profile_per_m", "curvature_plan_per_m"),
    "lithology": ("lithology",),
    "reflectance_b02": ("reflectance_b02",),
    "reflectance_b03": ("reflectance_b03",),
    "reflectance_b04": ("reflectance_b04",),
    "reflectance_b08": ("reflectance_b08",),
}
HIDDEN = "layover_shadow"
TREATMENT = {
    "rate": "signed, positive towards the satellite",
    "aspect": "P3's columns: degrees; ours: sine and cosine. Level ground has none and is left out",
    "curvature": "P3's curvature of ArcGIS: profile minus plan, the negative Laplacian, positive where convex",
    "lithology": "P3's columns: the code as a number; ours: one column a class. Unknown rock is left out",
}


def factors_of(layers: Sequence[str]) -> list[str]:
    """Factors that can be made of layers.

    Parameters
    ----------
    layers : sequence of str
        Registered names.

    Returns
    -------
    list of str
        In the order of the paper's tables.
    """
    return [name for name, sources in SOURCES.items() if set(sources) <= set(layers)]


def factor_layers(layers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Factors from stored layers.

    Parameters
    ----------
    layers : mapping of str to (rows, cols) array
        By registered name.

    Returns
    -------
    dict of str to (rows, cols) array of float32
        NaN where unknown and, for the rate, where layover or shadow hide it.
    """
    found = {}
    for name in factors_of(list(layers)):
        values = [np.asarray(layers[source], np.float32) for source in SOURCES[name]]
        found[name] = total_curvature(*values) if name == "curvature" else values[0]
    found["rate"] = np.where(hidden(layers[HIDDEN]), np.nan, found["rate"])
    if "lithology" in found:
        found["lithology"] = np.where(found["lithology"] > 0, found["lithology"], np.nan)
    return found


def collinearity(sample: Sample, factors: Sequence[str]) -> list[dict]:
    """Variance inflation of the factors (H02).

    Parameters
    ----------
    sample : Sample
        Cells of the region.
    factors : sequence of str
        Names of its columns.

    Returns
    -------
    list of dict
        One row a factor: VIF and tolerance among the paper's factors as the paper treats them, ours
        (direction and class as such), ours with all factors, and the paper's.
    """
    few = [k for k, name in enumerate(factors) if name in papers.factors().names]
    as_numbers = dict(zip([factors[k] for k in few], statistics.variance_inflation(sample.values[:, few]), strict=True))
    groups = {name: statistics.columns_of(name, sample.values[:, k]) for k, name in enumerate(factors)}

    def generalised(names: Sequence[str]) -> dict[str, float]:
        found = statistics.generalised_inflation([groups[name] for name in names])
        return {name: vif for name, (vif, _) in zip(names, found, strict=True)}

    ours, every = generalised([factors[k] for k in few]), generalised(factors)
    return [
        {
            "factor": name,
            "vif": _number(as_numbers.get(name)),
            "tolerance": _inverse(as_numbers.get(name)),
            "vif_direction_and_class": _number(ours.get(name)),
            "vif_all_factors": _number(every[name]),
            "vif_p3": papers.factors().vif.get(name),
            "tolerance_p3": papers.factors().tolerance.get(name),
        }
        for name in factors
    ]


def correlations(sample: Sample, factors: Sequence[str]) -> list[dict]:
    """Correlation of the factors (H01).

    Parameters
    ----------
    sample : Sample
        Cells of the region.
    factors : sequence of str
        Names of its columns.

    Returns
    -------
    list of dict
        One row a pair of factors: Pearson, Spearman, multiple correlation with direction and class
        as such, and the paper's. `speed` rows take the rate without its sign: P3's text speaks of
        how fast the ground moves.
    """
    speed = np.abs(sample.values[:, [list(factors).index("rate")]])
    values, names = np.hstack([sample.values, speed]), [*factors, "speed"]
    linear, ranked, multiple = (
        statistics.pearson(values),
        statistics.spearman(values),
        statistics.associations(values, names),
    )
    rows = []
    for k, first in enumerate(names):
        for j, second in enumerate(names[:k]):
            pair = (second, first)
            if "speed" in pair and "rate" in pair:
                continue
            known = multiple.get(first, multiple.get(second))
            association = known[j if first in multiple else k] if known else None
            rows.append(
                {
                    "first": second,
                    "second": first,
                    "pearson": _number(linear[j, k]),
                    "spearman": _number(ranked[j, k]),
                    "multiple": _number(association),
                    "p3": papers.factors().correlation(pair),
                }
            )
    return rows


def importances(found: Importance, factors: Sequence[str]) -> list[dict]:
    """Importance of the factors (H03).

    Parameters
    ----------
    found : Importance
        From `forest.importance`.
    factors : sequence of str
        Names of its columns.

    Returns
    -------
    list of dict
        One row a factor: Gini and permutation importance, ranks, and the paper's rank.
    """
    printed = papers.factors()
    ranks = {name: k + 1 for k, name in enumerate(printed.strongest)} | {printed.weakest: len(printed.names)}
    by_gini, by_permutation = (np.argsort(np.argsort(-values)) + 1 for values in (found.gini, found.permutation))
    return [
        {
            "factor": name,
            "gini": _number(found.gini[k]),
            "gini_rank": int(by_gini[k]),
            "permutation": _number(found.permutation[k]),
            "permutation_std": _number(found.permutation_std[k]),
            "permutation_rank": int(by_permutation[k]),
            "rank_p3": ranks.get(name),
        }
        for k, name in enumerate(factors)
    ]


def note_of_correlation(factors: Sequence[str]) -> str:
    """Text for the foot of the heat map.

    Parameters
    ----------
    factors : sequence of str
        Names of the factors.

    Returns
    -------
    str
        The paper's numbers and what is not a quantity.
    """
    numbers = ", ".join(f"{'~'.join(one.between)} {one.value}" for one in papers.factors().correlations)
    coded = " and ".join(name for name in ("aspect", "lithology") if name in factors)
    return f"P3 Fig. 8, by its text: {numbers}. As in P3, {coded} are taken as numbers; correlation.csv has more."


def _number(value: float | None) -> float | None:
    """Rounded for a table; None for what is unknown or infinite, which JSON does not have."""
    return round(float(value), 6) if value is not None and math.isfinite(value) else None


def _inverse(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else _number(1 / value)

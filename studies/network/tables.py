"""Rows of the record, made of `region_scores` of many regions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from sarslide.evaluate.metrics import Counts, harmonic, ratio
from studies.ground import scoring
from studies.network import row
from studies.network.maps import BEFORE, NETWORK
from studies.network.region_scores import LIMIT, METHODS, SURE

# Goals: F1 by object as a share of the limit's, and above the network of before; false objects on
# 100 km2; recall of what is sure; of fast landslides, of all and of those that the limit finds.
OF_LIMIT, ABOVE_BEFORE, MOST_FALSE, RECALL_OF_SURE = 0.85, 0.10, 0.3, 0.95
FASTEST, FAST = 0.9, 0.95
LARGE_HA = scoring.SMALLEST_HA
LARGE_SLOPE_HA, SLOW_MM_PER_YR = 100.0, 25.0


def rows(found: Sequence[Mapping[str, Any]], about: str, command: str) -> list[dict]:
    """All rows. about: in words, the size of cells."""
    slides = pd.concat([pd.DataFrame(each["slides"]).assign(range=each["range"]) for each in found], ignore_index=True)
    made = [*_of_objects(found, slides, about, command)]
    for name, part in scoring.groups(slides):
        inside = [each for each in found if name == "all" or each["range"].replace("_", " ") == name]
        with_objects = inside if len(inside) < len(found) or name == "all" else []
        what = f"recall of planted landslides (of those above {LARGE_HA} ha), {about}: {name}"
        made.append(row(what, _words(part, with_objects), command))
    return [
        *made,
        *_fast(slides, about, command),
        _large_and_slow(slides, about, command),
        *_sure(slides, about, command),
        _decoys(found, about, command),
    ]


def _of_objects(found: Sequence[Mapping], slides: pd.DataFrame, about: str, command: str) -> Iterable[dict]:
    """F1 by object and by cell, and what is released wrongly."""
    for size, part in (("all", slides), (f"above {LARGE_HA} ha", slides[slides["area_ha"] >= LARGE_HA])):
        f1 = {method: _f1(part, found, method) for method in METHODS}
        best = harmonic(1.0, float(part[LIMIT].mean()))
        text = ", ".join(f"{method} {value:.2f}" for method, value in f1.items())
        yield row(
            f"F1 by object, {about}, landslides {size}",
            f"{text}, limit {best:.2f}; {f1[NETWORK] / best:.2f} of the limit's",
            command,
            f"at least {OF_LIMIT} of the limit's",
            f1[NETWORK] >= OF_LIMIT * best,
        )
        yield row(
            f"F1 by object above that of the network of before, {about}, landslides {size}",
            round(f1[NETWORK] - f1[BEFORE], 3),
            command,
            f"at least {ABOVE_BEFORE}",
            f1[NETWORK] >= f1[BEFORE] + ABOVE_BEFORE,
        )
    worst = {
        name: ratio(
            _f1(part, [each for each in found if each["range"] == name], NETWORK), harmonic(1.0, part[LIMIT].mean())
        )
        for name, part in slides.groupby("range")
    }
    low = min(worst, key=worst.__getitem__)
    yield row(
        f"worst range, {about}: F1 by object over the limit's", f"{low.replace('_', ' ')} {worst[low]:.2f}", command
    )
    cells = {
        m: Counts(*(sum(each["cells"][m][key] for each in found) for key in ("tp", "fp", "fn"))).f1 for m in METHODS
    }
    yield row(f"F1 by cell, {about}", ", ".join(f"{m} {value:.2f}" for m, value in cells.items()), command)
    area = sum(each["area_km2"] for each in found) / 100
    false = {m: (_sum(found, m)["released"] - _sum(found, m)["right"]) / area for m in METHODS}
    beside = {m: (_sum(found, m)["released"] - _sum(found, m)["touching"]) / area for m in METHODS}
    yield row(
        f"false objects on 100 km2 (those that touch no landslide), {about}",
        ", ".join(f"{m} {false[m]:.2f} ({beside[m]:.2f})" for m in METHODS) + f"; on {100 * area:,.0f} km2",
        command,
        f"at most {MOST_FALSE}",
        false[NETWORK] <= MOST_FALSE,
    )


def _fast(slides: pd.DataFrame, about: str, command: str) -> Iterable[dict]:
    """Fast landslides that are not smaller than an object."""
    large = slides[slides["area_ha"] >= LARGE_HA]
    fastest = large[large["speed_mm_per_yr"] >= 500]
    share = float(fastest[NETWORK].mean())
    seen = fastest[fastest[LIMIT]]
    yield row(
        f"landslides over 500 mm/yr and {LARGE_HA} ha that are found, {about}",
        f"{share:.2f} of {len(fastest)}; of the {len(seen)} that the limit finds {seen[NETWORK].mean():.2f}",
        command,
        f"at least {FASTEST}",
        share >= FASTEST,
    )
    fast = large[large["speed_mm_per_yr"].between(100, 500) & large[LIMIT]]
    yield row(
        f"landslides of 100 to 500 mm/yr over {LARGE_HA} ha that the limit finds, {about}",
        f"{fast[NETWORK].mean():.2f} of {len(fast)}",
        command,
        f"at least {FAST}",
        bool(fast[NETWORK].mean() >= FAST),
    )


def _large_and_slow(slides: pd.DataFrame, about: str, command: str) -> dict:
    part = slides[(slides["area_ha"] >= LARGE_SLOPE_HA) & (slides["speed_mm_per_yr"] <= SLOW_MM_PER_YR) & slides[LIMIT]]
    texts = ", ".join(f"{method} {int(part[method].sum())}" for method in METHODS)
    what = f"slopes over {LARGE_SLOPE_HA / 100:g} km2 of up to {SLOW_MM_PER_YR:g} mm/yr that the limit finds, {about}"
    return row(what, f"{texts} of {len(part)}", command)


def _decoys(found: Sequence[Mapping], about: str, command: str) -> dict:
    counts = {method: Counter[str]() for method in METHODS}
    for each in found:
        for method in METHODS:
            counts[method].update(each["objects"][method]["on"])
    texts = "; ".join(
        f"{method} " + (", ".join(f"{name} {n}" for name, n in on.most_common()) or "none")
        for method, on in counts.items()
    )
    return row(f"on what false objects lie that touch no landslide, {about}", texts, command)


def _sure(slides: pd.DataFrame, about: str, command: str) -> Iterable[dict]:
    sure = slides[slides["rate_over_error"] > SURE]
    large = sure[sure["area_ha"] >= LARGE_HA]
    yield row(
        f"landslides whose planted rate is over {SURE:g} stated errors that are found, {about}",
        f"{sure[NETWORK].mean():.2f} of {len(sure)}, of those over {LARGE_HA} ha {large[NETWORK].mean():.2f} of {len(large)}",
        command,
        f"at least {RECALL_OF_SURE}",
        bool(sure[NETWORK].mean() >= RECALL_OF_SURE),
    )


def _words(part: pd.DataFrame, found: Sequence[Mapping]) -> str:
    large = part[part["area_ha"] >= LARGE_HA]
    texts = []
    for method in (*METHODS, LIMIT):
        text = f"{method} {_mean(part[method])} ({_mean(large[method])})"
        if found and method in METHODS:
            text += f", precision {_mean_of(_sum(found, method))}, F1 {_f1(part, found, method):.2f}"
        texts.append(text)
    return "; ".join(texts) + f"; of {len(part)} ({len(large)})"


def _sum(found: Iterable[Mapping], method: str) -> dict[str, int]:
    """Released objects of some regions."""
    objects = [each["objects"][method] for each in found]
    return {key: sum(each[key] for each in objects) for key in ("released", "right", "touching")}


def _f1(part: pd.DataFrame, found: Iterable[Mapping], method: str) -> float:
    objects = _sum(found, method)
    return harmonic(ratio(objects["right"], objects["released"]), float(part[method].mean()))


def _mean(values: pd.Series) -> str:
    return f"{values.mean():.2f}" if len(values) else "–"


def _mean_of(objects: Mapping[str, int]) -> str:
    return f"{objects['right'] / objects['released']:.2f}" if objects["released"] else "–"

"""Which network a survey should use, from the records alone: with and without labels, and what no
network does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sarslide.models import registry
from studies.benchmark import runs
from studies.benchmark import score_cells as cells
from studies.benchmark.score_cells import SHOWN, Record
from studies.benchmark.tables import all_of, budget, equal_budget

TITLE = "## Which network to use"
THROUGHPUT = "8_inference"  # key of the table in studies/records/validation.json
PLACES = dict(zip(SHOWN, ("test regions", "unseen climate"), strict=True))
OFTEN = 0.25  # share of a type of decoys from which on it is named


def lines(
    records: Mapping[str, Record], budgets: Sequence[tuple[str, str]], more: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The section of the page; empty without a network of the equal budget. more: tables of
    validation.json by key.
    """
    counted = {each: _run(records, *each) for each in budgets}
    tier, width = max(budgets, key=lambda each: len(counted[each]), default=(None, None))
    found = counted.get((tier, width))
    if not found:
        return []
    best = max(found, key=lambda name: _merit(found[name]))
    points = [
        _without_labels(records),
        _with_labels(found, best, budget(tier, width), _speeds(more.get(THROUGHPUT))),
        _other_budgets(counted, best, (tier, width)),
        _limits(records, found[best], best),
    ]
    return [TITLE, "", *(f"- {text}" for text in points if text), ""]


def _run(records: Mapping[str, Record], tier: str, width: str) -> dict[str, list[Record]]:
    """Network -> records, of those that were run in the equal budget."""
    every = {name: equal_budget(records, tier, width, name) for name in registry.names()}
    return {name: found for name, found in every.items() if found}


def _merit(found: Sequence[Record]) -> float:
    """Mean F1 by object of test regions and unseen climate: a survey has both kinds of ground."""
    return sum(cells.f1(found, part, "object") for part in SHOWN) / len(SHOWN)


def _without_labels(records: Mapping[str, Record]) -> str:
    packaged, threshold = all_of(records, runs.COMPACT), all_of(records, runs.BASELINE)
    if not packaged or not threshold:
        return ""
    gains = _and(cells.paired(packaged, threshold, part, "object") for part in SHOWN)
    worse = all(cells.beaten(packaged, threshold, part, "object") for part in SHOWN)
    verdict = "Drawn ground does not suffice" if worse else "Drawn ground helps"
    return (
        "**Without labels of your own: the packaged `drs_unet_ranges`.** It learnt on these ranges and has no row here;"
        f" how it does in ranges that it had not seen is [measured](network.md). {verdict}: `{runs.PACKAGED_NETWORK}`,"
        f" which learnt on it alone, has F1 by object {_scores(packaged)}; against the best velocity threshold with an"
        f" area filter {gains}."
    )


def _with_labels(found: Mapping[str, list[Record]], best: str, title: str, speeds: Mapping[str, float]) -> str:
    others = sorted(found.keys() - {best}, key=lambda name: -_merit(found[name]))
    behind = [name for name in others if any(cells.beaten(found[name], found[best], part, "object") for part in SHOWN)]
    level = [name for name in others if name not in behind]
    sentences = [f"**To train your own: `{best}`** has the highest F1 by object, {_scores(found[best])} ({title})."]
    if level:
        sentences.append(f"The regions cannot tell it from {_and(_named(level, speeds))}.")
    if behind:
        sentences.append(
            f"Worse in at least one of the two, by an interval without zero: {_and(_named(behind, speeds))}."
        )
    if best in speeds:
        sentences.append(f"`{best}` reads {speeds[best]:.0f} km2/s; all speeds at the published size, fp32, on a CPU.")
    return " ".join(sentences)


def _other_budgets(
    counted: Mapping[tuple[str, str], Mapping[str, list[Record]]], best: str, own: tuple[str, str]
) -> str:
    """The same network with other budgets, where it was run with one."""
    found = {each: networks[best] for each, networks in counted.items() if best in networks and each != own}
    return " ".join(
        f"**`{best}` with another budget** ({budget(*each)}): {_scores(records)}." for each, records in found.items()
    )


def _limits(records: Mapping[str, Record], own: Sequence[Record], best: str) -> str:
    shown = {f"`{best}`": own} | (
        {f"`{runs.PACKAGED_NETWORK}`": kept} if (kept := all_of(records, runs.COMPACT)) else {}
    )
    types = [name for name in own[0]["parts"][SHOWN[0]]["decoys"] if name != "elsewhere"]
    often = [name for name in types if all(cells.fooled_share(found, SHOWN, name) >= OFTEN for found in shown.values())]
    if not often:
        return ""
    counts = _and(
        f"{name} ({', '.join(f'{label} {cells.fooled(found, SHOWN, name)}' for label, found in shown.items())})"
        for name in often
    )
    return (
        f"**What neither tells apart from landslides:** {counts}. Mask them by height (`inventory.snowline_m`) or reject them"
        " in the reviewer's file."
    )


def _speeds(table: Mapping[str, Any] | None) -> dict[str, float]:
    """Network -> km2/s in fp32 with everything on a CPU, of the table of throughput."""
    if table is None:
        return {}
    column = table["columns"].index("fp32 everything")
    return {row[0]: row[column] for row in table["rows"] if row[1] == "cpu" and isinstance(row[column], int | float)}


def _scores(found: Sequence[Record]) -> str:
    return _and(f"{cells.f1(found, part, 'object'):.2f} on the {PLACES[part]}" for part in SHOWN)


def _named(names: Sequence[str], speeds: Mapping[str, float]) -> list[str]:
    return [f"`{name}`" + (f" ({speeds[name]:.0f} km2/s)" if name in speeds else "") for name in names]


def _and(words: Iterable[str]) -> str:
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last

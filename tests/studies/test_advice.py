"""The advice of the benchmark's page follows from records whose order, ties and decoys are written
down here.
"""

import pytest
from studies.benchmark import advice, runs
from studies.benchmark.runs import BenchmarkRun

BUDGET = ("cpu", "quarter")
REGIONS = tuple(f"r{k}" for k in range(6))


def record(found: list[int], fooled: int) -> dict:
    """Ten landslides in each of six regions, of which found[k] are found, no false object; `fooled` of
    4 glaciers.
    """
    regions = {name: {"object": {"tp": n, "fp": 0, "fn": 10 - n}} for name, n in zip(REGIONS, found, strict=True)}
    true = sum(found)
    part = {
        "object": {"f1": 2 * true / (true + 60)},
        "by_region": regions,
        "decoys": {"glacier": {"fooled": fooled, "areas": 4}, "elsewhere": {"objects": 0}},
    }
    return {"parts": {"test": part, "transfer": part}}


def equal(network: str) -> str:
    return BenchmarkRun(*BUDGET, "regions", *runs.EQUAL, network, 1).name


@pytest.fixture
def found() -> dict[str, dict]:
    """vcnn is best; unet wins and loses by region; segnet finds fewer in every region."""
    return {
        equal("vcnn"): record([9, 9, 9, 9, 9, 9], fooled=3),
        equal("unet"): record([10, 10, 10, 7, 8, 8], fooled=4),
        equal("segnet"): record([5, 6, 5, 6, 5, 5], fooled=4),
        runs.COMPACT: record([10, 10, 10, 10, 10, 9], fooled=1),
        runs.BASELINE: record([4, 4, 4, 4, 5, 5], fooled=4),
    }


def test_best_level_and_worse(found):
    table = {
        "columns": ["network", "device", "fp32 everything"],
        "rows": [["vcnn", "cpu", 194.1], ["unet", "cuda", 9e3], ["segnet", "cpu", 256.9]],
    }
    text = "\n".join(advice.lines(found, [BUDGET], {advice.THROUGHPUT: table}))
    assert "To train your own: `vcnn`** has the highest F1 by object, 0.95 on the test regions and 0.95" in text
    assert "cannot tell it from `unet`." in text  # a speed on another device is not set beside those of a CPU
    assert "interval without zero: `segnet` (257 km2/s)." in text
    assert "`vcnn` reads 194 km2/s" in text


def test_the_packaged_network_stands_beside_the_threshold(found):
    first = advice.lines(found, [BUDGET], {})[2]
    # 59 and 26 of 60 landslides, none false: F1 118 / 119 and 52 / 86.
    assert "Drawn ground helps: `drs_unet_compact`, which learnt" in first
    assert "+0.387 [" in first and f"{118 / 119:.2f} on the test" in first
    swapped = found | {runs.COMPACT: found[runs.BASELINE], runs.BASELINE: found[runs.COMPACT]}
    assert "Drawn ground does not suffice" in advice.lines(swapped, [BUDGET], {})[2]
    del found[runs.COMPACT]
    assert not any("packaged" in line for line in advice.lines(found, [BUDGET], {}))


def test_decoys_that_fool_both_are_named(found):
    assert "glacier (`vcnn` 6 of 8, `drs_unet_compact` 2 of 8)" in advice.lines(found, [BUDGET], {})[-2]
    for part in found[runs.COMPACT]["parts"].values():
        part["decoys"]["glacier"]["fooled"] = 0
    assert not any("glacier" in line for line in advice.lines(found, [BUDGET], {}))


def test_nothing_run_nothing_said(found):
    assert advice.lines({runs.BASELINE: found[runs.BASELINE]}, [BUDGET], {}) == []


def test_the_best_network_with_another_budget_has_its_scores(found):
    """The budget with most networks is the one that is advised by; 10 of 10 landslides with the
    longer one.
    """
    longer = BenchmarkRun("long", "quarter", "regions", *runs.EQUAL, "vcnn", 1).name
    more = found | {longer: record([10] * 6, fooled=3)}
    text = "\n".join(advice.lines(more, [BUDGET, ("long", "quarter")], {}))
    assert "highest F1 by object, 0.95 on the test regions" in text
    assert "- **`vcnn` with another budget** (tier long: 12,000 samples, 1 seed, a quarter of the published" in text
    assert "widths): 1.00 on the test regions and 1.00 on the unseen climate." in text
    assert "another budget" not in "\n".join(advice.lines(found, [BUDGET], {}))

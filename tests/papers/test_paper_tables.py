"""The papers' figures against a second transcription, and against each other."""

import pytest

from sarslide.papers import PERCENT, PaperTable, factors, pair_count, papers, scene_counts, tables

# Typed from the tables once more, apart from the code: label of the row -> printed values.
P0_T3 = {
    "InSAR imagery": "96.07/96.12/96.08/92.48",
    "InSAR imagery + DEM": "88.48/95.26/91.70/84.72",
    "InSAR imagery + slope": "95.18/96.79/95.97/92.27",
    "InSAR imagery + curvature": "95.83/97.40/96.61/93.46",
}
P0_T3_OTHERS = {"U-Net": "94.02/95.22/94.60/89.77", "SegNet": "90.77/93.24/91.98/85.20"}
P0_T4 = {"DRs-UNet": "88.31/79.26", "U-Net": "81.86/72.18", "SegNet": "80.97/69.5"}
P2_T2 = ["89.19/81.24/84.38", "90.44/81.63/85.02", "91.37/82.58/87.19", "92.86/84.06/86.42", "92.94/84.12/90.26"]
P3_T3 = {
    "FCN": ".6870/.5354/.6018/.6002/.7136",
    "U-Net": ".4653/.6908/.5561/.5543/.6901",
    "FC_DenseNet": ".6312/.7043/.6658/.6599/.7479",
    "FCADenseNet": ".8381/.6972/.7611/.7602/.8062",
}
P3_T4 = {"RS": ".6614/.6878/.6743/.6729/.7529", "RS-DR": ".8381/.6972/.7611/.7602/.8062"}
P4_T5 = [
    "54.61/82.57/61.73/70.65",
    "90.25/95.55/94.21/94.88",
    "93.88/97.43/96.27/96.85",
    "93.63/97.39/96.04/96.71",
    "94.03/97.26/96.58/96.92",
    "94.23/97.34/96.72/97.03",
    "94.49/97.41/96.93/97.41",
]
P4_T6 = [
    "51.04/80.82/58.08/67.59",
    "71.82/84.84/82.40/83.60",
    "75.17/88.54/83.28/85.83",
    "75.20/87.36/84.38/85.84",
    "75.84/88.96/83.72/86.26",
    "76.75/88.20/85.53/86.84",
    "84.59/93.09/90.26/91.65",
]
P4_CHANNELS = [
    {"los_rate_mm_per_yr"},
    {"phase_rate_rad_per_yr"},
    {"phase_rate_rad_per_yr", "los_rate_mm_per_yr"},
    {"phase_rate_rad_per_yr", "elevation_m"},
    {"phase_rate_rad_per_yr", "slope_deg"},
    {"phase_rate_rad_per_yr", "elevation_m", "slope_deg"},
    {"phase_rate_rad_per_yr", "los_rate_mm_per_yr", "elevation_m", "slope_deg"},
]


def values(text: str) -> list[float]:
    return [float(part) for part in text.split("/")]


def table(key: str) -> PaperTable:
    return next(each for each in tables() if each.key == key)


def printed(key: str) -> list[list[float]]:
    return [list(row.printed) for row in table(key).rows]


def iou_of_f1(f1: float) -> float:
    """IoU that a pooled F1 gives, %."""
    return PERCENT * f1 / (2 * PERCENT - f1)


def f1_of_iou(iou: float) -> float:
    """F1 that a pooled IoU gives, %."""
    return 2 * PERCENT * iou / (PERCENT + iou)


def f1_of(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


def test_p0():
    rows = {row.labels: list(row.printed) for row in table("p0_t3").rows}
    expected = {("DRs-UNet", data): values(text) for data, text in P0_T3.items()}
    expected |= {(model, "InSAR imagery"): values(text) for model, text in P0_T3_OTHERS.items()}
    assert rows == expected
    assert {row.labels[0]: list(row.printed) for row in table("p0_t4").rows} == {
        model: values(text) for model, text in P0_T4.items()
    }


def test_p2_p3():
    assert printed("p2_t2") == [values(text) for text in P2_T2]
    for key, expected in (("p3_t3", P3_T3), ("p3_t4", P3_T4)):
        assert {row.labels[0]: list(row.printed) for row in table(key).rows} == {
            k: values(v) for k, v in expected.items()
        }


def test_p4():
    from sarslide.dataset.features import channel_set

    for key, expected in (("p4_t5", P4_T5), ("p4_t6", P4_T6)):
        assert printed(key) == [values(text) for text in expected]
        assert [set(channel_set(row.channels)) for row in table(key).rows] == P4_CHANNELS


@pytest.mark.parametrize("each", tables(), ids=lambda each: each.key)
def test_tables_are_complete(each):
    from sarslide.dataset.features import channel_set
    from sarslide.models import registry
    from sarslide.training import recipe

    recipe.preset(each.recipe)
    assert each in papers()[each.recipe.upper()].tables
    for row in each.rows:
        assert len(row.printed) == len(each.columns)
        assert len(row.labels) == len(each.labels)
        assert channel_set(row.channels)
        assert row.network in registry.names()


def test_impossible_values_are_named():
    """What P and R of P4's last row, eq. 6 of P2 and the F1 of P0 Table 4 give, beside what is printed."""
    iou, precision, recall, _ = table("p4_t5").rows[-1].printed
    assert f"give {f1_of(precision, recall):.2f}, its IOU1 {f1_of_iou(iou):.2f}" in table("p4_t5").notes[0]
    first, *_, last = (row.printed[1] for row in table("p2_t2").rows)
    assert f"an F1 of {last:.2f} gives {iou_of_f1(last):.2f}" in table("p2_t2").notes[0]
    assert f"({first:.2f} gives {iou_of_f1(first):.2f}" in table("p2_t2").notes[0]
    one, two, three = (f"{iou_of_f1(row.printed[0]):.2f}" for row in table("p0_t4").rows)
    assert f"IoU of {one}, {two} and {three}" in table("p0_t4").notes[0]
    assert f"IoU of {one}, {two}, {three}" in " ".join(papers()["P0"].errors)


@pytest.mark.parametrize("key", ["p4_t5", "p4_t6"])
def test_other_rows_of_p4_agree_with_themselves(key):
    """Rounded P and R to 0.005 let F1 differ by 0.01, and the IoU by 0.02."""
    for row in table(key).rows[: -1 if key == "p4_t5" else None]:
        iou, precision, recall, f1 = row.printed
        assert f1_of(precision, recall) == pytest.approx(f1, abs=0.011)
        assert iou_of_f1(f1) == pytest.approx(iou, abs=0.025)


def test_counts_of_scenes_and_pairs():
    assert scene_counts("baihetan")["A026"].scenes == 103 and scene_counts("baihetan")["A026"].platforms == (
        "S1A",
        "S1B",
    )
    assert sum(count.scenes for count in scene_counts("qtp_loess").values()) == 1379
    assert scene_counts("demo") == {} and pair_count("nearest") is None and pair_count("p0") is None
    assert pair_count("p3").model_dump() == {"pairs": 310, "scenes": 103}


def test_factors_of_p3():
    found = factors()
    assert list(found.names) == list(found.vif) == list(found.tolerance)
    assert all(abs(1 / found.vif[name] - found.tolerance[name]) < 1e-3 for name in found.names)
    assert {*found.strongest, found.weakest} <= set(found.names)
    assert found.correlation(("rate", "slope")) == 0.14 and found.correlation(("slope", "aspect")) is None

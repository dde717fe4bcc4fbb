"""The papers' figures against a second transcription, and against each other."""

import itertools
from functools import partial

import numpy as np
import pytest

from sarslide.evaluate import metrics
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


def follows(row: tuple[float, ...], compute, given: list[int], wanted: int, step: float) -> bool:
    """Whether a printed value can be what others of its row give, all of them rounded to `step`."""
    corners = itertools.product(*[(row[k] - step / 2, row[k] + step / 2) for k in given])
    found = [compute(*corner) for corner in corners]
    return min(found) - step / 2 <= row[wanted] <= max(found) + step / 2


def counts_of(precision: float, recall: float, ratio: float) -> metrics.Counts:
    """Counts of one landslide cell and `ratio` background cells, as shares of a cell."""
    false = recall * (1 / precision - 1)
    return metrics.Counts(recall, false, 1 - recall, ratio - false)


def both_classes(accuracy: float, f1: float) -> float:
    """Mean IoU of both classes, %, which accuracy and F1 of a map fix."""
    wrong = 1 - accuracy / PERCENT
    right = f1 / PERCENT * wrong / (2 * (1 - f1 / PERCENT))
    return PERCENT * metrics.Counts(right, wrong, 0, 1 - wrong - right).miou


def errors(key: str) -> str:
    return " ".join(papers()[key].errors)


P3_RATIO = 224  # background cells for one of landslides, P3 4.2


def test_kappa_of_fc_densenet_is_impossible():
    """J11: kappa and MIoU of every row of P3 from its own precision and recall, to the rounding of what is printed."""
    wrong = {}
    for row in (*table("p3_t3").rows, *table("p3_t4").rows):
        for name, column in (("f1", 2), ("kappa", 3), ("miou", 4)):
            compute = partial(lambda name, p, r: getattr(counts_of(p, r, P3_RATIO), name), name)
            if not follows(row.printed, compute, [0, 1], column, 1e-4):
                wrong[row.labels[0], name] = round(compute(*row.printed[:2]), 4)
    assert wrong == {("FC_DenseNet", "kappa"): 0.6642, ("U-Net", "kappa"): 0.5537}
    dense, ours = table("p3_t3").rows[2:]
    text = errors("P3")
    assert "0.6599, is impossible" in text and "give 0.6642" in text and "0.5543, is 0.5537" in text
    gains = [100 * (ours.printed[3] / kappa - 1) for kappa in (dense.printed[3], wrong["FC_DenseNet", "kappa"])]
    assert gains[0] == pytest.approx(15.1, abs=0.1) and f"it is {gains[1]:.1f} %" in text


def test_p0_table_3_is_a_mean_over_patches():
    """J12: the IoU of every row, and the F1 of three, are not those of one map."""
    rows = table("p0_t3").rows
    f1_wrong = [row.labels for row in rows if not follows(row.printed, f1_of, [0, 1], 2, 0.01)]
    assert ("DRs-UNet", "InSAR imagery + DEM") in f1_wrong and len(f1_wrong) == 3
    assert not any(follows(row.printed, iou_of_f1, [2], 3, 0.01) for row in rows)
    assert all(row.printed[3] > iou_of_f1(row.printed[2]) for row in rows)
    text = errors("P0")
    for row in (rows[1], *rows[4:]):
        precision, recall, f1, _ = row.printed
        assert f"{f1_of(precision, recall):.2f}, printed {f1:g}" in text
    for row in (rows[1], rows[5]):
        assert f"{row.printed[3]:g} for {iou_of_f1(row.printed[2]):.2f}" in text
    assert "ascending track alone" in text and "labels are drawn on the interferograms" in text


def test_no_mean_of_p2_is_the_printed_one():
    """J02: neither eq. 6 nor the mean over both classes, which accuracy and F1 fix."""
    text, note = errors("P2"), table("p2_t2").notes[0]
    for row in table("p2_t2").rows:
        assert not follows(row.printed, iou_of_f1, [1], 2, 0.01)
        assert not follows(row.printed, both_classes, [0, 1], 2, 0.01)
    first, *_, last = (row.printed for row in table("p2_t2").rows)
    for found in (text, note):
        assert (
            f"fix {'that ' * (found is note)}at {both_classes(*last[:2]):.2f} ({both_classes(*first[:2]):.2f})" in found
        )
    assert f"an F1 of {last[1]:.2f} gives {iou_of_f1(last[1]):.2f}" in text


def test_gains_of_p2():
    """J15: points and relation of F1 and mIoU between the first and the last row."""
    first, *_, last = (row.printed for row in table("p2_t2").rows)
    points = [b - a for a, b in zip(first, last, strict=True)]
    relation = [100 * gain / a for a, gain in zip(first, points, strict=True)]
    wanted = f"{points[1]:.2f} points of F1 and {points[2]:.2f} of mIoU, in relation {relation[1]:.1f} and {relation[2]:.1f} %"
    assert wanted in errors("P2")
    for words in ("lowest perimeter over area", "fewer from type 1", "400 iterations", "only the bottom layer"):
        assert words in errors("P2")


def test_the_elongated_shape_has_the_larger_perimeter_over_area():
    """J15: of one area, a disc against an ellipse of three to one."""
    from shapely.affinity import scale
    from shapely.geometry import Point

    disc = Point(0, 0).buffer(100)
    long = scale(disc, 3**0.5, 3**-0.5)
    assert long.area == pytest.approx(disc.area) and long.length / long.area > 1.2 * disc.length / disc.area


def test_p4_compares_one_picture_with_itself():
    """J14: eq. 2 makes the LOS rate of the phase rate; scaled to 0 to 1 they are the same."""
    rng = np.random.default_rng(1)
    phase_rate = rng.normal(0, 8, 1000)
    los_rate = 0.056 * phase_rate / (4 * np.pi)
    scaled = [(values - values.min()) / np.ptp(values) for values in (phase_rate, los_rate)]
    np.testing.assert_allclose(*scaled, atol=1e-12)
    los, phase = (row.printed[0] for row in table("p4_t5").rows[:2])
    assert f"an IoU of {los:g} and {phase:g}" in errors("P4") and "52 of 56 is a precision" in errors("P4")
    assert f"{100 * 52 / 56:.2f}" == "92.86" and f1_of(100, 100 * 52 / 56) == pytest.approx(96.30, abs=0.005)


def test_what_p3_says_of_labels_and_encoder():
    """J13, J16."""
    assert "areas with obvious deformation" in errors("P3") and "is called decoder; it is the encoder" in errors("P3")


def test_who_is_best_in_the_papers_tables():
    """J04, J08: recall, F1 and IoU of P0's rows; recall of P3's, and its gain of F1 in points and relation."""
    alone, *_, curvature = (row.printed for row in table("p0_t3").rows if row.labels[0] == "DRs-UNet")
    assert all(curvature[k] > alone[k] for k in (1, 2, 3))
    dense, ours = (row.printed for row in table("p3_t3").rows[2:])
    assert dense[1] > ours[1] and all(dense[k] < ours[k] for k in (0, 2, 3, 4))
    points = 100 * (ours[2] - dense[2])
    assert f"{points:.2f} % is in points; in relation it is {points / dense[2]:.1f} %" in errors("P3")


def test_tables_without_a_training_of_ours():
    """P3's Table 2 twice, for the page and for the factors; P0's sizes."""
    (collinearity,) = papers()["P3"].printed
    found = factors()
    assert [[float(text) for text in row[1:]] for row in collinearity.rows] == [
        [found.vif[name], found.tolerance[name]] for name in found.names
    ]
    (sizes,) = papers()["P0"].printed
    assert dict((row[0], "/".join(row[1:])) for row in sizes.rows) == {
        "DRs-UNet": "17.19/65.60/19.12", "U-Net": "31.03/118.40/54.68", "SegNet": "29.45/112.32/40.10",
    }  # fmt: skip
    # The printed megabytes are MiB of 32-bit numbers.
    for _, millions, size, _ in sizes.rows:
        assert float(millions) * 1e6 * 4 / 2**20 == pytest.approx(float(size), rel=2e-3)


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
    assert scene_counts("valley") == {} and pair_count("nearest") is None and pair_count("p0") is None
    assert pair_count("p3").model_dump() == {"pairs": 310, "scenes": 103}


def test_factors_of_p3():
    found = factors()
    assert list(found.names) == list(found.vif) == list(found.tolerance)
    assert all(abs(1 / found.vif[name] - found.tolerance[name]) < 1e-3 for name in found.names)
    assert {*found.strongest, found.weakest} <= set(found.names)
    assert found.correlation(("rate", "slope")) == 0.14 and found.correlation(("slope", "aspect")) is None

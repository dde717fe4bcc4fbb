"""The papers' figures against a second transcription, and against each other."""

import pytest
from studies.benchmark import paper_tables

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


def printed(table) -> list[list[float]]:
    return [list(row.printed) for row in table.rows]


def test_p0():
    rows = {row.labels: list(row.printed) for row in paper_tables.P0_TEST.rows}
    expected = {("DRs-UNet", data): values(text) for data, text in P0_T3.items()}
    expected |= {(model, "InSAR imagery"): values(text) for model, text in P0_T3_OTHERS.items()}
    assert rows == expected
    assert {row.labels[0]: list(row.printed) for row in paper_tables.P0_AREA.rows} == {
        model: values(text) for model, text in P0_T4.items()
    }


def test_p2_p3():
    assert printed(paper_tables.P2_STEPS) == [values(text) for text in P2_T2]
    for table, expected in ((paper_tables.P3_NETWORKS, P3_T3), (paper_tables.P3_RATE, P3_T4)):
        assert {row.labels[0]: list(row.printed) for row in table.rows} == {k: values(v) for k, v in expected.items()}


def test_p4():
    from sarslide.dataset.features import channel_set

    for table, expected in ((paper_tables.P4_RESNET, P4_T5), (paper_tables.P4_VGG, P4_T6)):
        assert printed(table) == [values(text) for text in expected]
        assert [set(channel_set(row.channels)) for row in table.rows] == P4_CHANNELS


@pytest.mark.parametrize("table", paper_tables.TABLES, ids=lambda table: table.key)
def test_tables_are_complete(table):
    from sarslide.dataset.features import channel_set
    from sarslide.models import registry
    from sarslide.training import recipe

    recipe.preset(table.recipe)
    assert len(table.ours) == len(table.columns)
    for row in table.rows:
        assert len(row.printed) == len(table.columns)
        assert len(row.labels) == len(table.labels)
        assert channel_set(row.channels)
        assert row.network in registry.names()
    assert all("{" not in note for note in paper_tables.notes(table))


def test_impossible_values_are_named():
    """Mission J 1-3: 97.17 from P and R of P4's last row; eq. 6 of P2; IoU from F1 in P0 Table 4."""
    assert "give 97.17, its IOU1 97.17" in paper_tables.notes(paper_tables.P4_RESNET)[0]
    p2 = paper_tables.notes(paper_tables.P2_STEPS)[0]
    assert "84.12 gives 72.59" in p2 and "81.24 gives 68.41" in p2
    assert "IoU of 79.07, 69.29 and 68.02" in paper_tables.notes(paper_tables.P0_AREA)[0]


@pytest.mark.parametrize("table", [paper_tables.P4_RESNET, paper_tables.P4_VGG], ids=["t5", "t6"])
def test_other_rows_of_p4_agree_with_themselves(table):
    """Rounded P and R to 0.005 let F1 differ by 0.01, and the IoU by 0.02."""
    rows = table.rows[:-1] if table is paper_tables.P4_RESNET else table.rows
    for row in rows:
        iou, precision, recall, f1 = row.printed
        assert paper_tables.f1_of(precision, recall) == pytest.approx(f1, abs=0.011)
        assert paper_tables.iou_of_f1(f1) == pytest.approx(iou, abs=0.025)

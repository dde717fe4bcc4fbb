"""The result tables of the four papers as printed, and which training of ours stands beside each row.

P0 doi:10.3390/rs14081848, P2 doi:10.3390/rs14143362, P3 doi:10.3390/rs16060992, P4 doi:10.3390/rs16061090 (all CC BY 4.0).
"""

from dataclasses import dataclass

PERCENT, FRACTION = 100.0, 1.0


@dataclass(frozen=True)
class Row:
    """labels: the row's words as printed. printed: one value a column. channels, network: of our training."""

    labels: tuple[str, ...]
    printed: tuple[float, ...]
    channels: str
    network: str


@dataclass(frozen=True)
class PaperTable:
    """One table of a paper.

    recipe: the preset of `segment.recipe` that holds the paper's training. part: the part of the region set that stands for the
    paper's test data. columns: as printed; ours: of each column, the keys of a summary (`segment.scores`) that answer to it, for
    P0 and P2 two readings. unit: of the printed values, 100 for percent. notes: what is wrong in the paper, why ours differs.
    """

    key: str
    title: str
    recipe: str
    part: str
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    ours: tuple[tuple[tuple[str, str], ...], ...]
    unit: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def _both(name: str) -> tuple[tuple[str, str], ...]:
    """P0's reading, the mean over patches, and the pooled one."""
    return (("mean of patches", f"patch.{name}"), ("pooled", f"pixel.{name}"))


def _cells(*names: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple((("ours", f"pixel.{name}"),) for name in names)


P0_TEST = PaperTable(
    "p0_t3",
    "P0 Table 3: active landslides of the test set",
    "p0",
    "test",
    ("model", "input"),
    ("precision", "recall", "F1", "IoU"),
    (_both("precision"), _both("recall"), _both("f1"), _both("iou")),
    PERCENT,
    (
        Row(("DRs-UNet", "InSAR imagery"), (96.07, 96.12, 96.08, 92.48), "p0_insar", "drs_unet"),
        Row(("DRs-UNet", "InSAR imagery + DEM"), (88.48, 95.26, 91.70, 84.72), "p0_dem", "drs_unet"),
        Row(("DRs-UNet", "InSAR imagery + slope"), (95.18, 96.79, 95.97, 92.27), "p0_slope", "drs_unet"),
        Row(("DRs-UNet", "InSAR imagery + curvature"), (95.83, 97.40, 96.61, 93.46), "p0_curvature", "drs_unet"),
        Row(("U-Net", "InSAR imagery"), (94.02, 95.22, 94.60, 89.77), "p0_insar", "unet"),
        Row(("SegNet", "InSAR imagery"), (90.77, 93.24, 91.98, 85.20), "p0_insar", "segnet"),
    ),
    (
        "The text calls DRs-UNet without terrain best in every metric; the printed row with curvature has the higher recall, F1"
        " and IoU.",
        "The paper's patches overlap by half and are split at random, so that test patches share cells with training patches (see"
        " the table of splits); ours are whole regions that no training saw, with everything that can be taken for a landslide in"
        " them.",
        "The paper's training sees 95,840 samples (80 epochs of 1,198 patches). Fewer are its beginning: 4,000 end before the"
        " first halving of the learning rate, which comes after 10 epochs, with probabilities that are too low to be cut at the"
        " printed 0.5; the threshold is then chosen on validation. Batch, loss and optimiser are those printed.",
    ),
)
P0_AREA = PaperTable(
    "p0_t4",
    "P0 Table 4: an area that no training saw (Zhongxinrong; here the unseen climate)",
    "p0",
    "transfer",
    ("model",),
    ("F1", "IoU"),
    (_both("f1"), _both("iou")),
    PERCENT,
    (
        Row(("DRs-UNet",), (88.31, 79.26), "p0_insar", "drs_unet"),
        Row(("U-Net",), (81.86, 72.18), "p0_insar", "unet"),
        Row(("SegNet",), (80.97, 69.5), "p0_insar", "segnet"),
    ),
    (
        "F1 and IoU of one map follow from each other. The printed F1 of 88.31, 81.86 and 80.97 give an IoU of {0}, {1} and {2};"
        " 79.26, 72.18 and 69.5 are printed. They are means over patches, not pooled counts; both are shown here.",
        "The paper's area has the climate and the dates of its training data; our climate is another, with more snow and glaciers"
        " (decoys that P0 masks by elevation afterwards; no mask is used here).",
        "The table's parameters, megabytes and FLOPs stand in the table of sizes.",
    ),
)
P2_STEPS = PaperTable(
    "p2_t2",
    "P2 Table 2: steps of Mask R-CNN+++",
    "p2",
    "test",
    ("method",),
    ("accuracy", "F1", "mIoU"),
    (
        (("ours", "pixel.accuracy"),),
        (("ours", "pixel.f1"),),
        (("eq. 6", "pixel.iou"), ("both classes", "pixel.miou")),
    ),
    PERCENT,
    (
        Row(("Mask R-CNN",), (89.19, 81.24, 84.38), "p2_colours", "mask_rcnn"),
        Row(("+ ResNeXt",), (90.44, 81.63, 85.02), "p2_colours", "mask_rcnn_resnext"),
        Row(("+ ResNeXt + DCB",), (91.37, 82.58, 87.19), "p2_colours", "mask_rcnn_resnext_dcb"),
        Row(("+ ResNeXt + DCB + CBAM",), (92.86, 84.06, 86.42), "p2_colours", "mask_rcnn_resnext_dcb_cbam"),
        Row(("+ ResNeXt + DCB + SA",), (92.94, 84.12, 90.26), "p2_colours", "mask_rcnn_resnext_dcb_sa"),
    ),
    (
        "The printed mIoU cannot follow from eq. 6, which is the IoU of the landslides: an F1 of {0} gives {1}, and 90.26 is"
        " printed ({2} gives {3}, printed 84.38). A mean over both classes can. Both readings are shown.",
        "The paper starts from COCO weights (D09) and trains 400 iterations; ours start from random weights and see the tier's"
        " samples.",
        "Accuracy counts background, most of every region, and is high for an empty map too.",
    ),
)
_P3_SCORES = _cells("precision", "recall", "f1", "kappa", "miou")
P3_NETWORKS = PaperTable(
    "p3_t3",
    "P3 Table 3: four networks",
    "p3",
    "test",
    ("model",),
    ("precision", "recall", "F1", "kappa", "MIoU"),
    _P3_SCORES,
    FRACTION,
    (
        Row(("FCN",), (0.6870, 0.5354, 0.6018, 0.6002, 0.7136), "p3_rs_dr", "fcn8s"),
        Row(("U-Net",), (0.4653, 0.6908, 0.5561, 0.5543, 0.6901), "p3_rs_dr", "unet"),
        Row(("FC_DenseNet",), (0.6312, 0.7043, 0.6658, 0.6599, 0.7479), "p3_rs_dr", "fc_densenet56"),
        Row(("FCADenseNet",), (0.8381, 0.6972, 0.7611, 0.7602, 0.8062), "p3_rs_dr", "fcadensenet"),
    ),
    (
        "The text calls FCADenseNet best in all five; FC_DenseNet has the higher recall. Its F1 is 9.53 points above"
        " FC_DenseNet's, 14.3 % in relation to it.",
        "The paper prints neither epochs nor growth; its learning rate of 1e-4 is a tenth of the other papers', so that the"
        " samples of a CPU tier leave these networks early in their training.",
    ),
)
P3_RATE = PaperTable(
    "p3_t4",
    "P3 Table 4: FCADenseNet without (RS) and with the deformation rate (RS-DR)",
    "p3",
    "test",
    ("data",),
    ("precision", "recall", "F1", "kappa", "MIoU"),
    _P3_SCORES,
    FRACTION,
    (
        Row(("RS",), (0.6614, 0.6878, 0.6743, 0.6729, 0.7529), "p3_rs", "fcadensenet"),
        Row(("RS-DR",), (0.8381, 0.6972, 0.7611, 0.7602, 0.8062), "p3_rs_dr", "fcadensenet"),
    ),
    (
        "In the simulated images two of five active landslides show bare ground, and as bare ground lies elsewhere too: RS can"
        " find little here by design. The paper's landslides were mapped with the help of optical images. RS sees the ground in"
        " layover too, which RS-DR does not.",
    ),
)
_P4_DATA = (
    ("LOS rate", "p4_los"),
    ("phase rate", "p4_phase"),
    ("phase rate + LOS rate", "p4_phase_los"),
    ("phase rate + DEM", "p4_phase_dem"),
    ("phase rate + slope", "p4_phase_slope"),
    ("phase rate + DEM + slope", "p4_phase_dem_slope"),
    ("all four", "p4_all"),
)
_P4_WHY = (
    "Printed are the dice loss, values of 0 to 1 and inputs of 256 x 256; the rest is ours (D15). The range runs from the 1st to"
    " the 99th percentile: between least and greatest value, glaciers and unwrapping errors, 90 % of the LOS rates would lie from"
    " 0.47 to 0.55. The learning rate is 1e-4: at 1e-3 the outputs grew within 20 steps to where the dice loss has no gradient,"
    " and every cell stayed a landslide. The threshold is 0.5.",
    "By P4 eq. 2 the LOS rate is the phase rate times a constant, and so it is in our products: the first two rows differ by the"
    " scatter of trainings, and the LOS rate adds nothing to the phase rate. The paper's large difference needs another cause,"
    " such as a filter (P4 2.3.1, step 5) between the two.",
)


def _p4(key: str, title: str, network: str, printed: tuple[tuple[float, ...], ...], notes: tuple[str, ...]):
    rows = tuple(
        Row((label,), values, channels, network) for (label, channels), values in zip(_P4_DATA, printed, strict=True)
    )
    scores = _cells("iou", "precision", "recall", "f1")
    return PaperTable(
        key, title, "p4", "test", ("data",), ("IOU1", "precision", "recall", "F1"), scores, PERCENT, rows, notes
    )


P4_RESNET = _p4(
    "p4_t5",
    "P4 Table 5: generalized CNN on seven sets of channels",
    "generalized_cnn",
    (
        (54.61, 82.57, 61.73, 70.65),
        (90.25, 95.55, 94.21, 94.88),
        (93.88, 97.43, 96.27, 96.85),
        (93.63, 97.39, 96.04, 96.71),
        (94.03, 97.26, 96.58, 96.92),
        (94.23, 97.34, 96.72, 97.03),
        (94.49, 97.41, 96.93, 97.41),
    ),
    (
        "The last printed F1, 97.41, also in the abstract, is impossible: its own precision and recall give {0}, its IOU1 {1}."
        " The value equals the precision of the same row.",
        *_P4_WHY,
    ),
)
P4_VGG = _p4(
    "p4_t6",
    "P4 Table 6: VCNN on seven sets of channels",
    "vcnn",
    (
        (51.04, 80.82, 58.08, 67.59),
        (71.82, 84.84, 82.40, 83.60),
        (75.17, 88.54, 83.28, 85.83),
        (75.20, 87.36, 84.38, 85.84),
        (75.84, 88.96, 83.72, 86.26),
        (76.75, 88.20, 85.53, 86.84),
        (84.59, 93.09, 90.26, 91.65),
    ),
    _P4_WHY,
)
TABLES = (P0_TEST, P0_AREA, P2_STEPS, P3_NETWORKS, P3_RATE, P4_RESNET, P4_VGG)


def iou_of_f1(f1: float, unit: float = PERCENT) -> float:
    """IoU that a pooled F1 gives: F1 / (2 - F1)."""
    share = f1 / unit
    return unit * share / (2 - share)


def f1_of_iou(iou: float, unit: float = PERCENT) -> float:
    """F1 that a pooled IoU gives: 2 IoU / (1 + IoU)."""
    share = iou / unit
    return unit * 2 * share / (1 + share)


def f1_of(precision: float, recall: float) -> float:
    """F1, the harmonic mean, in the unit of both."""
    return 2 * precision * recall / (precision + recall)


def notes(table: PaperTable) -> list[str]:
    """The table's notes with the values that follow from what is printed filled in."""
    numbers: list[float] = []
    if table is P0_AREA:
        numbers = [iou_of_f1(row.printed[0]) for row in table.rows]
    elif table is P2_STEPS:
        numbers = [value for k in (-1, 0) for value in (table.rows[k].printed[1], iou_of_f1(table.rows[k].printed[1]))]
    elif table is P4_RESNET:
        iou, precision, recall, _ = table.rows[-1].printed
        numbers = [f1_of(precision, recall), f1_of_iou(iou)]
    words = [f"{number:.2f}" for number in numbers]
    return [note.format(*words) for note in table.notes]

"""What each paper prints about its region and results, its figures, and its known errors; read by the report's page of papers.

P0 doi:10.3390/rs14081848, P2 doi:10.3390/rs14143362, P3 doi:10.3390/rs16060992, P4 doi:10.3390/rs16061090 (all CC BY 4.0); H22
doi:10.1029/2022GL099499.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """what: a quantity. printed: as the paper has it. ours: key of `paper_page.measured`, empty where a region has no answer."""

    what: str
    printed: str
    where: str
    ours: str = ""


@dataclass(frozen=True)
class Figure:
    """number and content of a figure of the paper; ours: anchor of this page, or a file of docs; else why there is none."""

    number: str
    shows: str
    ours: str = ""
    why: str = ""


@dataclass(frozen=True)
class Paper:
    """citation and doi; errors: what in the paper contradicts itself or cannot be."""

    citation: str
    doi: str
    statements: tuple[Statement, ...]
    figures: tuple[Figure, ...]
    errors: tuple[str, ...]


NETWORKS = "docs/benchmark.md"
UNPUBLISHED = "the paper's labels and images were not published"
SIGNS = (
    "P3's rates are negative away from the satellite, P4 prints r = +wavelength p / (4 pi), which is positive away"
    " under the usual sign of GAMMA's phase. The papers disagree with each other; here every LOS rate is positive"
    " towards the satellite."
)

PAPERS = {
    "P0": Paper(
        "Chen et al. 2022, Remote Sensing 14, 1848",
        "10.3390/rs14081848",
        (
            Statement("scenes of each track", "30 ascending, 30 descending", "Table 1", "dates"),
            Statement("period", "2019.3 to 2020.3", "Table 1", "period"),
            Statement("pairs", "12 and 24 days", "3.1", "pairs"),
            Statement("incidence", "38.5° ascending, 40.6° descending", "Table 1", "incidence"),
            Statement("heading", "−12.6° ascending, 129.6° descending", "Table 1", "heading"),
            Statement("landslides", "not printed", "5.3", "landslides"),
            Statement("objects on both tracks", "the larger is kept", "6", "both_tracks"),
        ),
        (
            Figure("1", "location of the areas", "map-section"),
            Figure("2", "processing flow", "method"),
            Figure("3", "D-InSAR of a sub-region", "figures"),
            Figure("4", "patches and labels", why=UNPUBLISHED),
            Figure("5", "recognition with an elevation threshold", "masked"),
            Figure("6, 7", "network", NETWORKS),
            Figure("8, 9", "learning rate, loss and F1 of the training", why="drawn by `snakemake train`: curves.png"),
            Figure("10", "test patches of three networks", NETWORKS),
            Figure("11", "landslides of Zhongxinrong by three networks", "map-section"),
            Figure("12", "a weak signal under vegetation", why="no place is printed"),
            Figure("13", "ascending and descending results fused", "figures"),
        ),
        (
            "The heading of the descending track, 129.6°, is that of no Sentinel-1 orbit (about 193°).",
            "The text calls DRs-UNet without terrain best in all metrics; Table 3 gives the row with curvature a"
            " higher recall, F1 and IoU.",
            "F1 and IoU of Table 4 do not follow from each other: an F1 of 88.31, 81.86, 80.97 gives an IoU of 79.07,"
            " 69.29, 68.02; printed are 79.26, 72.18, 69.5. They are means over patches, not pooled counts.",
            "The encoder is said to reduce to 1/8, with four halvings and four doublings drawn; N of the cross"
            " entropy is called the number of categories; the derivative of eq. 3 is not defined at the threshold.",
            "Patches overlap by half and are split at random: training and test patches share cells.",
        ),
    ),
    "P2": Paper(
        "Liu et al. 2022, Remote Sensing 14, 3362",
        "10.3390/rs14143362",
        (
            Statement("scenes", "30 ascending and descending", "3.1", "dates"),
            Statement("period", "January 2019 to March 2020", "3.1", "period"),
            Statement("area II", "5.32 x 10^4 km2", "5.1", "region_km2"),
            Statement("mean incidence", "42.5°", "3.1", "incidence"),
            Statement("landslides", "891 in area II", "5.1", "landslides"),
            Statement("speed of the network", "736 s, 72.3 km2/s on an RTX 2080 Ti", "5.1"),
        ),
        (
            Figure("1", "areas I and II", "map-section"),
            Figure("2, 3", "flow, and conversion to COCO", "method"),
            Figure("4-8", "network", NETWORKS),
            Figure("9", "five steps of the network on patches", NETWORKS),
            Figure("10", "objects of the whole area", "map-section"),
            Figure("11, 12", "objects by shape and brightness", "landslides"),
        ),
        (
            "The mIoU of Table 2 cannot follow from eq. 6: an F1 of 84.12 gives 72.6, printed 90.26 (81.24 gives"
            " 68.4, printed 84.38).",
            "The grid is 25 m in 3.1 and 30 m in 3.2.1; the graphics card is a GTX 2080Ti with 16 GB, which was not"
            " made; FN and TN are defined wrongly; the network is called Mask R-CNN++ once.",
        ),
    ),
    "P3": Paper(
        "Li et al. 2024, Remote Sensing 16, 992",
        "10.3390/rs16060992",
        (
            Statement("scenes", "103, Sentinel-1A", "Table 1", "dates"),
            Statement("period", "9 January 2021 to 29 May 2023", "Table 1", "period"),
            Statement("interferograms", "310, within 60 days and 2 %", "2.2", "pairs"),
            Statement("incidence", "39.17°", "2.2", "incidence"),
            Statement("rate", "−136.52 to 44.14 mm/yr", "2.2, Fig. 2a", "rate_range"),
            Statement("landslide cells", "1 of 225", "4.2", "landslide_share"),
        ),
        (
            Figure("1", "location", "map-section"),
            Figure("2", "seven layers", "figures"),
            Figure("3", "flow", "method"),
            Figure("4-7", "network", NETWORKS),
            Figure("8", "correlation of the factors", why="made by the target factors: correlation.png"),
            Figure("9", "importance of the factors", why="made by the target factors: importance.png"),
            Figure("10-12", "landslides by four networks, with and without rate", NETWORKS),
        ),
        (
            "One 12-day track of one satellite has 73 dates in the printed period, and its first and last day are 6"
            " days apart modulo 12: no track of Sentinel-1A alone has both. Path 26 with Sentinel-1A and 1B has"
            " exactly 103.",
            "FCADenseNet is called superior in five metrics; FC_DenseNet has the higher recall. The gain of 9.53 % is"
            " in points; in relation it is 14.3 %.",
            "Figure 8 is captioned Spearman, the text and eq. 1 say Pearson.",
            SIGNS,
        ),
    ),
    "P4": Paper(
        "Wu et al. 2024, Remote Sensing 16, 1090",
        "10.3390/rs16061090",
        (
            Statement("scenes", "1,379 on paths 128, 62, 33, 135", "Table 1", "dates"),
            Statement("period", "February 2017 to January 2023", "Table 1", "period"),
            Statement("pairs", "within 40 days and 120 m", "2.3.1", "pairs"),
            Statement("area", "600 km x 450 km", "2.1", "region_km2"),
            Statement("landslides in Zhouqu", "40 ascending, 112 descending", "3.3", "by_track"),
            Statement("largest", "1.9 km2", "3.3", "largest_km2"),
            Statement("fastest", "over 136 mm/yr", "3.3", "fastest"),
            Statement("field check", "52 of 56 areas", "3.3"),
        ),
        (
            Figure("1", "areas and coverage", "map-section"),
            Figure("2", "phase rate, LOS rate, DEM, slope", "figures"),
            Figure("3, 4", "networks", NETWORKS),
            Figure("5", "seven sets of channels by two networks", NETWORKS),
            Figure("6, 7", "active areas of the test region", "map-section"),
            Figure("8", "areas of path 62 and of path 55", "figures"),
            Figure("9", "field survey", why="no survey of ours"),
            Figure("10", "large landslides on both tracks", "landslides"),
        ),
        (
            "F1 97.41 of Table 5's last row, also in the abstract, is impossible: its precision and recall give"
            " 97.17, and so does its IoU of 94.49.",
            "Path 55, which the prediction for Zhouqu uses, is not in Table 1.",
            "False positives are defined as active areas predicted as non-active; the F1 of 96.30 over 56 areas takes"
            " for granted that there is no false one.",
            "Optimiser, learning rate, batch and epochs of the training are not printed; the sizes of Table 4's last"
            " two stages contradict each other.",
            SIGNS,
        ),
    ),
    "H22": Paper(
        "Handwerger et al. 2022, Geophysical Research Letters 49, e2022GL099499",
        "10.1029/2022GL099499",
        (
            Statement("interferograms", "1,689 of ARIA for the whole state", "2.1", "pairs"),
            Statement("period", "2015 to 2020", "abstract", "period"),
            Statement("landslides", "247 in the whole state", "3.1", "landslides"),
            Statement("largest", "11 km2", "3.1", "largest_km2"),
            Statement("smallest", "0.018 km2", "3.1", "smallest_km2"),
            Statement("mean area", "0.5 km2", "3.1", "mean_km2"),
        ),
        (Figure("1c", "landslides of the state", "map-section"),),
        ("By its own words the inventory misses small landslides and those under seasonal snow.",),
    ),
}

"""What P3 prints of its factors (4.1): Bailong River, Sentinel-1 2021-2023. Fig. 8 and 9 give numbers in the text only."""

FACTORS = ("rate", "elevation", "slope", "aspect", "curvature", "lithology")

# Table 2 (H02)
VIF = {"rate": 1.074, "elevation": 1.044, "slope": 1.031, "aspect": 1.002, "curvature": 1.007, "lithology": 1.028}
TOLERANCE = {"rate": 0.931, "elevation": 0.957, "slope": 0.970, "aspect": 0.998, "curvature": 0.993, "lithology": 0.973}
# Fig. 8, from the text of 4.1 (H01); its caption says Spearman, the text Pearson
CORRELATION = {("rate", "elevation"): 0.19, ("rate", "slope"): 0.14}
# Fig. 9, from the text (H03): the three strongest in order, and the weakest; aspect and slope lie between
STRONGEST, WEAKEST = ("rate", "elevation", "curvature"), "lithology"

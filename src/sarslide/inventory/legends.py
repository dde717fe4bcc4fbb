"""Classes of raster maps that are known, by number."""

LEGENDS: dict[str, dict[int, str]] = {
    # ESA WorldCover 10 m, 2020 v100 and 2021 v200.
    "worldcover": {
        10: "Tree cover",
        20: "Shrubland",
        30: "Grassland",
        40: "Cropland",
        50: "Built-up",
        60: "Bare / sparse vegetation",
        70: "Snow and ice",
        80: "Permanent water bodies",
        90: "Herbaceous wetland",
        95: "Mangroves",
        100: "Moss and lichen",
    },
    # Scene classification of Sentinel-2 Level-2A.
    "scl": {
        1: "Saturated or defective",
        2: "Topographic shadow",
        3: "Cloud shadow",
        4: "Vegetation",
        5: "Not vegetated",
        6: "Water",
        7: "Unclassified",
        8: "Cloud, medium probability",
        9: "Cloud, high probability",
        10: "Thin cirrus",
        11: "Snow or ice",
    },
}
NO_DATA = 0  # of both
# What tells nothing of the ground: no data, defects, clouds and their shadows.
TELLING_NOTHING: dict[str, tuple[int, ...]] = {
    "none": (),
    "worldcover": (NO_DATA,),
    "scl": (NO_DATA, 1, 3, 8, 9, 10),
}


def meaning(legend: str, number: int) -> str:
    """What a class of a map is called.

    Parameters
    ----------
    legend : str
        Key of `LEGENDS`, or none.
    number : int
        The class.

    Returns
    -------
    str
        The number itself without a legend, and of a class that it has not.
    """
    return LEGENDS.get(legend, {}).get(number, str(number))

"""Model cards of tests."""

from typing import Any

from sarslide.models.card import Card
from sarslide.models.weights import SIMULATED

CHANNELS = ["los_rate_mm_per_yr", "slope_deg"]


def card_entries(**changes: Any) -> dict[str, Any]:
    """Entries of a card that fits a small DRs-UNet on two channels."""
    values: dict[str, Any] = {
        "network": "drs_unet",
        "options": {"width": 4},
        "channels": CHANNELS,
        "normalisation": {"method": "robust", "centre": [0.0, 25.0], "scale": [5.0, 10.0]},
        "tile": 64,
        "threshold": 0.5,
        "training": {},
        "scores": {},
        "licence": "BSD-3-Clause",
        "label": SIMULATED,
    }
    return values | changes


def model_card(**changes: Any) -> Card:
    """A card with these entries."""
    return Card(**card_entries(**changes))


def spread(middle: float) -> dict[str, float]:
    """Percentiles about a middle."""
    return {f"p{k}": middle * factor for k, factor in ((1, 0.3), (5, 0.5), (50, 1.0), (95, 2.0), (99, 2.5))}


def trained_on(**changes: Any) -> dict[str, Any]:
    """Landslides of three sizes: the larger, the faster."""
    spreads = {"area_km2": 0.1, "slope_deg": 30.0, "speed_mm_per_yr": 50.0, "los_rate_mm_per_yr": 30.0}
    noise = {"los_rate_std_mm_per_yr": 4.0, "mean_coherence": 0.5}
    sizes = [
        {"up_to_km2": area, "landslides": 50, "speed_mm_per_yr": spread(speed)}
        for area, speed in ((0.05, 24.0), (0.2, 40.0), (1.0, 60.0))
    ]
    return {"landslides": 150, **{k: spread(v) for k, v in {**spreads, **noise}.items()}, "sizes": sizes} | changes

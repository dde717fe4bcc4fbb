"""The model card of a weights file: typed, so that a damaged or foreign one is refused before any
work.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from sarslide.dataset.features import stored_layers
from sarslide.dataset.normalise import METHODS, Normalisation
from sarslide.errors import SarslideError
from sarslide.models import registry

FORMAT: Literal["sarslide-weights-1"] = "sarslide-weights-1"
LINE = r"^[^\x00-\x1f\x7f]*$"
MAX_CHANNELS = 128
MAX_NAMES = 200  # of tensors
# ln(p / (1 - p)) of float32 lies within 17.
MAX_LOGIT = 50.0

Line = Annotated[str, StringConstraints(pattern=LINE, max_length=300)]
Logit = Annotated[float, Field(ge=-MAX_LOGIT, le=MAX_LOGIT)]
Slope = Annotated[float, Field(gt=0, le=MAX_LOGIT)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a card: finite numbers, nothing converted, no unknown entry."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Scaling(Part):
    """How the channels are normalised (`dataset.normalise`).

    Attributes
    ----------
    method : str
        One of `normalise.METHODS`.
    centre, scale : list of float
        Of each channel, in the units of the registry; none for `zscore_sample`.
    """

    method: str
    centre: list[float]
    scale: list[Positive]

    @field_validator("method")
    @classmethod
    def _exists(cls, method: str) -> str:
        if method not in METHODS:
            raise ValueError(f"use one of {', '.join(METHODS)}")
        return method


class Calibration(Part):
    """A broken line in ln(p / (1 - p)) that rises everywhere (`segment.calibration`).

    Attributes
    ----------
    knots, values : list of float
        Ends of the line's pieces: ln(p / (1 - p)) before and after.
    end_slopes : list of float
        Slopes below the first and above the last knot.
    before, after : dict of str to Any
        How reliable the probabilities were, for the reader of the card.
    """

    knots: list[Logit] = Field(min_length=2, max_length=100)
    values: list[Logit]
    end_slopes: list[Slope] = Field(min_length=2, max_length=2)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}

    @field_validator("knots", "values")
    @classmethod
    def _rise(cls, line: list[float]) -> list[float]:
        if any(b <= a for a, b in pairwise(line)):
            raise ValueError("does not rise")
        return line

    @field_validator("values")
    @classmethod
    def _one_for_each_knot(cls, values: list[float], info: ValidationInfo) -> list[float]:
        if len(values) != len(info.data.get("knots", values)):
            raise ValueError("is not one value for each knot")
        return values


class Spread(Part):
    """Percentiles of a quantity over objects.

    Attributes
    ----------
    p1, p5, p50, p95, p99 : float
        Percentiles.
    """

    p1: float
    p5: float
    p50: float
    p95: float
    p99: float


class SizeClass(Part):
    """The speeds of the landslides of one size.

    Attributes
    ----------
    up_to_km2 : float
        Largest area of the class.
    landslides : int
        How many, each once a track.
    speed_mm_per_yr : Spread
        Down the slope.
    """

    up_to_km2: Positive
    landslides: int = Field(ge=1)
    speed_mm_per_yr: Spread


class TrainedOn(Part):
    """The landslides of the training: what lies beyond them, the network does not know.

    Attributes
    ----------
    landslides : int
        How many, each once a track.
    area_km2, slope_deg : Spread
        Area and mean slope.
    speed_mm_per_yr : Spread
        Down the slope, from the LOS rate and the sensitivity to it.
    los_rate_mm_per_yr : Spread
        Largest |LOS rate| (95th percentile over the cells).
    los_rate_std_mm_per_yr, mean_coherence : Spread
        Noise: stated standard error of the LOS rate, and coherence.
    sizes : list of SizeClass
        Speeds by size, from small to large: small fast ground and large fast ground are not the
        same to a network.
    """

    landslides: int = Field(ge=1)
    area_km2: Spread
    slope_deg: Spread
    speed_mm_per_yr: Spread
    los_rate_mm_per_yr: Spread
    los_rate_std_mm_per_yr: Spread
    mean_coherence: Spread
    sizes: list[SizeClass] = Field(min_length=1, max_length=50)

    @property
    def speed_limits(self) -> list[tuple[float, float]]:
        """Largest area of each class, km2, and the speed of 95 % of its landslides at most."""
        return [(size.up_to_km2, size.speed_mm_per_yr.p95) for size in self.sizes]

    @property
    def text(self) -> str:
        """In words, from the first to the 99th percentile."""
        size, speed, noise = self.area_km2, self.speed_mm_per_yr, self.los_rate_std_mm_per_yr
        return (
            f"{self.landslides} views of landslides of {size.p1:.2g} to {size.p99:.2g} km², {speed.p1:.0f} to"
            f" {speed.p99:.0f} mm/yr down the slope, standard errors of {noise.p1:.1f} to {noise.p99:.1f} mm/yr"
        )

    @field_validator("sizes")
    @classmethod
    def _grow(cls, sizes: list[SizeClass]) -> list[SizeClass]:
        if any(b.up_to_km2 <= a.up_to_km2 for a, b in pairwise(sizes)):
            raise ValueError("do not grow")
        return sizes


class ObjectConfidence(Part):
    """Logistic regression of right objects that one track alone sees, on regions that the network
    had not seen (`inventory.confidence`).

    Attributes
    ----------
    intercept : float
        Log odds where all terms are 0.
    factors : list of float
        Of `inventory.confidence.terms`.
    objects : int
        How many it was fitted on.
    """

    intercept: float
    factors: list[float] = Field(min_length=3, max_length=3)
    objects: int = Field(ge=1)


class Tensors(Part):
    """Tensors, by name and shape.

    Attributes
    ----------
    count : int
        How many.
    first : list of str
        The first of them, as `conv1.weight 64x3x7x7`.
    """

    count: int = Field(ge=0)
    first: list[Line] = Field(max_length=MAX_NAMES)


class StartedFrom(Part):
    """Weights of another data set that a training started from (`models.pretrained`).

    Attributes
    ----------
    source : str
        Files.
    loaded, random : Tensors
        Of the network: loaded, and left as they were made.
    refused : Tensors
        Of the files: not loaded.
    """

    source: Line
    loaded: Tensors
    random: Tensors
    refused: Tensors


class Card(Part):
    """What a weights file states of itself.

    Attributes
    ----------
    format : str
        `FORMAT`.
    network : str
        Name in the registry.
    options : dict of str to Any
        Of the network, known to its class and within its bounds (`models.options`).
    channels : list of str
        Registered layers in their order.
    normalisation : Scaling
        Of the channels.
    tile : int
        Side of a tile, cells.
    threshold : float
        Calibrated probability from which a cell belongs to a landslide.
    training, scores : dict of str to Any
        How it was trained, and how well it did on the validation part; `test`: on the test part of
        labels, with intervals.
    licence, label : str
        Of the weights; what the network learnt from, in words that products repeat.
    calibration : Calibration or None
        From a network's probability to the share of landslides.
    bf16_mask_iou : float or None
        IoU of masks in bf16 with those in fp32.
    known_failures : list of str
        In words.
    trained_on : TrainedOn or None
        Speeds, sizes and noise of the training's landslides; None where nobody measured them.
    objects : ObjectConfidence or None
        How sure its objects are; None where nobody measured it.
    start : StartedFrom or None
        Weights of another data set that the training started from, tensor by tensor.
    sha256 : str or None
        Of the other entries and the tensors (`models.weights.seal`); files of version 0.1.0 have
        none.
    """

    format: Literal["sarslide-weights-1"] = FORMAT
    network: str
    options: dict[str, Any]
    channels: list[Line] = Field(min_length=1, max_length=MAX_CHANNELS)
    normalisation: Scaling
    tile: int = Field(ge=16, le=4096)
    threshold: float = Field(gt=0, lt=1)
    training: dict[str, Any]
    scores: dict[str, Any]
    licence: Line
    label: Line
    calibration: Calibration | None = None
    bf16_mask_iou: Share | None = None
    known_failures: list[Line] = Field([], max_length=100)
    trained_on: TrainedOn | None = None
    objects: ObjectConfidence | None = None
    start: StartedFrom | None = None
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None

    @field_validator("network")
    @classmethod
    def _network_exists(cls, network: str) -> str:
        if network not in registry.ARCHITECTURES:
            raise ValueError("is no network of the registry")
        return network

    @field_validator("options")
    @classmethod
    def _options_fit(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "network" in info.data:
            registry.check_options(info.data["network"], options)
        return options

    @field_validator("channels")
    @classmethod
    def _channels_exist(cls, channels: list[str]) -> list[str]:
        try:
            stored_layers(channels)
        except SarslideError as error:
            raise ValueError(error.problem) from None
        if len(set(channels)) != len(channels):
            raise ValueError("names a channel twice")
        return channels

    @field_validator("normalisation")
    @classmethod
    def _one_for_each_channel(cls, scaling: Scaling, info: ValidationInfo) -> Scaling:
        wanted = 0 if scaling.method == "zscore_sample" else len(info.data.get("channels", scaling.centre))
        if (len(scaling.centre), len(scaling.scale)) != (wanted, wanted):
            raise ValueError(f"centre and scale are not {wanted} numbers each")
        return scaling

    @property
    def normalise(self) -> Normalisation:
        """The normalisation, ready to run."""
        return Normalisation.from_dict(self.normalisation.model_dump())

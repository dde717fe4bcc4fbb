"""Sections of the configuration: networks, their data, their training and their benchmark."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from sarslide import names
from sarslide.config.fields import EachOnce, Mistake, PathText, Section, check, key, refused
from sarslide.dataset.features import check_channels
from sarslide.models import registry

RegionName = Annotated[str, Field(pattern=f"^{names.IDENTIFIER}$")]
NetworkName = RegionName
# Keys that say which network is trained.
NETWORK_KEYS = ("network", "channels", "width")
MIN_CHANNELS = 4


def _channels_or_share(width: float | None) -> float | None:
    """Refuse broken numbers of channels, and fewer than a network can be made of."""
    if width is None or width <= 1:
        return width
    if width != int(width) or width < MIN_CHANNELS:
        problem = f"{width:g} is neither a whole number of channels from {MIN_CHANNELS} nor a share up to 1"
        raise Mistake(problem, "use 16, or 0.25")
    return int(width)


class SegmentationSection(Section):
    """What maps landslides: a network that reads the feature stack, or a velocity threshold."""

    method: Literal["network", "velocity_threshold"] = key(
        "network",
        "what the inventory is of: the map of the network `model`, or that of a threshold on the LOS rate (section"
        " velocity_threshold), which needs no weights",
    )
    model: str = key(
        "drs_unet_ranges",
        "the network of the inventory, a folder name below segment/: that of packaged weights, or a network of the registry that"
        " `sarslide train` trained",
        pattern=f"^{names.IDENTIFIER}$",
    )
    beside: Annotated[tuple[NetworkName, ...], EachOnce] = key(
        (),
        "further networks, packaged or trained, or velocity_threshold, whose maps stand beside that of the first; the inventory"
        " is of that one alone",
    )
    weights: PathText = key(
        "", "weights file of `model` (.safetensors); empty: the packaged weights of that name, or trained ones"
    )
    weights_of: str = key(
        "",
        "region whose training gave the weights, for test areas; empty: this one (A02)",
        pattern=f"^({names.IDENTIFIER})?$",
    )
    window: str = key(
        "", "key of rates.windows whose rates the networks read; empty: those of all dates (A14)", "", "P4"
    )
    grid: Literal["region", "product"] = key(
        "region",
        "grid of the networks' layers and maps; product: cells of grid.product_m, terrain made there and not resampled (C09)",
        "",
        "P3",
    )
    overlap: float = key(0.5, "overlap of neighbouring tiles", "", "P0", ge=0, le=0.9)
    device: Literal["auto", "cpu", "cuda"] = key("auto", "where the network runs and, by `train`, learns")
    precision: Literal["fp32", "auto", "bf16"] = key(
        "fp32",
        "numbers of the network; fp32: any two machines agree within 1e-3; bf16: faster on a processor that has it, "
        "masks of the packaged network keep an IoU of 0.995, those of others may not (docs/reference/benchmark.md); "
        "auto: bf16 where the processor has it and the network keeps its masks (its card states it), else fp32",
    )

    @property
    def mapped_by(self) -> str:
        """Folder of the inventory's map in `segment/`: the network, or the method without one."""
        return self.model if self.method == "network" else self.method

    @property
    def maps(self) -> tuple[str, ...]:
        """All maps that stand side by side, that of the inventory first."""
        return tuple(dict.fromkeys((self.mapped_by, *self.beside)))


class VelocityThresholdSection(Section):
    """Active ground by its LOS rate alone, as ADAfinder finds it (doi:10.3390/rs9101002)."""

    form: Literal["published", "tuned"] = key(
        "published",
        "where the other keys come from that are null: published, 2 standard deviations of the map, 5 cells, any slope; tuned,"
        " 3 standard errors of each cell, 10 cells, slopes from 5 degrees, chosen on simulated regions of nine mountain ranges",
    )
    sigmas: float | None = key(
        None,
        "ground is active whose |LOS rate| is more than this many standard deviations; null: as form says",
        gt=0,
        le=20,
    )
    noise: Literal["map", "cell"] | None = key(
        None,
        "whose standard deviation; map: of all its rates; cell: of each cell's own, its standard error; null: as form says",
    )
    min_cells: int | None = key(
        None, "active cells that touch are an area from so many on; null: as form says", "cells", ge=1, le=10_000
    )
    min_slope_deg: float | None = key(None, "flatter ground is never active; null: as form says", "degree", ge=0, lt=90)


class DatasetSection(Section):
    """From labels (`training.labels`) and finished tracks to training scenes and COCO images."""

    layer: str = key("", "layer of the label file; empty: its only one")
    class_column: str = key(
        "", "column with the kind of each polygon; empty: every polygon is an active landslide (D01)"
    )
    classes: dict[str, Literal["landslide", "background", "ignored"]] = key(
        {}, "meaning of each kind: {slide: landslide, subsidence: background, unclear: ignored} (D17)"
    )
    confidence_column: str = key("", "column with the confidence of each polygon, a number; empty: all are sure (D17)")
    min_confidence: float = key(0.5, "polygons below are not counted, neither as landslide nor as background (D17)")
    area: PathText = key(
        "", "vector file of the area that was looked at; cells outside are not counted; $VARIABLES are expanded"
    )
    exclude: tuple[RegionName, ...] = key(
        (),
        "regions whose ground is kept out of scenes and images, for a test (A02): a landslide that reaches into it, too",
    )
    test_area: bool = key(False, "the region is one for tests: `train` is refused in it (A02)")
    block: int = key(
        128, "side of the blocks by which one region is split; no cell is in two parts (D05)", "cells", ge=16, le=4096
    )
    channels: str = key("p2_colours", "channel set of three channels for the images (D06)", "", "P2")
    patch: int = key(256, "side of an image (D06); 128 in P0 and P3 (D02, D10)", "cells", "P2", ge=32, le=1024)
    overlap: float = key(0.5, "overlap of neighbouring images (D02); 0 in P3 (D10)", "", "P0", ge=0, le=0.9)
    negatives: float = key(0.0, "images without landslide per image with one; 0.43 in P3's 7:3", "", "P2", ge=0, le=100)
    split: Literal["blocks", "random"] = key(
        "blocks",
        "parts of labels and of images: blocks without a shared cell, or the papers' random split of patches, which leaks (D05)",
    )
    fractions: tuple[float, ...] = key(
        (0.6, 0.2, 0.2),
        "shares of landslide cells for training, validation and a test (D06), or for the first two (0.7, 0.3 in P3); 0.7, 0.2,"
        " 0.1 in P0 (D04)",
        "",
        "P2",
        min_length=2,
        max_length=3,
    )
    annotations: Literal["rle", "polygon"] = key(
        "rle", "masks as run-length code, or outlines along the cells; objects with holes are code in both"
    )
    seed: int = key(7, "seed of splits and of the choice of images", ge=0)

    @check
    def _channels_are_known(self) -> None:
        with refused("dataset.channels"):
            check_channels(self.channels, "dataset.channels")

    @check
    def _fractions_are_shares(self) -> None:
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise Mistake(
                f"dataset.fractions = {list(self.fractions)}: a part is empty, or the parts are not the whole",
                "give shares above 0 that sum to 1; two of them for no test part",
                "dataset.fractions",
            )

    @check
    def _kinds_are_read(self) -> None:
        if bool(self.class_column) != bool(self.classes):
            named, missing = ("class_column", "classes") if self.class_column else ("classes", "class_column")
            raise Mistake(
                f"dataset.{named} is set, dataset.{missing} is empty",
                "set both or none",
                *(f"dataset.{missing}", f"dataset.{named}"),
            )


class TrainingSection(Section):
    """`sarslide train`: a network from simulated regions, or from labels of this region."""

    labels: PathText = key(
        "",
        "vector file of labelled landslides of this region, any CRS; $VARIABLES are expanded; empty: the network learns from"
        " simulated regions",
    )
    scenes: tuple[PathText, ...] = key((), "further scenes to train on (npz of label_scene); $VARIABLES are expanded")
    start: str = key(
        "",
        "weights to start from: random, imagenet or coco (D09) where torchvision has them for the network, packaged or a weights"
        " file, whose network, channels, width, normalisation and patch are kept; empty: packaged where there are labels and"
        " none of network, channels and width is set, else random",
    )
    coco_file: PathText = key(
        "",
        "with start: coco, Matterport's mask_rcnn_coco.h5, the weights of Mask R-CNN on ResNet101 that P2's Keras starts from"
        " (D09); $VARIABLES are expanded; empty: torchvision's, of ResNet50 with 50 layers",
        "",
        "P2",
    )
    preset: Literal["sarslide", "p0", "p2", "p3", "p4"] = key(
        "sarslide", "recipe: ours or a paper's; where a paper is silent it is ours too (E07, E10, E12, D15)"
    )
    network: str = key("drs_unet", "network of the registry", pattern=f"^{names.IDENTIFIER}$")
    width: Annotated[float | None, AfterValidator(_channels_or_share)] = key(
        16,
        "channels of the first stage, or a share of the published ones, 64 or 48, up to 1; null: the published ones (E04)",
        "channels",
        "P0",
        ge=0.05,
        le=128,
    )
    channels: str = key("sarslide", "named channel set, for example p0_curvature or p4_all (E16, E17)")
    seeds: tuple[int, ...] = key(
        tuple(range(9001, 9017)), "seeds of the training regions; never a demo's or a test's seed"
    )
    validation_seeds: tuple[int, ...] = key((9101, 9102, 9103, 9104), "seeds of the validation regions")
    climate: Literal["", "three_rivers", "jinsha_lancang", "baihetan", "qtp_loess"] = key(
        "",
        "ground and climate of a paper's region from which simulated scenes are made, seen by the tracks, pairs, rates and grids"
        " of this region; empty: valleys of the Hengduan mountains (A01, A06, A08, A11)",
    )
    climates: bool = key(
        True,
        "learn from the benchmark's training regions, too, and validate on its validation regions, too; of an empty `climate`",
    )
    epochs: int | None = key(
        None, "longest training; null, here and below: the preset's value", "epochs", ge=1, le=1000
    )
    samples: int | None = key(None, "budget in patches of 128 x 128 cells instead of epochs", "patches", ge=1)
    batch: int | None = key(None, "patches of a step", "patches", ge=1, le=4096)
    patch: int | None = key(None, "side of a patch", "cells", ge=32, le=1024)
    learning_rate: float | None = key(None, "first learning rate; fine-tuning starts with a fifth", "", gt=0, le=1)
    threshold: float | None = key(
        None,
        "probability from which a cell is a landslide; 0: chosen on the validation part, as a short budget needs whose"
        " probabilities stay below the papers' 0.5",
        ge=0,
        lt=1,
    )
    precision: Literal["fp32", "bf16"] = key(
        "fp32", "numbers of the network while it learns; bf16 where the device computes it in hardware"
    )
    seed: int = key(7, "seed of initial weights, of patches and of what is done to them", ge=0)

    @check
    def _network_is_known(self) -> None:
        with refused("training.network"):
            registry.check(self.network)

    @check
    def _channels_are_known(self) -> None:
        with refused("training.channels"):
            check_channels(self.channels)

    @check
    def _network_has_start(self) -> None:
        row, start = registry.ARCHITECTURES.get(self.network), self.begins_with()
        if row is None or start not in registry.PRETRAINED:
            return
        if start not in row.pretrained or (start == "matterport" and not self.coco_file):
            key = "training.coco_file" if self.coco_file else f"training.start = {self.start}"
            known = dict.fromkeys("coco" if name == "matterport" else name for name in row.pretrained)
            raise Mistake(
                f"{key} does not fit training.network = {self.network}: there are no such weights",
                f"set training.start to {' or '.join((*known, 'random'))}, or training.network to"
                f" {' or '.join(registry.with_start(start))}",
                *("training.start", "training.network"),
            )
        if registry.channels_of_width(self.network, self.width) != row.width:
            raise Mistake(
                f"training.width = {self.width:g} does not fit training.start = {self.start}, whose weights have width"
                f" {row.width}",
                "set training.width to null, or training.start to random",
                *("training.width", "training.start"),
            )

    def begins_with(self) -> str:
        """What training starts from.

        Returns
        -------
        str
            `random`, `imagenet`, `coco`, `matterport` (coco of `coco_file`), `packaged`, or a file.
        """
        if self.start == "coco" and self.coco_file:
            return "matterport"
        named = self.model_fields_set.intersection(NETWORK_KEYS)
        return self.start or ("packaged" if self.labels and not named else "random")

    def changes(self) -> dict[str, Any]:
        """Values instead of the preset's.

        Returns
        -------
        dict of str to Any
            By field of `training.recipe.Recipe`.
        """
        words = ("epochs", "samples", "batch", "patch", "learning_rate", "threshold", "precision", "seed")
        found = {word: getattr(self, word) for word in words if getattr(self, word) is not None}
        # Epochs replace a budget in iterations or samples.
        return ({"iterations": 0} if "epochs" in found else {}) | found


class BenchmarkSection(Section):
    """`snakemake benchmark`: which networks are trained and scored on the benchmark's regions."""

    tables: tuple[str, ...] = key(
        ("networks", "seeds", "p0_t3", "p0_t4", "p2_t2", "p3_t3", "p3_t4", "p4_t5", "p4_t6", "split"),
        "tables to fill: all networks under one budget, seeds of the best, those of the papers, their random split",
    )
    networks: tuple[str, ...] = key((), "only these networks of the registry; empty: all")
    tier: Literal["cpu", "long", "gpu"] = key(
        "cpu", "budget of a training: 4,000 samples and one seed, 12,000 and one, or 200,000 and three"
    )
    widths: tuple[Literal["published", "quarter"], ...] = key(
        ("quarter",), "channels of every layer: as published, or a quarter of them", min_length=1
    )
    device: Literal["auto", "cpu", "cuda"] = key("auto", "where networks are trained and scored")
    threads: int = key(1, "threads of a training; another number may change its last digits", "threads", ge=1, le=64)
